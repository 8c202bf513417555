"""Rows of marts that a delivery changed, and whether something told of them.

Compared is what a row says of its own day: a level, a year-to-date sum or a rank carries a fault on to every later
day, and says nothing there that a step of one session, or the figure below it, does not say on the day itself.

Belongs here: the comparison. Does not belong here: what was planted.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from tests.faults.planted.warehouse import Outcome

PRICES, FLOWS = "daily_bars", "fund_nav_shares"
RATES = ("fed_funds_futures", "policy_rates", "fomc_meetings")
FUNDAMENTALS = ("fund_holdings", "company_facts")


@dataclass(frozen=True)
class MartRows:
    """Rows of a mart as series, day and figures; `{0}` is the database."""

    sql: str
    tables: tuple[str, ...]
    """Raw tables whose checks may tell of a change."""
    memory_days: int
    """Days for which a fault of a day may change the rows after it: a run is named on its first day."""
    by_series: bool = True
    """Whether who tells must name the series."""


def _step(level: str, by: str) -> str:
    return f"round({level} / lag({level}) over (partition by {by} order by session_date) - 1, 9)"


COMPARED = {
    "price_levels": MartRows(
        f"select symbol, session_date, round(close, 6), {_step('level', 'symbol, return_basis')} "
        "from {0}marts.price_levels",
        (PRICES,), 30,
    ),
    "relative_performance": MartRows(
        "select small_symbol || ' ' || large_symbol, session_date, round(ratio, 9) from {0}marts.relative_performance "
        "where return_basis = 'price'",
        (PRICES,), 30, by_series=False,
    ),
    "relative_performance_horizons": MartRows(
        "select pair_id, session_date, round(gap_pp, 6) from {0}marts.relative_performance_horizons "
        "where horizon = '1D' and return_basis = 'price'",
        (PRICES,), 30, by_series=False,
    ),
    "fund_flows_daily": MartRows(
        "select fund_symbol, session_date, round(nav_usd, 6), round(net_flow_usd, 0) from {0}marts.fund_flows_daily",
        (FLOWS, PRICES), 35,
    ),
    "fund_flows_weekly": MartRows(
        "select fund_symbol, week_ending, round(net_flow_usd, 0), sessions_in_week from {0}marts.fund_flows_weekly",
        (FLOWS, PRICES), 42,
    ),
    "policy_and_yields": MartRows(
        "select '', rate_date, effr_pct, target_lower_pct, target_upper_pct, y2_pct, y10_pct "
        "from {0}marts.policy_and_yields",
        (*RATES, "treasury_yields"), 12, by_series=False,
    ),
    "rate_expectations": MartRows(
        "select '', watch_date, meeting_date, day_convention, round(prob_hike_pct, 6), round(end_rate_pct, 6) "
        "from {0}marts.rate_expectations",
        RATES, 75, by_series=False,
    ),
    "valuation": MartRows(
        "select basket, as_of_date, measure, method, round(value, 6) from {0}marts.valuation", FUNDAMENTALS, 900,
        by_series=False,
    ),
    "leverage": MartRows(
        "select basket, as_of_date, measure, round(aggregate_value, 6) from {0}marts.leverage", FUNDAMENTALS, 900,
        by_series=False,
    ),
}  # fmt: skip


REACHES_BACK_DAYS = {
    "prices_frozen": 14,
    "prices_fund_off_index": 6,
    "flows_nav_frozen": 6,
    "flows_shares_frozen": 25,
    "flows_shares_lagged": 30,
    "futures_curve_frozen": 7,
    "futures_final_settle": 35,
    "futures_frozen": 400,
    "rates_meetings_against_seed": 500,
}
"""Checks that need several rows name the last of them, and their sentence tells of those before it: so many days."""


def changed_days(connection: duckdb.DuckDBPyConnection, mart: MartRows) -> set[tuple[str, str]]:
    """Series and day of rows that are not those of the clean warehouse, attached as `clean`."""
    here, there = mart.sql.format(""), mart.sql.format("clean.")
    rows = connection.execute(
        f"select distinct * exclude (n) from (select columns(*)::varchar, 1 as n from "
        f"(({here}) except ({there})) union all select columns(*)::varchar, 1 from (({there}) except ({here})))"
    ).fetchall()
    return {(row[0], row[1]) for row in rows}


def told_days(outcome: Outcome, table_of: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    """What checks, tests and quarantine name, as text that holds the series and a day, by raw table."""
    told: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for check, series, day in outcome.findings:
        last = date.fromisoformat(day)
        for back in range(REACHES_BACK_DAYS.get(check, 0) + 1):
            told[table_of[check]].append((series, (last - timedelta(days=back)).isoformat()))
    for check, text in outcome.rejected:
        told[check.split("__")[0]] += [(text, word) for word in text.split('"') if _is_day(word)]
    for name, rows in outcome.objections.items():
        for row in rows:
            values = [str(value) for value in row.values()]
            for table in (PRICES, FLOWS) if "session" in name else (*RATES, *FUNDAMENTALS):
                told[table] += [(" ".join(values), value) for value in values if _is_day(value)]
    return told


def silent_changes(
    connection: duckdb.DuckDBPyConnection, outcome: Outcome, table_of: dict[str, str]
) -> dict[str, list[tuple[str, str]]]:
    """Rows of marts that changed and of whose day, and of none shortly before it, anything told."""
    told = told_days(outcome, table_of)
    found = {}
    for name, mart in COMPARED.items():
        days: dict[str, set[str]] = defaultdict(set)
        sayings = [saying for table in mart.tables for saying in told[table]]
        silent = []
        for series, day in sorted(changed_days(connection, mart)):
            key = series if mart.by_series else ""
            if key not in days:
                days[key] = {told_day for text, told_day in sayings if key in text}
            first = (date.fromisoformat(day) - timedelta(days=mart.memory_days)).isoformat()
            if not any(first <= one <= day for one in days[key]):
                silent.append((series, day))
        if silent:
            found[name] = silent
    return found


def _is_day(text: str) -> bool:
    return len(text) == 10 and text[4] == text[7] == "-"
