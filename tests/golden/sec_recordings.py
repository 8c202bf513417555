"""What the SEC really sent, as recorded beside the checkout: read here, never copied into the project."""

import gzip
import json
from pathlib import Path

import pytest
import yaml

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "payloads" / "sec"
COMPANY_FACTS = {
    "AAPL": ("CIK0000320193", "test_aapl_ttm_facts.yaml.gz"),
    "GOOGL": ("CIK0001652044", "test_goog_ttm_revenue_tracks_recent_window.yaml.gz"),
    "NVDA": ("CIK0001045810", "test_nvda_ttm_revenue_not_stale_2020.yaml.gz"),
    "MRVL": ("CIK0001835632", "test_mrvl_cashflow_canonical_da_present.yaml.gz"),
    "SNOW": ("CIK0001640147", "companyfacts_snow.json.gz"),
}


def recording(name: str) -> bytes:
    """One recorded file, unpacked; the test is skipped where it is not there."""
    path = RECORDINGS / name
    if not path.is_file():
        pytest.skip(f"{path} is not there: recordings are not part of the project")
    return gzip.decompress(path.read_bytes())


def company_facts(ticker: str) -> bytes:
    """The companyfacts of one company as they came."""
    company, name = COMPANY_FACTS[ticker]
    content = recording(name)
    if name.endswith(".json.gz"):
        return content
    exchanges = yaml.load(content, Loader=yaml.CSafeLoader)["interactions"]
    [body] = [
        one["response"]["body"]["string"]
        for one in exchanges
        if f"companyfacts/{company}.json" in one["request"]["uri"]
    ]
    json.loads(body)
    return body.encode() if isinstance(body, str) else body
