"""No look-ahead: what is done to the raw rows after a day changes nothing that was known up to it.

A few cases on the simulated sample, every case that failed once, and the comparison itself. The real input has its own
cases (tests/golden/test_no_look_ahead.py); `make soak` runs hundreds of random ones.
"""

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from dagster_project.contracts.tables import CONTRACTS
from tests.look_ahead import (
    KNOWN,
    OPERATIONS,
    Case,
    Result,
    differences,
    known_rows,
    marts_of,
    operations_of,
    results,
)
from tests.scenarios import Run, Scenarios

ARTICLE = date(2017, 5, 26)
NOTHING_LATER = tuple((table, "remove") for table in CONTRACTS if table != "fomc_meetings")

CASES = [
    # the warehouse of the day itself: nothing that became available later
    Case(ARTICLE, "availability", NOTHING_LATER),
    # the week-end of a year's end; old filings are restated later, baskets are others, the data reach a year farther
    Case(
        date(2016, 12, 31), "availability",
        (("company_facts", "revise"), ("daily_bars", "prolong"), ("fund_holdings", "scale"),
         ("fund_nav_shares", "restate"), ("index_fundamentals", "revise"), ("policy_rates", "scale")),
        salt=2,
    ),
]  # fmt: skip

FAILED_BEFORE = [
    # In the last digits: rate_sensitivity padded every window to the longest one, and numpy adds up by the width.
    # Widened to all that goes on otherwise: rates, prices, flows, decisions.
    Case(
        date(2017, 9, 27), "day",
        (("daily_bars", "scale"), ("fed_funds_futures", "restate"), ("fomc_meetings", "decide_otherwise"),
         ("fund_nav_shares", "end_series"), ("policy_rates", "prolong"), ("published_figures", "scale"),
         ("treasury_yields", "shift")),
        salt=513_480,
    ),
    # A finding about the effective rate of a day was dated on that day: the rate is published on the next session.
    Case(
        date(2016, 11, 17), "availability",
        (("fomc_meetings", "decide_otherwise"), ("fund_holdings", "prolong"), ("index_membership", "end_series"),
         ("policy_rates", "scale"), ("treasury_yields", "blank")),
        salt=377_982,
    ),
]  # fmt: skip
"""Every case on the sample that failed once."""


@pytest.fixture(scope="module")
def found(scenarios: Scenarios, tmp_path_factory: pytest.TempPathFactory) -> dict[Case, Result]:
    """Results of all cases on the sample, from one process."""
    warehouse = scenarios["sample_twice"].data / "warehouse" / "simulated.duckdb"
    told = results(warehouse, tmp_path_factory.mktemp("look_ahead"), [*CASES, *FAILED_BEFORE])
    return {result.case: result for result in told}


@pytest.mark.scenario("sample_twice")
@pytest.mark.parametrize("case", [*CASES, *FAILED_BEFORE], ids=lambda case: f"{case.day}-{case.rule}-{case.salt}")
def test_what_comes_later_changes_nothing_that_was_known(case: Case, found: dict[Case, Result]) -> None:
    assert found[case].faults == ()


# --- the comparison itself


@pytest.mark.scenario("sample_twice")
def test_a_changed_cell_is_found_in_every_mart(run: Run, tmp_path: Path) -> None:
    untouched = run.data / "warehouse" / "simulated.duckdb"
    case = Case(date(2017, 12, 29), "day", ())
    changed = Path(shutil.copyfile(untouched, tmp_path / "simulated.duckdb"))
    with duckdb.connect(str(changed)) as connection:
        compared = []
        for mart in marts_of(connection, changed.stem):
            if not KNOWN[mart]:
                continue
            condition = known_rows(case, KNOWN[mart][-1])
            [(row,)] = connection.execute(f"select min(rowid) from marts.{mart} where {condition}").fetchall()
            if row is not None:
                connection.execute(f"update marts.{mart} set is_simulated = false where rowid = ?", [row])
                compared.append(mart)
    assert {mart for mart in KNOWN if KNOWN[mart]} == set(compared)
    assert differences(untouched, untouched, case) == []
    found = differences(untouched, changed, case)
    assert sorted({one.mart for one in found}) == sorted(compared)
    assert all((one.rows_lost, one.rows_new) == (1, 1) for one in found)


@pytest.mark.scenario("sample_twice")
def test_rows_after_the_day_are_no_difference(run: Run, tmp_path: Path) -> None:
    untouched = run.data / "warehouse" / "simulated.duckdb"
    changed = Path(shutil.copyfile(untouched, tmp_path / "simulated.duckdb"))
    with duckdb.connect(str(changed)) as connection:
        connection.execute("delete from marts.signal_daily where session_date > '2017-05-26'")
        connection.execute("update marts.fund_flows_daily set net_flow_usd = 0 where session_date >= '2017-05-26'")
        connection.execute("update marts.fund_flows_weekly set net_flow_lag_corrected_usd = 0")
    assert differences(untouched, changed, Case(ARTICLE, "availability", ())) == []
    assert [one.mart for one in differences(untouched, changed, Case(ARTICLE, "day", ()))] == ["fund_flows_daily"]


@pytest.mark.scenario("sample_twice")
def test_a_mart_that_nobody_dated_is_refused(run: Run, tmp_path: Path) -> None:
    untouched = run.data / "warehouse" / "simulated.duckdb"
    changed = Path(shutil.copyfile(untouched, tmp_path / "simulated.duckdb"))
    with duckdb.connect(str(changed)) as connection:
        connection.execute("create table marts.new_mart as select 1 as number")
    with pytest.raises(AssertionError, match="new_mart"):
        differences(changed, changed, Case(ARTICLE, "day", ()))


@pytest.mark.parametrize("table", CONTRACTS)
def test_every_raw_table_has_operations(table: str) -> None:
    assert set(operations_of(table)) <= set(OPERATIONS)
    assert operations_of(table)
