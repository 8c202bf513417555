"""Damaged payloads of the SEC and of Shiller's workbook against their parsers, from a seed.

Every payload is a simulated one (`tests.sec_payloads`) with one to four mutations. Each must end as rows that keep the
contract, as rows of which some go to quarantine, or as a refusal that says what was expected; nothing else.

`make soak CAMPAIGN=payload_mutations_sec` makes at least a thousand of each; the test suite makes a few.
"""

import json
import random
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.contracts.validate import RefusedError, validate
from dagster_project.errors import SourceError
from dagster_project.sources.live import (
    sec_company_facts,
    sec_filing_index,
    sec_nport,
    sec_tickers,
    shiller,
)
from tests import sec_payloads
from tests.helpers import REPO

REPORT = REPO / "docs" / "soak_payload_mutations_sec.md"
FEWEST = 1000
SLOWEST_SECONDS = 10.0
"""A payload of some kilobytes that takes longer has found something that grows."""
NASTY = (
    b"NaN", b"Infinity", b"-1e999", b"1e309", b"9" * 5000, b"null", b"true", b"[]", b"{}", b'""', b'"x"', b"-0",
    b"\x00", b"\xff\xfe", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"<a>", b"</a>", b"2024-02-30", b"0000-00-00",
    b"9999-12-31", b"20260331", b"=1+1", b"../../etc", b"\xe2\x80\xae", b"<html>",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1e300, 10**400, "", "x", "N/A", "2024-02-30", "1970-01-01", "9999-12-31", [], {}, [1], {"a": 1},
    "ab" * 1000, "\u0000", "\ud800",
)  # fmt: skip

CELLS: tuple[Any, ...] = (
    None, True, "", "NA", "=1+1", "x" * 500, -1.0, 0.0, 1e300, 99999.0, 2023.13, 2023.0, 1871.01, "2023.10", "\u202e",
)  # fmt: skip
TEXTS = (
    b"", b"N/A", b"nan", b"inf", b"-1", b"0", b"1e400", b"9" * 400, b"2024-02-30", b"9999-12-31", b"0001-01-01", b"EC",
    b"NPORT-EX", b"&lt;a&gt;", b"&#8238;", b"S000000001", b"US0000000001", b"1,000", b" 5 ", b"x" * 2000,
)  # fmt: skip

Rows = Callable[[bytes], Any]


def _rows(module: Any, table: str, name: str) -> Rows:
    """Parse a payload and hold it against the contract, as ingestion does."""
    return lambda content: validate(CONTRACTS[table], module.parse(table, name, content).frame, module.NAME)


SUBJECTS: dict[str, tuple[bytes, Rows]] = {
    "sec_company_facts": (
        sec_payloads.two_years().content(),
        _rows(sec_company_facts, "company_facts", f"{sec_payloads.COMPANY}.json"),
    ),
    "sec_company_facts by IFRS": (
        sec_payloads.ifrs_years(),
        _rows(sec_company_facts, "company_facts", f"{sec_payloads.COMPANY}.json"),
    ),
    "sec_tickers": (
        sec_payloads.tickers(30),
        _rows(sec_tickers, "security_identifiers", sec_payloads.TICKERS_NAME),
    ),
    **{
        f"sec_nport {table}": (sec_payloads.nport(), _rows(sec_nport, table, sec_payloads.NPORT_NAME))
        for table in sec_nport.TABLES
    },
    "sec_nport feed": (
        sec_payloads.feed(("2023-11-28", "0001234567-23-000009"), ("2024-02-28", "0001234567-24-000001")),
        sec_nport.filings_of_feed,
    ),
    "sec_nport fund tickers": (sec_payloads.fund_tickers("IWM", "IJR"), sec_nport.series_by_symbol),
    "sec_filing_index": (
        sec_payloads.filing_index("20240226", ("10-K", 1001), ("10-Q/A", 1000), ("4", 7)),
        lambda content: sec_filing_index.companies(content, ("10-K", "10-Q")),
    ),
    "sec_filing_index listing": (sec_payloads.index_listing("20240226", "20240228"), sec_filing_index.index_days),
    "shiller": (sec_payloads.shiller_workbook(), _rows(shiller, "index_fundamentals", "ie_data.xls")),
}
"""Name of a parser -> a good payload, and what reads one."""


