"""Faults of relations that no delivery makes: a half-built mart, a wrong seed, a model that is wrong.

A test of dbt, or the comparison of marts, is run with one of its relations replaced by a changed copy of it. The copy
is a temporary table: the clean warehouse stays as it is.

Belongs here: what is changed, one line per test. Does not belong here: faults of deliveries (`prices`, `flows` ...).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb

from tests.faults.planted.warehouse import Clean

ONE = "row_number() over () = 1"


@dataclass(frozen=True)
class Tampering:
    """A relation and what is made of it: `fault` must be objected to, `near` must not."""

    relation: str
    fault: str
    near: str


def change(relation: str, where: str, column: str, fault: str, near: str) -> Tampering:
    """The first row that `where` finds says otherwise in one column; `near` is a value too, or a whole query."""

    def select(value: str) -> str:
        return (
            f"select * exclude (_nth) replace (case when _nth = 1 then {value} else {column} end as {column}) from "
            f"(select *, case when {where} then row_number() over (partition by coalesce({where}, false)) end as _nth "
            "from {0})"
        )

    return Tampering(relation, select(fault), near if near.startswith("select") else select(near))


def without(where: str) -> str:
    """All rows but those that `where` finds."""
    return f"select * from {{0}} where not ({where})"


def replaced(**columns: str) -> str:
    """All rows, with other values in these columns."""
    return f"select * replace ({', '.join(f'{value} as {name}' for name, value in columns.items())}) from {{0}}"


def gone(relation: str, where: str, near: str) -> Tampering:
    """The rows that `where` finds are missing; `near` finds rows too, or is a whole query."""
    return Tampering(relation, without(where), near if near.startswith("select") else without(near))


def more(relation: str, row: str, near: str) -> Tampering:
    """One row more."""
    return Tampering(relation, *(f"select * from {{0}} union all by name ({one})" for one in (row, near)))


A_BAR = "symbol = 'IWM' and session_date = date '2016-05-02'"
A_WATCH_DATE = "watch_date = date '2016-05-02'"
HEADLINE = "pair_id in (select pair_id from marts.dim_pair where is_headline)"
ROW_TESTS = {
    "assert_bars_match_the_mode_of_the_warehouse": change(
        "stg_prices__daily_bars", A_BAR, "is_simulated", "false", without(A_BAR)
    ),
    "assert_calendar_reaches_past_the_data": gone(
        "dim_calendar", "session_date > date '2017-12-29'", "session_date > date '2018-01-02'"
    ),
    "assert_claim_conventions_have_one_headline": change(
        "claim_conventions", "is_headline", "is_headline", "false", without("not is_headline")
    ),
    "assert_claim_outcomes_lie_ahead": change(
        "claim_outcomes", "framing = 'rolling'", "horizon_end", "as_of_date", "as_of_date + 1"
    ),
    "assert_claim_verdicts_follow_from_values": change(
        "claims", "verdict = 'supported' and comparator = '<='", "value", "threshold + 0.001", "threshold"
    ),
    "assert_claims_are_numbered_without_a_gap": gone(
        "dim_claim", "claim_id = 7", replaced(claim_id="15 - claim_id")
    ),
    "assert_claims_have_one_headline_a_day": change(
        "claims", "is_headline", "is_headline", "false", without("not is_headline")
    ),
    "assert_claims_know_nothing_later": change(
        "claims", "inputs_as_of < as_of_date", "inputs_as_of", "as_of_date + 1", "as_of_date"
    ),
    "assert_correlations_agree_with_betas": change(
        "relative_performance", "beta_63d > 0", "corr_63d", "1.00001", "1.0"
    ),
    "assert_dividends_are_not_negative": change("stg_prices__daily_bars", A_BAR, "dividend_per_share", "-0.01", "0.01"),
    "assert_drawdowns_lie_between_minus_100_and_0": change(
        "relative_performance", "ratio_drawdown_252d_pct < 0", "ratio_drawdown_252d_pct", "0.001", "0"
    ),
    "assert_event_windows_say_why_and_when": change(
        "event_study", "known_on is not null", "known_on", "window_end_date + 1", without("not is_pooled")
    ),
    "assert_every_equity_position_counts_or_says_why": change(
        "int_fundamentals__positions", "owned_share is not null", "owned_share", "0", "1e-9"
    ),
    "assert_every_pair_has_rows": change("dim_pair", "is_headline", "common_sessions", "0", "1"),
    "assert_every_published_figure_is_reconciled": gone(
        "reconciliation", "topic = 'iwm_weekly_flow'", replaced(within_tolerance="not within_tolerance")
    ),
    "assert_flow_rows_match_the_mode_of_the_warehouse": change(
        "stg_flows__fund_nav_shares", "fund_symbol = 'IWM'", "is_simulated", "false", without("fund_symbol = 'IWM'")
    ),
    "assert_flows_are_the_change_of_assets_less_the_return": change(
        "fund_flows_daily", "net_flow_usd is not null", "net_flow_usd", "net_flow_usd + 2e-6 * aum_usd",
        "net_flow_usd + 5e-7 * aum_usd",
    ),
    "assert_gap_is_the_difference_of_returns": change(
        "relative_performance_horizons", "gap_pp is not null", "gap_pp", "gap_pp + 1e-6", "gap_pp + 1e-11"
    ),
    "assert_headline_pair_has_rows": gone(
        "relative_performance", HEADLINE, f"{HEADLINE} and session_date > date '2016-01-01'"
    ),
    "assert_horizon_returns_follow_from_levels": change(
        "relative_performance_horizons", "return_basis = 'price'", "small_return_pct", "small_return_pct + 1e-6",
        "small_return_pct + 1e-11",
    ),
    "assert_horizons_start_before_they_end": change(
        "relative_performance_horizons", "horizon = '1M'", "base_session_date", "session_date", "session_date - 1"
    ),
    "assert_large_weekly_flows_are_explained": change(
        "fund_flows_weekly", "flow_explanation is null", "net_flow_pct_aum", "25.1", "24.9"
    ),
    "assert_latest_flows_are_there": change(
        "fund_flows_daily", "fund_symbol = 'IWM' and session_date = date '2017-12-29'", "null_reason", "'frozen'",
        replaced(null_reason="case when session_date = date '2017-12-28' then 'frozen' else null_reason end"),
    ),
    "assert_levels_start_at_100": change("price_levels", "level <> 100", "level", "0", "0.001"),
    "assert_lipper_weeks_end_on_wednesday": change(
        "dim_calendar", "session_date = date '2016-05-02'", "lipper_week_ending", "lipper_week_ending + 1",
        replaced(session_date="session_date - (lipper_week_ending - session_date < 6)::integer"),
    ),
    "assert_meetings_are_at_most_63_days_apart": gone(
        "dim_meeting", "meeting_date = date '2016-06-15'", "kind <> 'scheduled'"
    ),
    "assert_one_pair_is_the_headline": change(
        "dim_pair", "not is_headline", "is_headline", "true",
        replaced(is_headline="pair_id = (select min(pair_id) from {0} where not is_headline)"),
    ),
    "assert_rank_lies_within_the_years_compared": change(
        "relative_performance", "years_compared > 0", "ytd_gap_rank_from_worst", "years_compared + 2",
        replaced(
            ytd_gap_rank_from_worst="case when years_compared > 0 then years_compared + 1 end",
            ytd_gap_percentile="case when years_compared > 0 then 100.0 end",
        ),
    ),
    "assert_rate_calendar_covers_every_contract": gone(
        "dim_meeting", "meeting_date > date '2018-11-30'", "meeting_date > date '2018-12-31'"
    ),
    "assert_rate_calendar_reaches_a_year_ahead": gone(
        "dim_meeting", "meeting_date > date '2018-11-30'", "meeting_date > date '2018-12-31'"
    ),
    "assert_rate_calibration_counts_every_decision": change(
        "rate_odds_calibration", "true", "hits", "hits + 1",
        replaced(
            hits="case when row_number() over (partition by day_convention order by outcome) = 1 "
            "then sum(hits) over (partition by day_convention) else 0 end"
        ),
    ),
    "assert_rate_expectations_have_one_next_meeting": change(
        "rate_expectations", f"is_next_meeting and {A_WATCH_DATE}", "is_next_meeting", "false",
        without("not is_next_meeting"),
    ),
    "assert_rate_nulls_have_a_reason": change(
        "rate_expectations", "null_reason is null", "prob_hike_pct", "null",
        replaced(prob_hike_pct="null", null_reason="'no_settlement'"),
    ),
    "assert_rate_odds_add_up": change(
        "rate_expectations", "prob_hold_pct > 1", "prob_hold_pct", "prob_hold_pct + 1e-6", "prob_hold_pct + 1e-11"
    ),
    "assert_rate_odds_use_every_settlement": more(
        "int_rates__odds_issues", "select 'settle_off_curve' as reason_code", "select 'not_settled_yet' as reason_code"
    ),
    "assert_rate_probabilities_sum_to_100": change(
        "rate_probabilities", "probability_pct < 50", "probability_pct", "probability_pct + 1e-6",
        "probability_pct + 1e-11",
    ),
    "assert_rate_range_agrees_with_policy_rates": change(
        "policy_and_yields", "rate_date = date '2016-05-02'", "target_lower_pct", "target_lower_pct + 0.25",
        "target_lower_pct + 1e-11",
    ),
    "assert_rate_sensitivities_say_why": change("rate_sensitivity", "r_squared < 1", "r_squared", "1.001", "1.0"),
    "assert_rate_watch_dates_have_odds": gone(
        "rate_expectations", A_WATCH_DATE, f"{A_WATCH_DATE} and not is_next_meeting"
    ),
    "assert_ratio_is_close_over_close": change(
        "relative_performance", "return_basis = 'price'", "ratio", "ratio * (1 + 1e-9)", "ratio * (1 + 1e-14)"
    ),
    "assert_rolling_windows_are_full_and_of_their_length": change(
        "relative_performance", "session_date = date '2000-03-01'", "beta_252d", "1.0",
        replaced(beta_252d="beta_252d + 1"),
    ),
    "assert_signal_scorecard_adds_up": change(
        "signal_scorecard", "on_days > episodes", "episodes", "on_days + 1", "on_days"
    ),
    "assert_signals_are_defined_once_they_have_values": change(
        "signal_daily", "is_on is not null", "is_on", "null",
        replaced(is_on="case when is_on then false else is_on end"),
    ),
    "assert_target_ranges_are_in_order": change(
        "stg_rates__fomc_meetings", "target_lower_after_pct < target_upper_after_pct", "target_lower_after_pct",
        "target_upper_after_pct + 0.25", "target_upper_after_pct",
    ),
    "assert_total_return_is_not_below_price_return": change(
        "price_levels", "return_basis = 'total' and session_date = date '2000-01-03'", "level", "level * (1 - 1e-7)",
        "level * (1 - 1e-11)",
    ),
    "assert_valuation_nulls_have_a_reason": change(
        "valuation", "value is not null and coverage_pct > 25", "coverage_pct", "24.9", "25.0"
    ),
    "assert_valuation_ratio_is_the_inverse_of_the_yield": change(
        "valuation", "measure = 'pe_ttm' and value is not null", "value", "value * (1 + 1e-7)", "value * (1 + 1e-11)"
    ),
    "assert_valuation_uses_nothing_known_later": change(
        "int_fundamentals__positions", "knowledge = 'as_known' and period_end < as_of_date", "period_end",
        "as_of_date + 1", "as_of_date",
    ),
    "assert_warehouse_mode_has_one_row": Tampering(
        "warehouse_mode", "select * from {0} union all from {0}", replaced(is_simulated="not is_simulated")
    ),
    "assert_weekly_flows_are_sums_of_days": change(
        "fund_flows_weekly", "net_flow_usd is not null", "net_flow_usd", "net_flow_usd + 2", "net_flow_usd + 0.5"
    ),
}  # fmt: skip
"""By test of dbt; those of rows on days without trading are planted into deliveries."""

MART_CHECKS = {
    "marts_behind_input": gone(
        "price_levels", "symbol = 'IWM' and session_date = date '2017-12-29'",
        "symbol = 'IWM' and session_date = date '2017-12-28' and return_basis = 'total'",
    ),
    "marts_total_return": change(
        "price_levels", "return_basis = 'total' and session_date = date '2016-05-02'", "level", "level * 1.0001",
        "level * (1 + 1e-12)",
    ),
    "marts_ytd_gap": change(
        "relative_performance", "session_date = date '2016-05-02'", "ytd_gap_pp", "ytd_gap_pp + 1e-6",
        "ytd_gap_pp + 1e-11",
    ),
    "marts_signals": change("signal_daily", "signal_id = 'S3'", "value", "value + 1e-6", "value + 1e-11"),
    "marts_event_study": change(
        "event_study", "not is_pooled and bhar_pct is not null", "bhar_pct", "bhar_pct + 1e-6", "bhar_pct + 1e-11"
    ),
    "marts_valuation": change(
        "relative_valuation", "ratio is not null", "ratio", "ratio * (1 + 1e-6)", "ratio * (1 + 1e-11)"
    ),
    "marts_claims": change(
        "claims", "claim_id = 1 and framing = 'rolling' and convention = 'index_by_session' and value is not null",
        "value", "value + 1e-6", "value + 1e-11",
    ),
}  # fmt: skip
"""By market check that compares marts; their findings come from quality__marts."""


def broken(node: dict[str, Any], type_of: Callable[[str], str]) -> str:
    """What breaks a generic test: its column empty, strange or pointing nowhere, or a row twice.

    Args:
        type_of: type of a column of the relation that is tested.
    """
    kind, arguments = node["test_metadata"]["name"], node["test_metadata"]["kwargs"]
    # an empty relation gets empty rows
    one = "left join (select * from {0} limit 1) as one on true"
    if kind == "unique_grain":
        return f"select * from {{0}} union all select one.* from (values (1), (2)) as twice {one}"
    column = arguments["column_name"]
    if kind == "not_null":
        return f"select * replace (null as {column}) from {{0}}"
    strange = {"DATE": "date '1900-01-01'", "INTEGER": "-1", "BIGINT": "-1"}.get(type_of(column), "'neither'")
    return f"select * replace ({strange} as {column}) from (select one.* from (values (1)) as once {one})"


def relation_name(clean: Clean, name: str) -> str:
    """How compiled queries name a model, a seed or the source `warehouse_mode`."""
    if name == "warehouse_mode":
        return '"simulated"."raw"."warehouse_mode"'
    return next(str(n["relation_name"]) for n in clean.nodes.values() if n["name"] == name and n.get("relation_name"))


def is_changed(connection: duckdb.DuckDBPyConnection, clean: Clean, name: str, select: str) -> bool:
    """Whether a changed copy differs from its relation."""
    relation = relation_name(clean, name)
    copy = select.replace("{0}", relation)
    query = f"select 1 from ((({copy}) except all (from {relation})) union all ((from {relation}) except all ({copy})))"
    return bool(connection.execute(f"{query} limit 1").fetchall())


def objections(connection: duckdb.DuckDBPyConnection, clean: Clean, test: str, name: str, select: str) -> int:
    """Rows that a test of dbt, or a comparison of marts, names once a relation is replaced by its changed copy."""
    is_mart_check = test in MART_CHECKS
    node = next(n for n in clean.models if n["name"] == "quality__marts") if is_mart_check else clean.tests[test]
    relation = relation_name(clean, name)
    assert relation in node["compiled_code"], f"{test} does not read {name}"
    connection.execute(f"create or replace temp table tampered as {select.replace('{0}', relation)}")
    query = node["compiled_code"].replace(relation, "temp.tampered")
    if is_mart_check:
        query = f"select * from ({query}) where check_id = '{test}'"
    return len(connection.execute(query).fetchall())


def generic_objections(connection: duckdb.DuckDBPyConnection, clean: Clean, test: str) -> int:
    """Rows that a generic test names once its relation is broken for it."""
    node = clean.tests[test]
    tested = clean.nodes[node["attached_node"]]
    columns = connection.execute(
        f"select column_name, column_type from (describe {tested['relation_name']})"
    ).fetchall()
    return objections(connection, clean, test, tested["name"], broken(node, dict(columns).__getitem__))
