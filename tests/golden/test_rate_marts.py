"""Rate marts on the real input against answers that were worked out apart from this project.

Source of the answers: `vectors/03_*` beside the project (pyfedwatch 1.2.0, an independent computation), public
facts about the target, and the article's week. Fault cases run dbt on a copy of the warehouse.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from dagster_project.finance.meeting_odds import meeting_odds
from tests.helpers import dbt, dbt_results

PROJECT = Path(__file__).resolve().parents[2]
VECTORS = PROJECT.parent / "shared" / "vectors"
PYFEDWATCH_DATES = ["2016-12-13", "2017-03-08", "2017-05-24", "2017-05-26", "2017-06-06", "2023-03-10"]
COMPUTED_DATES = ["2016-11-08", "2016-12-13", "2017-03-14", "2017-05-24", "2017-05-26", "2017-06-06"]
RATE_MARTS = ["rate_expectations", "rate_probabilities", "rate_odds_calibration"]
KEYS = ["watch_date", "meeting_date", "day_convention"]


@pytest.fixture(scope="module")
def marts(real_build: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(real_build), read_only=True) as connection:
        yield connection


def vector(name: str) -> Path:
    if not (VECTORS / name).exists():
        pytest.skip(f"{VECTORS / name} is not there")
    return VECTORS / name


def probabilities(marts: duckdb.DuckDBPyConnection, watch: str, meeting: str, convention: str) -> dict[int, float]:
    return dict(
        marts.execute(
            "select target_lower_bp, probability_pct from marts.rate_probabilities "
            "where watch_date = ? and meeting_date = ? and day_convention = ?",
            [watch, meeting, convention],
        ).fetchall()
    )


def expectation(marts: duckdb.DuckDBPyConnection, watch: str, meeting: str, convention: str) -> dict[str, Any]:
    rows = marts.execute(
        "select * from marts.rate_expectations where watch_date = ? and meeting_date = ? and day_convention = ?",
        [watch, meeting, convention],
    )
    names = [column[0] for column in rows.description]
    [row] = rows.fetchall()
    return dict(zip(names, row, strict=True))


@pytest.mark.parametrize(
    ("meeting", "pre", "post"),
    [
        ("2017-06-14", 79.0, 84.4),
        ("2017-07-26", 80.5, 85.5),
        ("2017-09-20", 86.3, 89.9),
        ("2017-11-01", 84.8, 86.9),
        ("2017-12-13", 89.1, 90.8),
        ("2018-01-31", 89.3, 91.0),
    ],
)
def test_odds_of_a_rise_on_the_day_of_the_article(
    marts: duckdb.DuckDBPyConnection, meeting: str, pre: float, post: float
) -> None:
    assert expectation(marts, "2017-05-26", meeting, "pre")["prob_hike_pct"] == pytest.approx(pre, abs=0.1)
    row = expectation(marts, "2017-05-26", meeting, "post")
    assert row["prob_hike_pct"] == pytest.approx(post, abs=0.1)
    assert row["is_next_meeting"] == (meeting == "2017-06-14")
    assert (row["range_lower_pct"], row["range_upper_pct"], row["null_reason"]) == (0.75, 1.0, None)


@pytest.mark.parametrize("watch", PYFEDWATCH_DATES)
def test_post_equals_pyfedwatch(marts: duckdb.DuckDBPyConnection, watch: str) -> None:
    answers = pd.read_csv(vector(f"03_pyfedwatch_1.2.0_{watch}.csv")).to_dict("records")
    assert len(answers) >= 5
    for answer in answers:
        got = probabilities(marts, watch, str(answer.pop("FOMCDate")), "post")
        answer.pop("WatchDate")
        expected = {round(100 * float(str(label).split("-")[0])): 100 * p for label, p in answer.items()}
        for lower_bp in expected.keys() | got.keys():
            assert got.get(lower_bp, 0.0) == pytest.approx(expected.get(lower_bp, 0.0), abs=1e-6)


@pytest.mark.parametrize("convention", ["pre", "post"])
@pytest.mark.parametrize("watch", COMPUTED_DATES)
def test_independent_computation(marts: duckdb.DuckDBPyConnection, watch: str, convention: str) -> None:
    vectors = json.loads(vector("03_fedwatch.json").read_text())
    answers = next(v for v in vectors if v["id"] == f"computed_{watch}_{convention}")["meetings"]
    for answer in answers:
        row = expectation(marts, watch, answer["date"], convention)
        assert row["start_rate_pct"] == pytest.approx(answer["start"], abs=1e-7)
        assert row["end_rate_pct"] == pytest.approx(answer["end"], abs=1e-7)
        assert row["cumulative_change_bp"] == pytest.approx(answer["expected_cum_bp"], abs=1e-5)
        lower_bp = round(100 * row["range_lower_pct"])
        expected = {lower_bp + 25 * int(moves): p for moves, p in answer["cum_pct"].items()}
        got = probabilities(marts, watch, answer["date"], convention)
        for label in expected.keys() | got.keys():
            assert got.get(label, 0.0) == pytest.approx(expected.get(label, 0.0), abs=2e-6)


def test_every_watch_date_has_odds_that_add_up_or_say_why(marts: duckdb.DuckDBPyConnection) -> None:
    [(watch_dates, rows)] = marts.execute(
        "select count(distinct watch_date), count(*) from marts.rate_expectations"
    ).fetchall()
    assert (watch_dates, rows) == (5962, 235_086)
    [(known, unexplained)] = marts.execute(
        "select count(prob_hike_pct), count(*) filter (null_reason is null and prob_hike_pct is null) "
        "from marts.rate_expectations"
    ).fetchall()
    assert unexplained == 0
    [(meetings, worst)] = marts.execute(
        "with totals as (select sum(probability_pct) as total from marts.rate_probabilities group by "
        "watch_date, meeting_date, day_convention) select count(*), max(abs(total - 100)) from totals"
    ).fetchall()
    assert meetings == known
    assert worst < 1e-9


def test_days_are_dates(marts: duckdb.DuckDBPyConnection) -> None:
    types = marts.execute(
        "select distinct data_type from information_schema.columns where table_schema = 'marts' "
        "and (table_name like 'rate_%' or table_name = 'policy_and_yields') "
        "and (column_name like '%_date' or column_name = 'decisions_through')"
    ).fetchall()
    assert types == [("DATE",)]


@pytest.mark.parametrize(
    ("day", "effr", "lower", "upper", "slope"),
    [
        ("2008-12-15", 0.18, 1.0, 1.0, 1.78),  # the last day of the single target
        ("2008-12-16", 0.17, 0.0, 0.25, 1.72),
        ("2008-12-17", 0.12, 0.0, 0.25, 1.47),
        ("2017-05-26", 0.91, 0.75, 1.0, 0.95),
        ("2017-06-14", 0.91, 0.75, 1.0, 0.80),  # announced that day, in force the day after
        ("2017-06-15", 1.16, 1.0, 1.25, 0.81),
    ],
)
def test_target_and_slope(
    marts: duckdb.DuckDBPyConnection, day: str, effr: float, lower: float, upper: float, slope: float
) -> None:
    [row] = marts.execute(
        "select effr_pct, target_lower_pct, target_upper_pct, slope_2_10_pp, slope_2_10_pp - (y10_pct - y2_pct) "
        "from marts.policy_and_yields where rate_date = ?",
        [day],
    ).fetchall()
    assert row == pytest.approx((effr, lower, upper, slope, 0.0), abs=1e-9)


def test_nothing_is_carried_over(marts: duckdb.DuckDBPyConnection) -> None:
    """The yields of the input end on 2025-07-11, the effective rate later; Columbus Day has neither."""
    [(last, yields)] = marts.execute(
        "select max(rate_date), count(y10_pct) filter (rate_date > '2025-07-11') from marts.policy_and_yields"
    ).fetchall()
    assert (str(last), yields) == ("2025-10-31", 0)
    assert marts.execute("select 1 from marts.policy_and_yields where rate_date = '2019-10-14'").fetchall() == []


@pytest.mark.parametrize(
    ("watch", "lower", "upper"),
    [
        ("2001-01-02", 6.5, 6.5),
        ("2001-01-03", 6.0, 6.0),  # unscheduled, announced during the day
        ("2008-12-15", 1.0, 1.0),
        ("2008-12-16", 0.0, 0.25),
        ("2017-06-13", 0.75, 1.0),
        ("2017-06-14", 1.0, 1.25),  # the announcement of the watch date counts
        ("2020-03-13", 1.0, 1.25),
        ("2020-03-16", 0.0, 0.25),  # the Sunday between
    ],
)
def test_range_in_force(marts: duckdb.DuckDBPyConnection, watch: str, lower: float, upper: float) -> None:
    rows = marts.execute(
        "select distinct range_lower_pct, range_upper_pct from marts.rate_expectations where watch_date = ?", [watch]
    ).fetchall()
    assert rows == [(lower, upper)]


def test_a_cancelled_meeting_is_priced_until_it_is_cancelled(marts: duckdb.DuckDBPyConnection) -> None:
    days = marts.execute(
        "select max(watch_date) from marts.rate_expectations where meeting_date = '2020-03-18'"
    ).fetchall()
    assert str(days[0][0]) == "2020-03-13"


def test_calibration_covers_every_decision_and_the_odds_were_good(marts: duckdb.DuckDBPyConnection) -> None:
    table = marts.execute("select * from marts.rate_odds_calibration").df()
    totals = table[table["day_convention"] == "post"].groupby("outcome")[["decisions", "hits"]].sum()
    assert totals["decisions"].tolist() == [124, 124, 124]
    assert totals["hits"].to_dict() == {"cut": 8, "hike": 20, "hold": 96}
    assert set(table["decisions_through"].astype(str)) == {"2023-07-26"}
    sure = table[(table["bin"] == "90 to 100") & (table["outcome"] == "hike")]
    assert (sure["hit_share_pct"] == 100).all()
    assert (table.loc[table["bin"] == "no odds", "mean_probability_pct"].isna()).all()


@pytest.mark.parametrize("day", ["2008-10-20", "2017-05-26", "2020-03-13"])
def test_odds_up_to_a_day_use_nothing_later(marts: duckdb.DuckDBPyConnection, real_data_dir: Path, day: str) -> None:
    """Settlements, rates and decisions after the day taken away: the last year of the mart stays as it is."""
    start = str(np.datetime64(day) - 370)
    with duckdb.connect(str(real_data_dir / "warehouse" / "real.duckdb"), read_only=True) as warehouse:
        settlements = warehouse.execute(
            "select contract_month, session_date, settle from staging.stg_rates__fed_funds_futures "
            "where session_date <= ? and session_date > cast(? as date) - 200",
            [day, start],
        ).df()
        rates = warehouse.execute("select * from staging.stg_rates__policy_rates where rate_date < ?", [day]).df()
        meetings = warehouse.execute(
            "select meeting_date, kind, case when cancelled_on <= $day then cancelled_on end as cancelled_on, "
            "case when meeting_date <= $day then target_lower_after_pct end as target_lower_after_pct, "
            "case when meeting_date <= $day then target_upper_after_pct end as target_upper_after_pct "
            "from staging.stg_rates__fomc_meetings where kind = 'scheduled' or meeting_date <= $day",
            {"day": day},
        ).df()
    result = meeting_odds(settlements, meetings, rates)
    for name, then in (("rate_expectations", result.expectations), ("rate_probabilities", result.probabilities)):
        now = marts.execute(
            f"select * exclude (is_simulated) from marts.{name} where watch_date between ? and ?", [start, day]
        ).df()
        then = then[then["watch_date"] >= start].astype(now.dtypes.to_dict())
        order = [*KEYS, *(["target_lower_bp"] if name == "rate_probabilities" else [])]
        assert len(now) > 1000
        pd.testing.assert_frame_equal(
            now.sort_values(order, ignore_index=True),
            then.sort_values(order, ignore_index=True)[list(now.columns)],
            check_exact=True,
        )


@pytest.fixture
def warehouse_copy(real_data_dir: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "real.duckdb"
    shutil.copyfile(real_data_dir / "warehouse" / "real.duckdb", copy)
    return copy


def build_rates(warehouse: Path) -> dict[str, tuple[str, str]]:
    """Status and message of every node of the rates domain after a dbt build on `warehouse`."""
    selection = ["path:models/staging/stg_rates*", "path:models/intermediate/int_rates*", "path:models/marts/rate_*"]
    selection += ["policy_and_yields", "dim_meeting"]
    dbt(warehouse, "build", "--quiet", "--exclude-resource-type", "unit_test", "--select", *selection)
    return dbt_results(warehouse)


def test_no_futures_give_empty_marts(warehouse_copy: Path) -> None:
    with duckdb.connect(str(warehouse_copy)) as warehouse:
        warehouse.execute("delete from raw.fed_funds_futures")
    nodes = build_rates(warehouse_copy)
    assert {status for status, _ in nodes.values()} == {"success", "pass"}
    with duckdb.connect(str(warehouse_copy), read_only=True) as warehouse:
        for mart in RATE_MARTS:
            assert warehouse.execute(f"select count(*) from marts.{mart}").fetchall() == [(0,)]
        [(days,)] = warehouse.execute("select count(*) from marts.policy_and_yields").fetchall()
    assert days == 6493


def test_a_missing_meeting_fails_the_odds_and_nothing_else(warehouse_copy: Path) -> None:
    """The inbox turns the meeting of 2019-07-31 into an unscheduled one: the calendar has a hole."""
    with duckdb.connect(str(warehouse_copy)) as warehouse:
        warehouse.execute(
            "insert into raw.fomc_meetings (meeting_date, kind, source, observed_at, available_at, is_simulated) "
            "values ('2019-07-31', 'unscheduled', 'files', now()::timestamp, now()::timestamp, false)"
        )
    nodes = build_rates(warehouse_copy)
    status, message = nodes["int_rates__meeting_odds"]
    assert status == "error"
    assert "2019-06-19 to 2019-09-18" in message.strip().splitlines()[-1]
    assert "a meeting is missing there: add it" in message
    assert nodes["assert_meetings_are_at_most_63_days_apart"][0] == "fail"
    assert {nodes[mart][0] for mart in RATE_MARTS} == {"skipped"}
    assert {nodes[mart][0] for mart in ("policy_and_yields", "dim_meeting")} == {"success"}


def test_a_calendar_that_ends_soon_blocks(warehouse_copy: Path) -> None:
    """Settlements moved on until the calendar of the seed reaches less than a year past them."""
    with duckdb.connect(str(warehouse_copy)) as warehouse:
        warehouse.execute("delete from raw.fed_funds_futures where session_date < '2023-09-01'")
        warehouse.execute(
            "update raw.fed_funds_futures set session_date = session_date + interval 4 year, "
            "contract_month = contract_month + interval 4 year"
        )
    nodes = build_rates(warehouse_copy)
    assert nodes["assert_rate_calendar_reaches_a_year_ahead"][0] == "fail"
    assert nodes["assert_rate_calendar_covers_every_contract"][0] == "warn"
    assert nodes["rate_expectations"][0] == "success"
