"""`SMALLCAP_SOURCE=live smallcap build` without any key or contact, as on the first evening of a user."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from tests.helpers import REPO, Outcome, smallcap
from tests.internet.builds import FIRST_EVENING
from tests.internet.internet import Internet
from tests.receiver import Receiver

CLOCK = REPO / "tests" / "internet" / "clock"
UNSET = "not configured: set SMALLCAP_LIVE__SEC_CONTACT"
ASKS_THE_SEC = ("fundamentals", "membership", "published")


class Evening(NamedTuple):
    done: Outcome
    build: Path
    requests: dict[str, int]
    alerts: list[Any]


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Evening:
    """What the program left behind, run as a user does against the loopback internet."""
    data = tmp_path_factory.mktemp("keyless")
    receiver = Receiver()
    with Internet(FIRST_EVENING) as internet:
        variables = internet.environment(data)
        for name in ("SMALLCAP_DATA_DIR", "SMALLCAP_LIVE__SEC_CONTACT"):
            del variables[name]
        internet.requests()
        done = smallcap(
            data, "build", PYTHONPATH=CLOCK, TEST_CLOCK=FIRST_EVENING.isoformat(),
            SMALLCAP_ALERT_WEBHOOK=receiver.address, **variables,
        )  # fmt: skip
        return Evening(done, data / "published" / "current", internet.requests(), receiver.got)


@pytest.fixture(scope="module")
def reader(evening: Evening) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(evening.build / "market.duckdb"), read_only=True) as connection:
        yield connection


def test_it_succeeds_and_asks_nobody_who_wants_to_know_us(evening: Evening) -> None:
    assert evening.done.code == 0, evening.done.err[-3000:]
    assert "SMALLCAP_LIVE__SEC_CONTACT is not set" in evening.done.err
    assert not {"sec", "sec_data", "fred_api"} & set(evening.requests)
    assert {"yahoo", "blackrock", "ssga", "cme", "new_york_fed", "treasury", "fred", "shiller"} <= set(evening.requests)


def test_nobody_is_alarmed(evening: Evening) -> None:
    manifest = json.loads((evening.build / "manifest.json").read_text())
    assert manifest["problems"] == [] and manifest["source_mode"] == "live"
    assert evening.alerts == [] and "published with gaps" not in evening.done.err


def test_domains_of_the_sec_say_what_to_set_and_the_others_are_fresh(
    evening: Evening, reader: duckdb.DuckDBPyConnection
) -> None:
    found = {row[0]: row[1:] for row in reader.execute("select domain, status, reason from meta.freshness").fetchall()}
    assert found == {
        **dict.fromkeys(("prices", "flows", "rates"), ("fresh", None)),
        **dict.fromkeys(ASKS_THE_SEC, ("not configured", UNSET)),
    }
    says = dict(reader.execute("select domain, says from v_freshness").fetchall())
    assert {says[domain] for domain in ASKS_THE_SEC} == {UNSET}
    for text in ((evening.build / "brief.md").read_text(), evening.done.out):
        for domain in ASKS_THE_SEC:
            assert re.search(rf"{domain}: (data through \S+, )?{UNSET}", re.sub(r"\s+", " ", text)), text
    page = (evening.build / "dashboard.html").read_text()
    [shown] = re.findall(r"<dt>Fundamentals</dt><dd[^>]*>(.*?)</dd>", page, re.DOTALL)
    assert UNSET in shown and page.count(UNSET) >= 2, "in the strip and in the table"


def test_what_needs_no_key_is_there_and_what_lacks_has_its_reason(reader: duckdb.DuckDBPyConnection) -> None:
    for mart in ("relative_performance", "fund_flows_daily", "rate_expectations"):
        assert reader.execute(f"select count(*) > 300 from marts.{mart}").fetchall() == [(True,)], mart
    [(rows, values, told)] = reader.execute(
        "select count(*), count(value), count(null_reason) from marts.valuation"
    ).fetchall()
    assert rows == told and values == 0, "baskets without facts"
    assert reader.execute("select count(*) from marts.breadth").fetchall() == [(0,)]
    [(verdicts,)] = reader.execute(
        "select count(*) from marts.claims where claim_id = 11 and verdict <> 'undecidable'"
    ).fetchall()
    assert verdicts == 0
