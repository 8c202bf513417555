"""Decisions about rows in quarantine: released, dropped, kept over deliveries and rebuilds."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dagster_project import steps
from dagster_project.checks.contract_checks import contract_check_results
from dagster_project.cli import app
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.errors import SmallcapError
from dagster_project.warehouse.ingest import ingest_pending
from dagster_project.warehouse.quarantine import decide, open_counts_sql, quarantined_rows
from tests import market
from tests.helpers import Store, differing_rows, files_settings, raw_relations, rebuilt

BARS = CONTRACTS["daily_bars"]
HEADER = "symbol,session_date,open,high,low,close"
GOOD = "IWM,2017-05-25,137,138,136,137.5"
IMPOSSIBLE = "IWM,2017-05-26,137,137.1,136,137.54"
"""The close lies above the high, as in two rows of the real input."""
UNTYPED = "IWM,2017-05-30,abc,138,136,137"


def deliver(store: Store, *rows: str, name: str = "a.csv") -> None:
    store.read("\n".join([HEADER, *rows]) + "\n", name=name)


def settle(store: Store, decision: str, *row_ids: str, note: str = "checked with the vendor") -> int:
    store.now += timedelta(days=1)
    decide(store.connection, store.archive, decision, row_ids, note, clock=lambda: store.now)
    return ingest_pending(store.connection, store.archive, BARS)


def failed_rows(store: Store, rule: str) -> int:
    results = contract_check_results(store.connection, BARS, [], [])
    return next(result.failed_rows for result in results if result.check_id == f"daily_bars__{rule}")


def test_open_rows_are_listed_with_rule_and_row(store: Store):
    deliver(store, GOOD, IMPOSSIBLE)
    [row] = quarantined_rows(store.connection)
    assert (row.row_id, row.name, row.rule, row.decision) == ("daily_bars:1:3", "a.csv", "bar_possible", "open")
    assert '"close": "137.54"' in row.row_json


def test_released_row_is_a_vintage_marked_so(store: Store):
    deliver(store, GOOD, IMPOSSIBLE)
    assert failed_rows(store, "bar_possible") == 1
    assert settle(store, "release", "daily_bars:1:3") == 1
    query = "select session_date, close, is_released, available_at, payload_seq from raw.daily_bars order by 1"
    assert store.rows(query) == [
        (date(2017, 5, 25), 137.5, False, datetime(2017, 5, 25, 20), 1),
        (date(2017, 5, 26), 137.54, True, datetime(2017, 5, 26, 20), 2),
    ]
    assert quarantined_rows(store.connection) == []
    assert failed_rows(store, "bar_possible") == 0
    [decided] = quarantined_rows(store.connection, decided_too=True)
    assert (decided.decision, decided.note) == ("release", "checked with the vendor")


def test_dropped_row_stays_out_and_is_no_warning(store: Store):
    deliver(store, GOOD, IMPOSSIBLE)
    assert settle(store, "drop", "daily_bars:1:3") == 0
    assert store.count("raw.daily_bars") == 1
    assert failed_rows(store, "bar_possible") == 0


def test_decision_holds_for_the_same_row_in_a_later_delivery_and_not_for_another_value(store: Store):
    deliver(store, GOOD, IMPOSSIBLE)
    settle(store, "release", "daily_bars:1:3")
    deliver(store, "IWM,2017-05-24,137,138,136,137.2", GOOD, IMPOSSIBLE)
    assert quarantined_rows(store.connection) == []
    assert (("IWM", date(2017, 5, 26), 137.0)) in store.current()
    deliver(store, "IWM,2017-05-24,137,138,136,137.2", GOOD, IMPOSSIBLE.replace("137.54", "137.6"))
    assert [row.row_id for row in quarantined_rows(store.connection)] == ["daily_bars:4:4"]


def test_corrected_row_revises_a_released_one(store: Store):
    deliver(store, GOOD, IMPOSSIBLE)
    settle(store, "release", "daily_bars:1:3")
    deliver(store, GOOD, IMPOSSIBLE.replace("137.1,", "138,"))
    assert store.rows("select close, high, is_released from raw.daily_bars order by observed_at desc limit 1") == [
        (137.54, 138, False)
    ]


@pytest.mark.parametrize("decision", ["release", "drop"])
def test_rebuild_makes_decisions_again(store: Store, decision: str, tmp_path: Path):
    deliver(store, GOOD, IMPOSSIBLE)
    settle(store, decision, "daily_bars:1:3")
    deliver(store, GOOD, IMPOSSIBLE, "IWM,2017-05-30,137,138,136,137")
    relations = [*raw_relations(), "ops.quarantine_decisions"]
    assert differing_rows(store.connection, rebuilt(store, tmp_path / "again.duckdb"), relations) == {}


@pytest.mark.parametrize("row_id", ["daily_bars:1:2", "daily_bars:9:3", "nothing:1:3", "daily_bars", ""])
def test_only_open_rows_can_be_decided(store: Store, row_id: str):
    deliver(store, GOOD, IMPOSSIBLE)
    with pytest.raises(SmallcapError, match="no open row in quarantine"):
        settle(store, "release", row_id)
    assert len(store.archive.entries()) == 1


def test_row_that_cannot_be_typed_cannot_be_released_and_nothing_is_written(store: Store):
    deliver(store, GOOD, IMPOSSIBLE, UNTYPED)
    with pytest.raises(SmallcapError, match="open is 'abc', expected a finite number"):
        settle(store, "release", "daily_bars:1:3", "daily_bars:1:4")
    assert len(store.archive.entries()) == 1
    settle(store, "drop", "daily_bars:1:4")
    assert [row.row_id for row in quarantined_rows(store.connection)] == ["daily_bars:1:3"]


def test_ragged_row_can_be_dropped_and_not_released(store: Store):
    deliver(store, GOOD, IMPOSSIBLE + ",surplus")
    with pytest.raises(SmallcapError, match="another number of fields"):
        settle(store, "release", "daily_bars:1:3")
    settle(store, "drop", "daily_bars:1:3")
    assert quarantined_rows(store.connection) == []


def test_one_of_two_conflicting_rows_is_released(store: Store):
    deliver(store, GOOD, GOOD.replace("137.5", "137.4"))
    assert len(quarantined_rows(store.connection)) == 2
    settle(store, "release", "daily_bars:1:3")
    settle(store, "drop", "daily_bars:1:2")
    assert store.rows("select close from raw.daily_bars") == [(137.4,)]
    assert quarantined_rows(store.connection) == []


def judge(store: Store, row: int, rule: str = "scale_against_filings_before") -> None:
    """What the dbt model of that name leaves behind: the bar in this row of the first payload is judged."""
    store.connection.execute(
        "create or replace table quarantine.judged_rows as select 'daily_bars' as table_name, 1::bigint as "
        f"payload_seq, {row}::bigint as payload_row, '{rule}' as rule, 'ten times the filing before' as reason"
    )


def test_judged_row_is_listed_with_the_row_in_raw(store: Store):
    deliver(store, GOOD)
    judge(store, 0)
    [row] = quarantined_rows(store.connection, "daily_bars")
    assert (row.row_id, row.name, row.rule) == ("daily_bars:1:r0", "a.csv", "scale_against_filings_before")
    assert '"close":137.5' in row.row_json


def test_released_judged_row_is_a_vintage_marked_so_known_since_when_it_was_known(store: Store):
    deliver(store, GOOD)
    judge(store, 0)
    assert settle(store, "release", "daily_bars:1:r0", note="filing read") == 1
    query = "select close, is_released, available_at, payload_seq, payload_row from raw.daily_bars order by payload_seq"
    close = datetime(2017, 5, 25, 20)
    assert store.rows(query) == [(137.5, False, close, 1, 0), (137.5, True, close, 2, 0)]
    assert quarantined_rows(store.connection) == []
    [decided] = quarantined_rows(store.connection, decided_too=True)
    assert (decided.decision, decided.note) == ("release", "filing read")


@pytest.mark.parametrize(("decision", "vintages"), [("release", 3), ("drop", 2)])
def test_rebuild_makes_decisions_about_judged_rows_again(store: Store, decision: str, vintages: int, tmp_path: Path):
    deliver(store, GOOD, IMPOSSIBLE, "IWM,2017-05-30,137,138,136,137")
    judge(store, 2)
    settle(store, decision, "daily_bars:1:r2")
    assert store.count("raw.daily_bars") == vintages
    assert [row.row_id for row in quarantined_rows(store.connection)] == ["daily_bars:1:3"]
    relations = [*raw_relations(), "ops.quarantine_decisions"]
    assert differing_rows(store.connection, rebuilt(store, tmp_path / "again.duckdb"), relations) == {}


def test_judged_and_rejected_rows_are_decided_together(store: Store):
    deliver(store, GOOD, IMPOSSIBLE)
    judge(store, 0)
    assert settle(store, "release", "daily_bars:1:r0", "daily_bars:1:3") == 2
    assert len(store.archive.entries()) == 2
    assert store.rows("select count(*) from raw.daily_bars where is_released") == [(2,)]


def test_counts_are_those_of_the_open_rows_of_both_kinds(store: Store):
    def counts() -> list[tuple]:
        return store.rows(f"from ({open_counts_sql(store.connection)}) order by judged_by")

    deliver(store, GOOD, IMPOSSIBLE)
    assert [row[:4] for row in counts()] == [("daily_bars", "bar_possible", "contract", 1)]
    judge(store, 0)
    rejected, judged = counts()
    assert rejected[4].startswith("a.csv line 3: bar is impossible")
    assert judged[:4] == ("daily_bars", "scale_against_filings_before", "warehouse", 1)
    assert judged[4].startswith("a.csv row 0: ")
    settle(store, "drop", "daily_bars:1:r0", "daily_bars:1:3")
    assert counts() == []


def test_new_value_of_a_released_row_is_not_released(store: Store):
    deliver(store, GOOD)
    judge(store, 0)
    settle(store, "release", "daily_bars:1:r0")
    deliver(store, GOOD.replace("137.5", "137.6"))
    assert store.rows("select close, is_released from raw.daily_bars order by observed_at desc limit 1") == [
        (137.6, False)
    ]


def test_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    settings = files_settings(tmp_path)
    market.deliver(settings.inbox_dir, "\n".join([HEADER, GOOD, IMPOSSIBLE]).encode())
    steps.extract(settings, BARS, steps.new_build_id())
    monkeypatch.setenv("SMALLCAP_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("SMALLCAP_SOURCE", "files")

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["quarantine", *arguments])
        return done.exit_code, done.output

    assert "daily_bars:1:3" in run("list")[1]
    code, shown = run("show", "daily_bars:1:3")
    assert code == 0
    assert "bar is impossible" in shown
    assert "137.54" in shown
    assert run("list", "--table", "nothing")[0] == 1
    assert run("release", "daily_bars:1:3")[0] == 2, "a decision without a note is wrong usage"
    assert run("release", "daily_bars:1:3", "--note", "the vendor's high is wrong") == (
        0,
        "1 rows: release; 1 new vintages. `smallcap build` brings it into the marts.\n",
    )
    assert "the vendor's high is wrong" in run("show", "daily_bars:1:3")[1]
    assert "0 rows" in run("list")[1]
    assert run("drop", "daily_bars:1:3", "--note", "again")[0] == 1
