"""No look-ahead on the real input; tests/integration/test_no_look_ahead.py has the sample and says what is tested."""

from datetime import date
from pathlib import Path

import pytest

from dagster_project.contracts.tables import CONTRACTS
from tests.look_ahead import Case, Result, results

NOTHING_LATER = tuple((table, "remove") for table in CONTRACTS if table != "fomc_meetings")

CASES = [
    # the warehouse of the day of the article
    Case(date(2017, 5, 26), "availability", NOTHING_LATER),
    # Between two vintages of the facts, prices, flows and rates go on otherwise. Failed once: valuation_restated took
    # the facts of its own measure alone for the day on which it was known.
    Case(
        date(2021, 9, 21), "day",
        (("company_facts", "end_series"), ("daily_bars", "end_series"), ("fed_funds_futures", "scale"),
         ("fomc_meetings", "decide_otherwise"), ("fund_nav_shares", "restate"), ("policy_rates", "prolong")),
        salt=512_655,
    ),
    # Failed once: a finding about the target of a day was dated on that day, a session before its row was published.
    Case(
        date(2020, 1, 2), "availability",
        (("fed_funds_futures", "blank"), ("fund_holdings", "thin"), ("policy_rates", "prolong")),
        salt=851_706,
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def found(real_data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Case, Result]:
    """Results of all cases, from one process."""
    told = results(real_data_dir / "warehouse" / "real.duckdb", tmp_path_factory.mktemp("look_ahead"), CASES)
    return {result.case: result for result in told}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.day}-{case.rule}-{case.salt}")
def test_what_comes_later_changes_nothing_that_was_known(case: Case, found: dict[Case, Result]) -> None:
    assert found[case].faults == ()
