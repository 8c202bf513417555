"""What a day with broken services publishes: built once, against the loopback internet."""

import gzip
import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from dagster_project.sources.live import universe
from tests.helpers import REPO, clean_environment
from tests.internet.another_fund import SYMBOL, universe_with_it
from tests.internet.market import Market
from tests.internet.services import NPORT_OFF

KEY = "planted-key-4711"
UNSET = "not configured: set SMALLCAP_LIVE__SEC_CONTACT"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data directory of a build on whose day State Street and the Treasury failed, FRED refused the key, and the SEC's
    contact was not set any more."""
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
        "prices": "fresh", "flows": "stale", "rates": "stale", "fundamentals": "not configured",
        "membership": "irregular", "published": "irregular",
    }  # fmt: skip
    assert told["flows"] == "not all of it could be brought up to date"
    assert mode == [("live", False)]
    assert (str(prices), str(flows)) == ("2017-06-01", "2017-05-30")
    brief = (build / "brief.md").read_text()
    assert "flows: data through 2017-05-31, not all of it could be brought up to date" in brief
    problems = " ".join(json.loads((build / "manifest.json").read_text())["problems"])
    assert "navhist-us-en-spy.xlsx: status 500" in problems
    assert "SEC" not in problems, "the SEC is not asked for want of a contact, which is no failure"
    for day, said in ((1, 0), (2, 1)):
        assert (published / "logs" / f"day {day}.jsonl").read_text().count(UNSET) == said
    page = (build / "dashboard.html").read_text()
    for domain, marked in {"Prices": False, "Flows": True, "Rates": True}.items():
        [shown] = re.findall(rf"<dt>{domain}</dt><dd[^>]*>(.*?)</dd>", page, re.DOTALL)
        assert ("stale" in shown) == marked, shown


def test_flows_of_share_counts_are_held_against_those_that_funds_filed(published: Path) -> None:
    """What stands in the mart comes from fund files and workbooks on one side, from N-PORT filings on the other."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(universe, "FILE", universe_with_it(published))
        universe.universe.cache_clear()
        market = Market(datetime(2017, 6, 1))
        assert SYMBOL in set(market.tables["fund_nav_shares"]["fund_symbol"])
    universe.universe.cache_clear()
    splits = market.rows("daily_bars").set_index(["symbol", "session_date"])["split_ratio"].to_dict()
    expected: dict[tuple[str, str], float] = {}
    for fund, rows in market.rows("fund_nav_shares").sort_values("as_of_date").groupby("fund_symbol"):
        held = None
        for day, nav, shares in rows[["as_of_date", "nav_usd", "shares_outstanding"]].itertuples(index=False):
            if held is not None and "2017-01" <= day < "2017-04":
                before = expected.get((fund, day[:7]), 0.0)
                expected[fund, day[:7]] = before + nav * (shares - splits[fund, day] * held) / 1e6
            held = shares
    with duckdb.connect(str(published / "published" / "current" / "market.duckdb"), read_only=True) as reader:
        rows = reader.execute(
            "select upper(split_part(topic, '_', 1)), strftime(as_of, '%Y-%m'), published_value, computed_value, "
            "explanation, within_tolerance from marts.reconciliation "
            "where source = 'SEC N-PORT' and as_of >= '2017-01-01'"
        ).fetchall()
        before = reader.execute(
            "select count(*), count(computed_value) from marts.reconciliation "
            "where source = 'SEC N-PORT' and as_of < '2016-01-01'"
        ).fetchall()
    assert {(fund, month) for fund, month, *_ in rows} == set(expected), "three months of every fund that files"
    for fund, month, filed, computed, explanation, _ in rows:
        flow, factor = expected[fund, month], NPORT_OFF[2] if (fund, month) == NPORT_OFF[:2] else 1
        assert computed == pytest.approx(flow, rel=1e-6, abs=1e-3), (fund, month, explanation)
        assert filed == pytest.approx(factor * flow, rel=1e-6, abs=1e-3), (fund, month)
    assert [row[:2] for row in rows if not row[-1]] == [NPORT_OFF[:2]], "the planted disagreement, and no other"
    assert before[0][0] > 0 and before[0][1] == 0, "months before the first share count have nothing to be held against"


def test_a_planted_key_is_in_no_file(published: Path) -> None:
    files = [file for file in published.rglob("*") if file.is_file()]
    assert len(files) > 200
    for file in files:
        content = file.read_bytes()
        assert KEY.encode() not in content, file
        if file.suffix == ".gz":
            assert KEY.encode() not in gzip.decompress(content), file


def test_one_row_of_the_universe_is_a_fund(published: Path) -> None:
    """No seed knows it: prices and flows are published, and what it filed is held against them (above)."""
    for file in (REPO / "dbt" / "seeds").glob("*.csv"):
        assert SYMBOL.lower() not in file.read_text(encoding="utf-8").lower()
    with duckdb.connect(str(published / "published" / "current" / "market.duckdb"), read_only=True) as reader:
        [(prices, flows, weeks)] = reader.execute(
            "select (select count(*) from marts.price_levels where symbol = $1), "
            "(select count(net_flow_usd) from marts.fund_flows_daily where fund_symbol = $1), "
            "(select count(net_flow_usd) from marts.fund_flows_weekly where fund_symbol = $1)", [SYMBOL]
        ).fetchall()  # fmt: skip
        filed = reader.execute(
            "select explanation, within_tolerance, tolerance from marts.reconciliation where topic = $1 "
            "and as_of >= '2017-01-01'", [f"{SYMBOL.lower()}_month_flow"]
        ).fetchall()  # fmt: skip
        [(unknown,)] = reader.execute(
            "select count(*) from marts.data_quality_findings where check_id = 'published_unknown_topic'"
        ).fetchall()
        warned = reader.execute(
            "select check_id from meta.checks where not passed and contains(message, $1)", [SYMBOL]
        ).fetchall()
    assert min(prices, flows) > 300 and weeks > 60
    assert len(filed) == 3 and unknown == 0
    for explanation, within, tolerance in filed:
        assert within and tolerance > 0 and "form N-PORT" in explanation
    assert {check.split("__")[0] for (check,) in warned} <= {"relationships_stg_prices", "relationships_stg_flows"}
