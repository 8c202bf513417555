"""Views and macros of the published database: complete, commented, equal to the marts, blind to what came later."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from dagster_project.warehouse.views import COLUMNS_LIKE, create_views
from tests.scenarios import Run

pytestmark = pytest.mark.scenario("sample_twice")

MACROS = {
    "claims_as_of": "claims_as_of('{day}')",
    "flows": "flows('iwm', '{day}')",
    "league": "league('{day}')",
    "next_meeting_as_of": "next_meeting_as_of('{day}')",
    "odds": "odds('{day}')",
    "this_week_as_of": "this_week_as_of('{day}')",
    "today_as_of": "today_as_of('{day}')",
    "valuation_as_of": "valuation_as_of('{day}')",
}
AS_OF_MACROS = [name for name in MACROS if name not in ("flows", "league")]
DAYS = ["2016-06-30", "2017-05-24", "2017-05-25", "2017-05-26", "2017-05-28", "2017-11-24"]


@pytest.fixture
def market(run: Run):
    with duckdb.connect(str(run.market_file), read_only=True) as connection:
        yield connection


def records(market: duckdb.DuckDBPyConnection, sql: str) -> list[dict]:
    cursor = market.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


# --- what is there


def test_every_view_and_macro_is_published(market):
    views = market.execute(
        "select view_name from duckdb_views() where not internal and schema_name = 'main'"
    ).fetchall()
    assert {name for (name,) in views} == set(COLUMNS_LIKE)
    macros = market.execute("select function_name from duckdb_functions() where not internal").fetchall()
    assert {name for (name,) in macros} == set(MACROS)


@pytest.mark.parametrize("view", COLUMNS_LIKE)
def test_view_has_rows_and_says_when_they_are_simulated(market, view):
    rows, simulated = market.execute(f"select count(*), count(*) filter (where is_simulated) from {view}").fetchall()[0]
    assert rows == simulated > 0


@pytest.mark.parametrize("macro", MACROS)
def test_macro_has_rows(market, macro):
    assert market.execute(f"from {MACROS[macro].format(day='2017-05-26')}").fetchall() != []


def test_one_row_wide(market):
    for relation in ("v_today", "v_next_meeting", "today_as_of('2017-05-26')", "next_meeting_as_of('2017-05-26')"):
        assert market.execute(f"select count(*) from {relation}").fetchall() == [(1,)], relation


def test_every_published_relation_and_column_has_a_comment(market):
    for what, name in (("tables", "table_name"), ("views", "view_name")):
        missing = f"select {name} from duckdb_{what}() where not internal and coalesce(trim(comment), '') = ''"
        assert market.execute(missing).fetchall() == []
    columns = market.execute(
        "select table_name, column_name from duckdb_columns() where not internal and coalesce(trim(comment), '') = ''"
    )
    assert columns.fetchall() == []
    macros = market.execute("select function_name from duckdb_functions() where not internal and comment is null")
    assert macros.fetchall() == []


def test_catalogue_tells_of_every_column_of_views_too(market):
    shown = (
        "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() where not internal "
        "except select table_schema, table_name, column_name, data_type, description from meta.catalogue"
    )
    assert market.execute(shown).fetchall() == []
    assert market.execute("select count(*) from meta.catalogue where table_schema = 'main'").fetchall()[0][0] > 100


def test_views_for_people_stand_in_files_too(run: Run, market):
    build = run.market_file.resolve().parent
    for view in ("v_claims_wide", "v_freshness", "v_next_meeting", "v_this_week", "v_today", "v_valuation_asof"):
        [(expected,)] = market.execute(f"select count(*) from {view}").fetchall()
        for file in (f"parquet/{view}.parquet", f"csv/{view}.csv"):
            assert duckdb.execute(f"select count(*) from '{build / file}'").fetchall() == [(expected,)], file


def test_views_work_under_any_name_of_the_file(run: Run):
    with duckdb.connect() as connection:
        connection.execute(f"attach '{run.market_file.resolve()}' as anything (read_only)")
        assert len(connection.execute("select as_of_date from anything.v_today").fetchall()) == 1
        connection.execute("use anything")
        assert len(connection.execute("from claims_as_of('2017-05-26')").fetchall()) == 14


def test_build_without_the_marts_has_no_views():
    with duckdb.connect() as connection:
        assert create_views(connection, {"marts.claims"}) == []
        assert connection.execute("select count(*) from duckdb_views() where not internal").fetchall() == [(0,)]


# --- equal to the marts


def test_today_is_made_of_the_marts(market):
    [today] = records(market, "from today_as_of('2017-05-26')")
    [year] = records(
        market,
        "select * from marts.relative_performance_horizons where pair_id = 'RUT_GSPC' and return_basis = 'price' "
        "and horizon = 'YTD' and session_date = '2017-05-26'",
    )
    assert (today["ytd_small_return_pct"], today["ytd_large_return_pct"], today["ytd_gap_pp"]) == pytest.approx(
        (year["small_return_pct"], year["large_return_pct"], year["gap_pp"])
    )
    [week] = records(
        market, "select * from marts.fund_flows_weekly where fund_symbol = 'IWM' and week_ending = '2017-05-24'"
    )
    for name in ("net_flow_usd", "net_flow_pct_aum", "net_flow_lag_corrected_usd"):
        assert today[name] == week[name]
    odds = records(
        market,
        "select prob_hike_pct from marts.rate_expectations where watch_date = '2017-05-26' and is_next_meeting "
        "order by prob_hike_pct",
    )
    assert [today["prob_hike_low_pct"], today["prob_hike_high_pct"]] == [row["prob_hike_pct"] for row in odds]
    signals = records(
        market,
        "select signal_id from marts.signal_daily where pair_id = 'RUT_GSPC' and session_date = '2017-05-26' and is_on",
    )
    assert today["signals_on_ids"] == ", ".join(row["signal_id"] for row in signals)
    assert today["signals_on"] == len(signals)
    verdicts = dict(
        market.execute(
            "select verdict, count(*) from marts.claims where as_of_date = '2017-05-26' and is_headline "
            "and framing = 'rolling' group by 1"
        ).fetchall()
    )
    for verdict in ("supported", "not_supported", "undecidable", "open"):
        assert today[f"claims_{verdict}"] == verdicts.get(verdict, 0)


def test_view_of_now_is_the_macro_of_the_last_session(market):
    [(last,)] = market.execute(
        "select max(session_date) from marts.relative_performance where pair_id = 'RUT_GSPC'"
    ).fetchall()
    for view, macro in (
        ("v_today", "today_as_of"), ("v_this_week", "this_week_as_of"), ("v_next_meeting", "next_meeting_as_of"),
        ("v_valuation_asof", "valuation_as_of"),
    ):  # fmt: skip
        assert records(market, f"from {view}") == records(market, f"from {macro}('{last}')"), view
    assert records(market, "from v_today")[0]["as_of_date"] == last


def test_claims_wide_has_every_session_and_fourteen_verdicts(market):
    [(sessions, wide, unequal)] = market.execute(
        "select (select count(distinct as_of_date) from marts.claims), count(*), "
        "count(*) filter (where supported + not_supported + undecidable + still_open <> 14) from v_claims_wide"
    ).fetchall()
    assert (wide, unequal) == (sessions, 0)
    for column in (row["column_name"] for row in records(market, "describe v_claims_wide")):
        if column.startswith("claim_"):
            differing = market.execute(
                f"select count(*) from v_claims_wide inner join marts.claims as claims using (as_of_date) "
                f"where claim_id = {int(column[6:8])} and framing = 'rolling' and is_headline and verdict <> {column}"
            )
            assert differing.fetchall() == [(0,)], column


def test_names_of_the_wide_claims_are_the_titles(market):
    """The names stand in SQL, the titles in a seed: neither may be changed alone."""
    for claim_id, title in market.execute("select claim_id, title from marts.dim_claim").fetchall():
        name = title.lower().replace(" %", " pct").replace(" ", "_")
        assert market.execute(
            f"select count(*) from duckdb_columns() where table_name = 'v_claims_wide' "
            f"and column_name = 'claim_{claim_id:02d}_{name}'"
        ).fetchall() == [(1,)], name


def test_conventions_stand_side_by_side(market):
    [(meetings, rows, wrong)] = market.execute(
        "select (select count(*) from marts.rate_expectations where day_convention = 'post'), count(*), "
        "count(*) filter (where prob_hike_low_pct > prob_hike_high_pct or (prob_hike_low_pct is null) "
        "<> (prob_hike_post_pct is null or prob_hike_pre_pct is null)) from v_odds"
    ).fetchall()
    assert (rows, wrong) == (meetings, 0)


@pytest.mark.parametrize("day", ["2017-05-18", "2017-05-20", "2017-05-22", "2017-05-24"])
def test_any_day_names_its_lipper_week(market, day):
    weeks = market.execute(f"select distinct week_ending from league('{day}')").fetchall()
    assert weeks == [(date(2017, 5, 24),)]


def test_flows_sum_up_from_the_day(market):
    days = records(market, "from flows('iwm', '2017-05-18')")
    assert days[0]["session_date"] == date(2017, 5, 18)
    total = 0.0
    for row in days[:20]:
        total += row["net_flow_usd"]
        assert row["flow_since_usd"] == pytest.approx(total)


def test_stale_valuation_has_no_value_but_its_age(market):
    [(last,)] = market.execute("select max(valid_through) from marts.valuation").fetchall()
    rows = records(market, f"from valuation_as_of('{last + timedelta(days=1)}')")
    assert all(row["is_stale"] and row["value"] is None and row["null_reason"] for row in rows)
    assert any(row["last_value"] for row in rows)
    assert not any(row["is_stale"] for row in records(market, "from valuation_as_of('2017-05-26')"))


# --- blind to what came later


@pytest.fixture(scope="module")
def past_of(tmp_path_factory: pytest.TempPathFactory, scenarios):
    """The published file as it would have been had the data ended on a day."""

    def cut(day: str) -> Path:
        file = tmp_path_factory.mktemp("past") / "market.duckdb"
        shutil.copy(scenarios["sample_twice"].market_file, file)
        with duckdb.connect(str(file)) as connection:
            for mart, known in {
                "claims": "as_of_date", "relative_performance": "session_date", "signal_daily": "session_date",
                "relative_performance_horizons": "session_date", "relative_gain_since_election": "session_date",
                "rate_expectations": "watch_date", "signal_scorecard": "sample_end",
                "valuation": "cast(available_at_utc as date)",
            }.items():  # fmt: skip
                connection.execute(f"delete from marts.{mart} where {known} > '{day}'")
            # a share count is known on the next session, its lag-corrected reading one later
            connection.execute(
                f"""
                update marts.fund_flows_weekly set net_flow_lag_corrected_usd = null where week_ending in
                    (select week_ending from v_league where lag_corrected_known_on > '{day}');
                delete from marts.fund_flows_weekly where week_ending in
                    (select week_ending from v_league where known_on > '{day}');
                """
            )
        return file

    return cut


@pytest.mark.parametrize("day", DAYS)
def test_macros_of_a_day_know_nothing_later(market, past_of, day):
    with duckdb.connect(str(past_of(day)), read_only=True) as past:
        for macro in AS_OF_MACROS:
            call = f"from {MACROS[macro].format(day=day)}"
            assert records(past, call) == records(market, call), macro


def test_week_counts_from_the_day_on_which_it_is_known(market):
    weeks = {
        day: records(market, f"from this_week_as_of('{day}')")[0] for day in ("2017-05-24", "2017-05-25", "2017-05-26")
    }
    assert [week["week_ending"] for week in weeks.values()] == [date(2017, 5, 17), date(2017, 5, 24), date(2017, 5, 24)]
    assert [week["net_flow_lag_corrected_usd"] is None for week in weeks.values()] == [False, True, False]


def test_weekend_is_the_session_before(market):
    [saturday] = records(market, "from today_as_of('2017-05-27')")
    assert saturday["as_of_date"] == date(2017, 5, 26)
    assert {row["as_of_date"] for row in records(market, "from claims_as_of('2017-05-27')")} == {date(2017, 5, 26)}


def test_day_before_the_data_has_no_rows(market):
    for macro in AS_OF_MACROS:
        assert market.execute(f"from {MACROS[macro].format(day='1990-01-01')}").fetchall() == [], macro