@dataclass
class Tally:
    """What became of the payloads of one parser."""

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0


def mutate(content: bytes, generator: random.Random) -> bytes:
    """One to four mutations: of bytes, or of a value where the format is known."""
    if content.startswith(shiller.EXCEL_97) and generator.random() < 0.6:
        return _mutated_workbook(generator)
    for _ in range(generator.randint(1, 4)):
        if content.startswith(b"{") and generator.random() < 0.6:
            content = _mutate_json(content, generator)
        elif b"<?xml" in content[:20] and generator.random() < 0.7:
            content = _mutate_xml(content, generator)
        else:
            content = _mutate_bytes(content, generator)
    return content


def _mutated_workbook(generator: random.Random) -> bytes:
    """A whole workbook with some cells of another kind."""
    rows = [list(row) for row in sec_payloads.SHILLER_ROWS]
    for _ in range(generator.randint(1, 4)):
        row = generator.choice(rows)
        row[generator.randrange(len(row))] = generator.choice(CELLS)
    return sec_payloads.shiller_workbook(tuple(map(tuple, rows)))


def _mutate_xml(content: bytes, generator: random.Random) -> bytes:
    found = list(re.finditer(rb">[^<>]+<|\"[^\"<>]*\"", content))
    if not found:
        return content[: len(content) // 2]
    match = generator.choice(found)
    return content[: match.start() + 1] + generator.choice(TEXTS) + content[match.end() - 1 :]


def _mutate_bytes(content: bytes, generator: random.Random) -> bytes:
    at = generator.randrange(len(content) + 1)
    end = min(len(content), at + generator.choice((1, 4, 30, 300)))
    kind = generator.choice(("flip", "cut", "drop", "twice", "insert", "number", "word"))
    if kind == "flip":
        noise = bytes(byte ^ generator.randrange(1, 256) for byte in content[at:end])
        return content[:at] + noise + content[end:]
    if kind == "cut":
        return content[:at]
    if kind == "drop":
        return content[:at] + content[end:]
    if kind == "twice":
        return content[:end] + content[at:]
    if kind == "insert":
        return content[:at] + generator.choice(NASTY) + content[at:]
    pattern = rb"\d+(\.\d+)?" if kind == "number" else rb"[A-Za-z]{2,}"
    found = list(re.finditer(pattern, content))
    if not found:
        return content[:at]
    match = generator.choice(found)
    return content[: match.start()] + generator.choice(NASTY) + content[match.end() :]


def _mutate_json(content: bytes, generator: random.Random) -> bytes:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return content[: len(content) // 2]
    node, places = value, []
    while isinstance(node, dict | list) and node:
        key = generator.choice(list(node)) if isinstance(node, dict) else generator.randrange(len(node))
        places.append((node, key))
        node = node[key]
    if places:
        node, key = generator.choice(places)
        if generator.random() < 0.2:
            del node[key]
        else:
            node[key] = generator.choice(VALUES)
    return json.dumps(value).encode()


def outcome(read: Rows, content: bytes) -> str:
    """`accepted`, `quarantined` or `refused`.

    Raises:
        AssertionError: a row breaks its contract, or a refusal does not say what was expected.
    """
    try:
        found = read(content)
    except (SourceError, RefusedError) as error:
        message = str(error)
        assert "expected" in message or "one row" in message, f"a refusal that explains nothing: {message[:200]}"
        assert len(message) < 1500, f"a refusal of {len(message)} characters"
        return "refused"
    if not hasattr(found, "rejects"):
        return "accepted"
    _assert_rows_keep_the_contract(found)
    assert found.rejects["reason"].str.len().min() > 0 if len(found.rejects) else True
    return "quarantined" if len(found.rejects) else "accepted"


def _assert_rows_keep_the_contract(valid: Any) -> None:
    """What may reach raw, judged apart from the code that judged it."""
    rows = valid.rows
    [contract] = [one for one in CONTRACTS.values() if set(one.names) <= set(rows.columns) and one.grain[0] in rows]
    assert not rows[list(contract.required_names)].isna().any(axis=None), "a required value is missing"
    for column in contract.columns:
        if column.kind == "number":
            assert np.isfinite(rows[column.name].dropna()).all(), f"{column.name} is not finite"
        if column.kind in ("date", "month"):
            years = rows[column.name].dropna().dt.year
            assert years.between(1800, 2200).all(), f"{column.name} is in another age"
    assert not rows.duplicated([*contract.key, "stated_available_at"]).any(), "a key stands twice"
    if "filed_date" in rows:
        assert (rows["filed_date"] >= rows["period_end"]).all(), "filed before the end of the period"
        assert (rows["stated_available_at"] >= rows["filed_date"]).all(), "known before it was filed"


def run(count: int, seed: int, names: tuple[str, ...] = tuple(SUBJECTS)) -> dict[str, Tally]:
    """`count` mutated payloads for each parser; the same seed gives the same payloads."""
    tallies = {}
    for name in names:
        content, read = SUBJECTS[name]
        assert outcome(read, content) in ("accepted", "quarantined"), f"{name}: the payload before mutation is refused"
        tally = tallies[name] = Tally()
        for number in range(count):
            mutated = mutate(content, random.Random(f"{seed} {name} {number}"))
            start = time.perf_counter()
            try:
                tally.outcomes[outcome(read, mutated)] += 1
            except Exception as error:
                tally.outcomes["FAILED"] += 1
                tally.failures.append(f"{name} {number}: {type(error).__name__}: {str(error)[:200]}")
            took = time.perf_counter() - start
            tally.slowest = max(tally.slowest, took)
            if took > SLOWEST_SECONDS:
                tally.failures.append(f"{name} {number}: took {took:.1f} s")
    return tallies


def report(tallies: dict[str, Tally], count: int, seed: int) -> str:
    """The tallies as a Markdown page."""
    revision = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    kinds = ("accepted", "quarantined", "refused", "FAILED")
    lines = [
        "# Mutated payloads: SEC and Shiller",
        "",
        f"`make soak CAMPAIGN=payload_mutations_sec SEED={seed} CASES={count}` at revision "
        f"{revision.stdout.strip() or 'unknown'}. Payloads are simulated, with one to four mutations each. Accepted: "
        "the damage left rows that keep the contract; quarantined: some rows were rejected with a reason; refused: the "
        "payload was, with what was expected.",
        "",
        "| parser | payloads | " + " | ".join(kinds) + " | slowest (s) |",
        "|---|---:|" + "---:|" * (len(kinds) + 1),
    ]
    for name, tally in tallies.items():
        counts = " | ".join(f"{tally.outcomes[kind]:,}" for kind in kinds)
        lines.append(f"| {name} | {tally.outcomes.total():,} | {counts} | {tally.slowest:.2f} |")
    failures = [failure for tally in tallies.values() for failure in tally.failures]
    lines += ["", "No failures." if not failures else "Failures:", *[f"- {failure}" for failure in failures[:50]], ""]
    return "\n".join(lines)


def campaign(seed: int, cases: int) -> bool:
    """At least a thousand mutations of each payload; writes the report and says whether nothing failed."""
    count = max(cases, FEWEST)
    tallies = run(count, seed)
    REPORT.write_text(report(tallies, count, seed), encoding="utf-8")
    return not any(tally.failures for tally in tallies.values())
