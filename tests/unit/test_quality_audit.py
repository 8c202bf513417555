"""Results of checks in the warehouse: failing rows in words, the audit, overrides, history, the three lines."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from dagster_project.checks.blocked import blocked_message
from dagster_project.checks.results import CheckResult
from dagster_project.errors import AuditError, SmallcapError
from dagster_project.warehouse import check_results
from dagster_project.warehouse.check_results import (
    HISTORY_BUILDS,
    Override,
    audit,
    check_override,
    failing_rows,
    prune_check_results,
    record_check_results,
)
from tests.helpers import Store

GOOD = CheckResult("assert_a", "marts/a", "dbt", "error", True, True, 0, "")
BAD = CheckResult("prices_jump", "marts/data_quality_findings", "market", "error", True, False, 2, "IWM, 2017-05-26: x")
WARNS = CheckResult("prices_gap", "marts/data_quality_findings", "market", "warn", False, False, 9, "IWM: y")
CONTRACT = CheckResult("daily_bars__has_rows", "raw/daily_bars", "contract", "warn", False, True, 0, "")
IDS = ["assert_a", "prices_jump", "prices_gap"]


def record(store: Store, *results: CheckResult, build: str = "b1", at: datetime | None = None) -> None:
    record_check_results(store.connection, build, results)
    if at:
        store.connection.execute("update ops.check_results set evaluated_at_utc = ? where build_id = ?", [at, build])


# --- the audit


def test_warnings_pass_and_say_nothing(store: Store) -> None:
    record(store, GOOD, WARNS, replace(BAD, passed=True))
    assert audit(store.connection, IDS) == []


def test_a_failed_blocking_check_stops_with_the_place_of_its_rows(store: Store) -> None:
    record(store, GOOD, WARNS, BAD)
    with pytest.raises(AuditError) as stopped:
        audit(store.connection, IDS)
    lines = str(stopped.value).splitlines()
    assert len(lines) == 3
    assert "1 blocking checks failed: prices_jump (2 rows: IWM, 2017-05-26: x)" in lines[0]
    assert lines[1] == (
        "Rows: smallcap query --warehouse files \"from marts.data_quality_findings where check_id = 'prices_jump' "
        'and not is_known"'
    )
    assert lines[2].endswith('smallcap build --source files --publish-despite prices_jump --reason "..."')


def test_an_override_lets_its_checks_through_and_no_other(store: Store) -> None:
    record(store, replace(GOOD, passed=False, failed_rows=1), WARNS, BAD)
    chosen = Override(("prices_jump",), "looked up")
    with pytest.raises(AuditError, match=r"1 blocking checks failed: assert_a \(1 rows\)"):
        audit(store.connection, IDS, chosen)
    [one, other] = audit(store.connection, IDS, replace(chosen, check_ids=("prices_jump", "assert_a")))
    assert (one.check_id, other.check_id) == ("assert_a", "prices_jump")
    assert other.text == "prices_jump failed on 2 rows and was overridden: looked up"


def test_an_override_of_a_check_that_passed_is_not_recorded(store: Store) -> None:
    record(store, GOOD, WARNS, replace(BAD, passed=True))
    assert audit(store.connection, IDS, Override(("prices_jump",), "just in case")) == []


def test_a_check_that_vanished_from_the_project_neither_blocks_nor_counts(store: Store) -> None:
    record(store, GOOD, BAD)
    assert audit(store.connection, ["assert_a"]) == []
    with pytest.raises(AuditError, match="1 checks have not run, for example prices_gap"):
        audit(store.connection, ["assert_a", "prices_gap"])


def test_the_last_evaluation_counts(store: Store) -> None:
    record(store, BAD, at=datetime(2026, 1, 5))
    record(store, replace(BAD, passed=True), build="b2", at=datetime(2026, 1, 6))
    assert audit(store.connection, ["prices_jump"]) == []


def test_checks_older_than_the_last_delivery_do_not_count(store: Store) -> None:
    """Contract checks do: they are about their own table, and other tables come in after it."""
    record(store, GOOD, CONTRACT, at=datetime(2026, 1, 5))
    store.connection.execute(
        "insert into ops.payload_log (payload_seq, observed_at) values (1, timestamp '2026-01-05 00:00:01')"
    )
    with pytest.raises(AuditError, match="1 checks ran before the last delivery came in, for example assert_a"):
        audit(store.connection, [GOOD.check_id, CONTRACT.check_id])
    record(store, GOOD, build="b2", at=datetime(2026, 1, 6))
    assert audit(store.connection, [GOOD.check_id, CONTRACT.check_id]) == []


# --- overrides


@pytest.mark.parametrize(
    ("override", "words"),
    [
        (Override(("prices_jump",), "  "), "needs a reason"),
        (Override((), "why"), "--publish-despite"),
        (Override(("prices_jmp",), "why"), "did you mean prices_jump"),
        (Override(("zzz",), "why"), "zzz is no check that blocks"),
    ],
)
def test_overrides_that_cannot_be_meant(override: Override, words: str) -> None:
    with pytest.raises(SmallcapError, match=words):
        check_override(override, ["prices_jump", "prices_split"])


def test_overrides_that_can() -> None:
    check_override(Override(), [])
    check_override(Override(("prices_jump", "prices_split"), "why"), ["prices_jump", "prices_split"])


# --- failing rows


def test_failing_rows_tell_the_sentence_or_the_columns(store: Store) -> None:
    market = "-- a comment\nselect 'IWM' as series, 'IWM, 2017: up | down' as sentence, 1.23456789::double as x;"
    assert failing_rows(store.connection, market, 1) == (
        "IWM, 2017: up | down",
        "| series | sentence | x |\n| --- | --- | --- |\n| IWM | IWM, 2017: up \\| down | 1.23457 |",
    )
    other = "select * from range(7) as t (n) order by n"
    words, rows = failing_rows(store.connection, other, 7)
    assert words == "n 0 (7 in all)"
    assert rows.count("\n") == 1 + check_results.FAILING_ROWS_SHOWN
    assert failing_rows(store.connection, "select 1 as x where false", 0) == ("", "")


# --- history


def test_history_keeps_the_last_builds_and_the_last_word_of_every_check(store: Store) -> None:
    start = datetime(2026, 1, 1)
    rare = replace(GOOD, check_id="assert_rare")
    record(store, GOOD, rare, build="b000", at=start)
    for number in range(1, HISTORY_BUILDS + 6):
        record(store, GOOD, build=f"b{number:03d}", at=start + timedelta(days=number))
    prune_check_results(store.connection)
    kept = store.rows("select check_id, min(build_id), count(*) from ops.check_results group by 1 order by 1")
    assert kept == [("assert_a", "b006", HISTORY_BUILDS), ("assert_rare", "b000", 1)]


# --- the three lines


def test_three_lines_tell_a_market_check_first_and_name_the_others() -> None:
    failed = [replace(GOOD, passed=False, failed_rows=1), BAD]
    lines = blocked_message(failed, "files", "/x/assert_a.sql").splitlines()
    assert lines == [
        "blocking check prices_jump failed on 2 rows: IWM, 2017-05-26: x. Also failed: assert_a (1 rows).",
        "Rows: smallcap query --warehouse files \"from marts.data_quality_findings where check_id = 'prices_jump' "
        'and not is_known"',
        "Nothing was published; the published build stays. Mend the input and run `smallcap build` again, or publish "
        "with a reason: smallcap build --source files --publish-despite assert_a --publish-despite prices_jump "
        '--reason "..."',
    ]


def test_three_lines_of_a_test_name_its_query_and_offer_no_override_of_what_did_not_run() -> None:
    lines = blocked_message([replace(GOOD, passed=False, failed_rows=3)], "sample", "/x/a.sql", skipped=7).splitlines()
    assert lines == [
        "blocking check assert_a failed on 3 rows: marts/a. 7 models and checks that depend on them did not run.",
        "Rows: smallcap query --warehouse sample - < /x/a.sql",
        "Nothing was published; the published build stays. Mend the input and run `smallcap build` again.",
    ]


def test_many_failures_stay_one_line() -> None:
    failed = [replace(BAD, check_id=f"check_{number}") for number in range(9)]
    first = blocked_message(failed, "files").splitlines()[0]
    assert "check_1 (2 rows), check_2 (2 rows), check_3 (2 rows), check_4 (2 rows), and 4 more" in first
