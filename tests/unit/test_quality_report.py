"""The page about data quality: from a hand-made published database, and the page that is in the repository."""

import csv
import re
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from dagster_project.quality_cost import Cost
from dagster_project.quality_report import QUALITY_PAGE, Seeds, quality_page, read_build, years_of_tables
from tests.helpers import REPO

TABLES = """
create schema marts; create schema meta;
create table meta.build as select 'b1' as build_id, timestamp '2026-11-22 10:00' as built_at_utc, false as is_simulated,
    date '2019-12-31' as data_through;
create table marts.dim_check as select * from (values
    ('prices_jump', 'prices', 'daily_bars', 'error', 'Jump', 'A move', 'Look', 'pp', 'minimum pp 3', false),
    ('prices_gap', 'prices', 'daily_bars', 'warn', 'Gap', 'A hole | or two', 'Look', null, null, false)
) t (check_id, family, table_name, severity, title, what_it_catches, what_to_do, unit, limits_text, is_simulated);
create table marts.data_quality_findings as select * from (values
    ('prices_jump', 'QQQ', date '2010-01-04', 'daily_bars', true, 'q', 'event', 'Late trades'),
    ('prices_jump', 'QQQ', date '2010-01-05', 'daily_bars', true, 'q', 'event', 'Late trades'),
    ('prices_jump', 'IWM', date '2012-01-04', 'daily_bars', true, 'i', 'fault', 'A digit too many'),
    ('prices_gap', 'IWM', date '2013-01-04', 'daily_bars', false, null, null, null)
) t (check_id, series, day, table_name, is_known, fault_id, known_kind, known_reason);
create table marts.data_quality_coverage as select * from (values
    ('daily_bars', 'IWM', 2010, date '2010-01-04', date '2010-12-31', 250, 252, 2, 250, 251, 1, 0),
    ('daily_bars', 'IWM', 2019, date '2019-01-02', date '2019-12-31', 252, 252, 0, 252, 252, 0, 0)
) t (table_name, series, calendar_year, first_day, last_day, days_held, days_due, days_missing, rows_told, vintages,
    revisions, removals);
create table meta.checks as select * from (values
    ('daily_bars__bar_possible', 'raw/daily_bars', 'contract', 'warn', false, 2, 'a.csv line 3: no'),
    ('assert_other', 'marts/x', 'dbt', 'warn', false, 1, 'symbol IWM')
) t (check_id, asset, family, severity, passed, failed_rows, message);
create table meta.quarantine as select * from (values
    ('daily_bars', 'bar_possible', 'contract', 2, 'a.csv line 3: no')
) t (table_name, rule, judged_by, open_rows, first_row);
create table meta.check_history as select * from (values
    ('prices_jump', 'b0', false, true, 3), ('prices_jump', 'b1', true, true, 0), ('prices_gap', 'b1', false, false, 1)
) t (check_id, build_id, passed, is_blocking, failed_rows);
"""
LISTED = [
    {"check_id": "daily_bars__bar_possible", "findings": "", "is_simulated": "false", "reason": "Two bad bars"},
    {"check_id": "assert_other", "findings": "", "is_simulated": "true", "reason": "Of the simulation alone"},
]
THRESHOLDS = [
    {"check_id": "prices_jump", "parameter": "minimum_pp", "value": "3.0", "unit": "percentage points",
     "set_on": "2026-11-22", "reason": "Largest true one 2.9"}
]  # fmt: skip
COSTS = [Cost("market checks", 63, 1.26), Cost("contract checks (Python)", 200, 0.5)]


@pytest.fixture
def page(tmp_path: Path) -> str:
    file = tmp_path / "market.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(TABLES)
    return quality_page(read_build(file), Seeds(LISTED, THRESHOLDS), COSTS, "files of a test", "python -m it")


def line(page: str, start: str) -> str:
    [found] = [row for row in page.splitlines() if row.startswith(f"| {start}")]
    return found


