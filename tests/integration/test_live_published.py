"""What a day with broken services publishes: built once, against the loopback internet."""

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.helpers import REPO, clean_environment

KEY = "planted-key-4711"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data directory of a build on whose day State Street and the Treasury failed, and FRED refused the key."""
    directory = tmp_path_factory.mktemp("live")
    done = subprocess.run(
        [sys.executable, "-m", "tests.internet.published_day", directory],
        env=clean_environment(SMALLCAP_LIVE__FRED_API_KEY=KEY), capture_output=True, text=True, timeout=900, cwd=REPO,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert KEY not in done.stdout + done.stderr
    return directory / "data"


def test_the_domains_that_failed_are_stale_wherever_one_looks(published: Path) -> None:
    build = published / "published" / "current"
    with duckdb.connect(str(build / "market.duckdb"), read_only=True) as reader:
        status = dict(reader.execute("select domain, status from meta.freshness").fetchall())
        told = dict(reader.execute("select domain, says from v_freshness").fetchall())
        mode = reader.execute("select source_mode, is_simulated from meta.build").fetchall()
        [(prices, flows)] = reader.execute(
            "select (select max(session_date) from marts.price_levels), "
            "(select max(session_date) from marts.fund_flows_daily where fund_symbol = 'SPY')"
        ).fetchall()
    assert status == {
        "prices": "fresh", "flows": "stale", "rates": "stale", "fundamentals": "stale", "membership": "missing",
        "published": "missing",
    }  # fmt: skip
    assert told["flows"] == "not all of it could be brought up to date"
    assert mode == [("live", False)]
    assert (str(prices), str(flows)) == ("2017-06-01", "2017-05-30")
    brief = (build / "brief.md").read_text()
    assert "flows: data through 2017-05-31, not all of it could be brought up to date" in brief
    problems = " ".join(json.loads((build / "manifest.json").read_text())["problems"])
    assert "navhist-us-en-spy.xlsx: status 500" in problems
    assert "SEC" not in problems, "the SEC is not asked for want of a contact, which is no failure"
    for day in (1, 2):
        assert (published / "logs" / f"day {day}.jsonl").read_text().count("the SEC is not asked") == 1
    page = (build / "dashboard.html").read_text()
    for domain, marked in {"Prices": False, "Flows": True, "Rates": True}.items():
        [shown] = re.findall(rf"<dt>{domain}</dt><dd[^>]*>(.*?)</dd>", page, re.DOTALL)
        assert ("stale" in shown) == marked, shown


def test_a_planted_key_is_in_no_file(published: Path) -> None:
    files = [file for file in published.rglob("*") if file.is_file()]
    assert len(files) > 200
    for file in files:
        content = file.read_bytes()
        assert KEY.encode() not in content, file
        if file.suffix == ".gz":
            assert KEY.encode() not in gzip.decompress(content), file
