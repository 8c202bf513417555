"""Payloads of prices, funds and rates, damaged at random from a seed: does a parser crash, or a bad row reach raw?

`make soak CAMPAIGN=payload_mutations` makes at least a thousand per payload; the test suite makes a few. A mutation
is a cut, flipped, repeated or swapped piece, a changed number, a renamed word, or a piece of another payload. Each one
ends in one of three ways: accepted, accepted with rows in quarantine, or refused in words. All else is a finding.
"""

import io
import random
import re
import time
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.contracts.validate import RefusedError, refuse_other_shape, validate
from dagster_project.errors import SourceError
from dagster_project.revision import git_revision
from dagster_project.sources.live.provider import Request
from dagster_project.sources.live.registry import provider
from tests.helpers import REPO
from tests.internet.internet import plain
from tests.internet.loopback import Asked
from tests.internet.market import Market
from tests.internet.services import SERVICES

REPORT = REPO / "docs" / "soak_payload_mutations.md"
FEWEST = 1000
NOW = datetime(2016, 3, 1, 23, 30)
"""A quarter of simulated data: enough rows for every rule, quick to read a thousand times."""
WORDS = (b"", b"0", b"-1", b"1e999", b"NaN", b"null", b"20170331", b"9" * 40, b"=1+1", b"&x;", b"../../etc/passwd",
         b"\x00", b"<html>", b"2017-13-45", b"Infinity", b"--", b"\xff\xfe", b'"')  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A good payload of one provider and table."""

    provider: str
    request: Request
    content: bytes

    @property
    def name(self) -> str:
        return f"{self.provider} {self.request.table}"


@dataclass
class Result:
    """What became of the mutations of one case."""

    counts: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)


def cases() -> list[Case]:
    """One payload per provider and table."""
    market = Market(NOW)

    def told(service: str, path: str, **query: str) -> bytes:
        return plain(SERVICES[service].answer(market, Asked(path, query, {})))

    fund = told("blackrock", "/x", portfolioId="239710")
    policy = "DFF,DFEDTAR,DFEDTARL,DFEDTARU"
    february = {"observation_start": "2016-02-01", "observation_end": "2016-03-01"}
    since = {"period1": "1454284800", "period2": "1456876800"}
    yields = ",".join(provider("fred").YIELD_SERIES)  # type: ignore[attr-defined]
    found = [
        ("yahoo", "daily_bars", "IWM.json", told("yahoo", "/v8/finance/chart/IWM", **since)),
        ("yahoo", "fed_funds_futures", "ZQJ16.CBT.json", told("yahoo", "/v8/finance/chart/ZQJ16.CBT", **since)),
        ("ishares", "fund_nav_shares", "IWM.fund.xls", fund),
        ("ishares", "fund_holdings", "IWM.holdings",
         told("ishares", "/us/products/239710/fund/1.ajax", fileType="csv")),
        ("ssga", "fund_nav_shares", "SPY.navhist.xlsx", told("ssga", "/x/navhist-us-en-spy.xlsx")),
        ("cme", "fed_funds_futures", "2016-03-01.json", told("cme", "/x", tradeDate="03/01/2016")),
        ("new_york_fed", "policy_rates", "effr.json",
         told("new_york_fed", "/x", startDate="2016-02-01", endDate="2016-03-01")),
        ("fred", "policy_rates", "policy.csv", told("fred", "/x", id=policy, cosd="2016-02-01", coed="2016-03-01")),
        ("fred", "treasury_yields", "yields.csv", told("fred", "/x", id=yields, cosd="2016-02-01", coed="2016-03-01")),
        ("fred", "treasury_yields", "DGS10.json",
         told("fred_api", "/x", api_key="k", series_id="DGS10", **february)),
        ("treasury", "treasury_yields", "2016.csv", told("treasury", "/x", field_tdr_date_value="2016")),
    ]  # fmt: skip
    series = {"ssga": ("SPY",), "ishares": ("IWM",)}
    return [
        Case(name, Request(table, payload, (), first_day=date(2016, 3, 1), series=series.get(name, ())), content)
        for name, table, payload, content in found
    ]


def mutated(content: bytes, luck: random.Random, foreign: bytes) -> bytes:
    """One to three damages. A workbook is damaged inside of its package as often as outside."""
    if content.startswith(b"PK") and luck.random() < 0.7:
        return _inside(content, luck, foreign)
    for _ in range(luck.randint(1, 3)):
        content = luck.choice(DAMAGES)(content, luck, foreign)
    return content


def outcome(case: Case, content: bytes) -> tuple[str, str]:
    """How it ended and in which words; raises whatever a parser lets through."""
    one, contract = provider(case.provider), CONTRACTS[case.request.table]
    try:
        one.check(case.request, content)
        table = one.parse(case.request.table, case.request.name, content)
        valid = validate(contract, table.frame, case.provider)
        refuse_other_shape(valid, len(table.frame))
    except (SourceError, RefusedError) as error:
        return "refused", str(error)
    again = validate(contract, table.frame.loc[valid.rows.index], case.provider)
    assert again.rejects.empty, f"a row was let in that breaks its contract: {again.rejects.iloc[0].to_dict()}"
    assert valid.rejects["reason"].str.len().gt(10).all(), "a row was rejected without a reason"
    return ("quarantined" if len(valid.rejects) else "accepted"), ""


def run(count: int, seed: int) -> dict[str, Result]:
    """`count` mutations of each case; the same seed damages the same bytes."""
    good = cases()
    results = {}
    for case in good:
        result = results.setdefault(f"{case.name} {case.request.name}", Result())
        assert outcome(case, case.content)[0] == "accepted", case
        luck = random.Random(f"{seed} {case.name} {case.request.name}")
        for number in range(count):
            content = mutated(case.content, luck, luck.choice(good).content)
            try:
                ended, words = outcome(case, content)
            except Exception as error:  # any other end is what the campaign looks for
                result.findings.append(f"mutation {number}: {type(error).__name__}: {str(error)[:300]}")
                continue
            if ended == "refused" and "expected" not in words and "break the contract" not in words:
                result.findings.append(f"mutation {number}: refused without saying what was expected: {words[:300]}")
            result.counts[ended] += 1
    return results


def _cut(content: bytes, luck: random.Random, foreign: bytes) -> bytes:
    return content[: luck.randrange(len(content) + 1)]


def _drop(content: bytes, luck: random.Random, foreign: bytes) -> bytes:
    at = luck.randrange(len(content) + 1)
    return content[:at] + content[at + luck.randint(1, 200) :]


def _flip(content: bytes, luck: random.Random, foreign: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(luck.randint(1, 8) if changed else 0):
        changed[luck.randrange(len(changed))] ^= 1 << luck.randrange(8)
    return bytes(changed)


def _insert(content: bytes, luck: random.Random, foreign: bytes) -> bytes:
    at = luck.randrange(len(content) + 1)
    return content[:at] + luck.choice(WORDS) + content[at:]


def _repeat(content: bytes, luck: random.Random, foreign: bytes) -> bytes:
    lines = content.split(b"\n")
    at = luck.randrange(len(lines))
    return b"\n".join([*lines[:at], *[lines[at]] * luck.randint(2, 4), *lines[at + 1 :]])


def _number(content: bytes, luck: random.Random, foreign: bytes) -> bytes:
    found = list(re.finditer(rb"-?\d+(?:\.\d+)?", content))
    if not found:
        return content
    hit = luck.choice(found)
    return content[: hit.start()] + luck.choice(WORDS) + content[hit.end() :]


def _rename(content: bytes, luck: random.Random, foreign: bytes) -> bytes:
    words = sorted(set(re.findall(rb"[A-Za-z][A-Za-z ]{2,20}", content[:5000])))
    if not words:
        return content
    return content.replace(luck.choice(words), luck.choice([*words, b"x"]), luck.choice([1, -1]))


def _splice(content: bytes, luck: random.Random, foreign: bytes) -> bytes:
    at = luck.randrange(len(content) + 1)
    return content[:at] + foreign[luck.randrange(len(foreign)) :][:5000]


def _swap(content: bytes, luck: random.Random, foreign: bytes) -> bytes:
    """Two pieces change places, as columns do."""
    a, b, c, d = sorted(luck.randrange(len(content) + 1) for _ in range(4))
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


DAMAGES = (_cut, _drop, _flip, _insert, _repeat, _number, _number, _rename, _splice, _swap)


def _inside(content: bytes, luck: random.Random, foreign: bytes) -> bytes:
    """One part of a zip package damaged, the package itself whole."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as package, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as made:
        names = package.namelist()
        hit = luck.choice([*names, *(name for name in names if "sheet1" in name or "shared" in name)])
        for name in names:
            part = package.read(name)
            made.writestr(name, luck.choice(DAMAGES)(part, luck, foreign) if name == hit else part)
    return result.getvalue()


def report(results: dict[str, Result], count: int, seed: int, seconds: float) -> str:
    """The campaign as a document."""
    lines = [
        "# Damaged payloads",
        "",
        f"Revision {git_revision()}, seed {seed}, {count} mutations per payload, {seconds:.0f} seconds: "
        f"`make soak CAMPAIGN=payload_mutations SEED={seed} CASES={count}`.",
        "",
        "| provider, table, payload | accepted | with rows in quarantine | refused | findings |",
        "|---|---|---|---|---|",
    ]
    for name, result in results.items():
        counts = [result.counts[ended] for ended in ("accepted", "quarantined", "refused")]
        lines.append(f"| {name} | {' | '.join(f'{one:,}' for one in counts)} | {len(result.findings)} |")
    lines += ["", *(f"- {name}, {finding}" for name, result in results.items() for finding in result.findings)]
    return "\n".join(lines).rstrip() + "\n"


def campaign(seed: int, cases: int) -> bool:
    """At least a thousand mutations of each payload; writes the report and says whether nothing was found."""
    count, begun = max(cases, FEWEST), time.monotonic()
    results = run(count, seed)
    REPORT.write_text(report(results, count, seed, time.monotonic() - begun), encoding="utf-8")
    return not any(result.findings for result in results.values())