def test_page_names_build_day_and_input(page: str) -> None:
    assert "from build b1 (2026-11-22 10:00 UTC, real data: files of a test)" in page
    assert "Prices through 2019-12-31." in page


def test_faults_and_false_alarms_are_counted_apart(page: str) -> None:
    """2 events in the ten years of the table, less three days: 0.20 a year; a finding not listed is a false alarm."""
    assert line(page, "`prices_jump` | daily") == (
        "| `prices_jump` | daily_bars | blocks | A move | minimum pp 3 | 1 | 2 | 0.20 |"
    )
    assert line(page, "`prices_gap`").endswith(r"| warns | A hole \| or two | - | 0 | 1 | 0.10 |")


def test_families_add_up(page: str) -> None:
    assert line(page, "prices | 2") == "| prices | 2 | 1 | 1 | 3 | 0.30 |"
    assert line(page, "all | 2 | 1") == "| all | 2 | 1 | 1 | 3 | 0.30 |"


def test_limits_have_value_day_and_reason(page: str) -> None:
    assert "| `prices_jump` | minimum pp | 3 | percentage points | 2026-11-22 | Largest true one 2.9 |" in page


def test_costs_add_up(page: str) -> None:
    assert "Made by `python -m it` from build b1" in page
    assert line(page, "market checks") == "| market checks | 63 | 1.3 |"
    assert line(page, "all | 263") == "| all | 263 | 1.8 |"


def test_listed_faults_are_shown_with_their_reason(page: str) -> None:
    assert "(4 findings, 1 of them not listed)" in page
    assert line(page, "event") == "| event | `prices_jump` | QQQ | 2010-01-04 to 2010-01-05 | 2 | Late trades |"
    assert line(page, "fault") == "| fault | `prices_jump` | IWM | 2012-01-04 | 1 | A digit too many |"


def test_open_warnings_are_explained_or_said_not_to_be(page: str) -> None:
    assert line(page, "`daily_bars__bar_possible`").endswith("| 2 | Two bad bars |")
    assert line(page, "`assert_other`").endswith("| 1 | **not explained**: symbol IWM |")


def test_coverage_quarantine_and_history(page: str) -> None:
    assert line(page, "daily_bars | IWM") == (
        "| daily_bars | IWM | 2010-01-04 to 2019-12-31 | 2 | 502 | 2010 (2) | 502 | 1 | 0 |"
    )
    assert line(page, "daily_bars | bar_possible") == (
        "| daily_bars | bar_possible | contract | 2 | a.csv line 3: no |"
    )
    assert line(page, "b0") == "| b0 | 1 | 1 | 1 | 3 |"
    assert line(page, "b1") == "| b1 | 2 | 1 | 0 | 1 |"


def test_years_of_marts_are_those_of_the_bars() -> None:
    rows = [{"table_name": "daily_bars", "first_day": date(2000, 1, 1), "last_day": date(2010, 1, 1)}]
    assert years_of_tables(rows) == pytest.approx({"daily_bars": 10, "marts": 10}, abs=0.01)
    assert years_of_tables([]) == {"marts": 0}


def test_committed_page_is_that_of_the_seeds() -> None:
    """Every check stands in it, no warning goes unexplained, and it is short enough to be read."""
    text = QUALITY_PAGE.read_text(encoding="utf-8")
    with (REPO / "dbt" / "seeds" / "market_checks.csv").open(encoding="utf-8", newline="") as file:
        checks = {row["check_id"] for row in csv.DictReader(file)}
    table = text[text.index("## Market checks") : text.index("## Limits")]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == checks
    assert "not explained" not in text
    assert ", 0 of them not listed)" in text
    assert len(text.splitlines()) <= 400
    assert datetime.fromisoformat(re.findall(r"\((\d{4}-\d\d-\d\d \d\d:\d\d) UTC", text)[0])
