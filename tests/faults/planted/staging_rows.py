"""Rows of staging that a delivery changed, and whether something told of them.

Every mart is made of the raw tables whose current rows are compared (`raw_behind` proves it from the graph), so a mart
changes silently only where one of these rows does. Compared are all figures of a row, day by day; a mart would carry a
fault on into later days and round it away.

Belongs here: the comparison. Does not belong here: what was planted.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import pyarrow as pa

from tests.faults.planted.warehouse import Clean, Outcome

PRICES, FLOWS = "daily_bars", "fund_nav_shares"
RATES = ("fed_funds_futures", "policy_rates", "fomc_meetings")
FUNDAMENTALS = ("fund_holdings", "company_facts")
RAW = "source.smallcap_watch.raw."
MADE_OF_OTHERS = {"warehouse_mode", "split_events"}
"""Whether the data are simulated, and what the bars say of splits: no rows of a delivery."""
EVERY_SERIES = "all "
"""Findings about all series of a table at once are named so."""


@dataclass(frozen=True)
class Rows:
    """How to read the rows of a staging model."""

    columns: str
    """Series as the checks name it, day, figures."""
    tables: tuple[str, ...]
    """Raw tables whose checks may tell of a change."""
    memory_days: int = 0
    """Days by which a run of changed rows may have been named before: a run is often named on its first day."""


COMPARED = {
    "stg_prices__daily_bars": Rows(
        "symbol, session_date, open_price, high_price, low_price, close_price, volume_shares, dividend_per_share, "
        "split_ratio",  # the vendor's adjusted close is in no mart
        (PRICES, FLOWS), 31,
    ),
    "stg_flows__fund_nav_shares": Rows(
        "fund_symbol, as_of_date, nav_usd, shares_outstanding, distribution_usd", (FLOWS, PRICES), 31,
    ),
    "stg_rates__fed_funds_futures": Rows("'', session_date, contract_month, settle", RATES, 14),
    "stg_rates__policy_rates": Rows("'', rate_date, effr_pct, target_lower_pct, target_upper_pct", RATES, 7),
    "stg_rates__inbox_fomc_meetings": Rows(
        "'', meeting_date, kind, cancelled_on, target_lower_after_pct, target_upper_after_pct", ("fomc_meetings",)
    ),
    "stg_rates__treasury_yields": Rows("tenor, rate_date, par_yield_pct", ("treasury_yields", "policy_rates"), 7),
    "stg_fundamentals__fund_holdings": Rows(
        "basket, as_of_date, ticker, sector, asset_class, weight_pct, shares, market_value_usd, price_usd", FUNDAMENTALS
    ),
    "stg_fundamentals__company_fact_vintages": Rows(
        "company_id, period_end, concept, period_type, ticker, filed_date, fact_value, is_removed", FUNDAMENTALS
    ),
    "stg_fundamentals__index_fundamentals": Rows(
        "index_name, month_start, price, dividend, earnings, cape, pe_ttm, dividend_yield_pct",
        ("index_fundamentals",), 62,
    ),
    "stg_fundamentals__index_fundamental_vintages": Rows(
        "index_name, month_start, cape, is_removed", ("index_fundamentals",), 62
    ),
    "stg_fundamentals__published_figures": Rows("topic, as_of, source, published_value, unit", ("published_figures",)),
    "stg_membership__index_membership": Rows(
        "index_id || ' ' || member_id, valid_from, valid_to", ("index_membership",)
    ),
    "stg_membership__security_identifiers": Rows(
        "symbol || ' ' || member_id, valid_from, valid_to", ("security_identifiers",)
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


def raw_behind(clean: Clean, names: Collection[str] | None = None) -> set[str]:
    """Raw tables that these models are made of; without names the marts, but for those that tell of faults."""
    nodes = clean.nodes
    parents = {name: node.get("depends_on", {}).get("nodes", []) for name, node in nodes.items()}
    reached = {
        name for name, node in nodes.items()
        if node["resource_type"] == "model"
        and (node["schema"] == "marts" and "data_quality_" not in node["name"] if names is None
             else node["name"] in names)
    }  # fmt: skip
    while more := {parent for name in reached for parent in parents.get(name, [])} - reached:
        reached |= more
    return {name.removeprefix(RAW) for name in reached if name.startswith(RAW)} - MADE_OF_OTHERS


def clean_rows(clean: Clean) -> dict[str, pa.Table]:
    """The rows of every compared model where nothing is planted; views name the database of theirs."""
    with duckdb.connect(str(clean.warehouse_file), read_only=True) as connection:
        return {name: connection.sql(_sql(name)).to_arrow_table() for name in COMPARED}


def _sql(name: str) -> str:
    return f"select {COMPARED[name].columns} from staging.{name}"


def changed_days(connection: duckdb.DuckDBPyConnection, name: str, before: pa.Table) -> list[tuple[str, str]]:
    """Series and day of rows that are not those of the clean warehouse."""
    connection.register("_before", before)
    rows = connection.execute(
        f"select distinct * from (select columns(*)::varchar from ((({_sql(name)}) except (from _before)) union all "
        f"((from _before) except ({_sql(name)}))))"
    ).fetchall()
    connection.unregister("_before")
    return sorted({(row[0], row[1]) for row in rows})


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
    connection: duckdb.DuckDBPyConnection, before: dict[str, pa.Table], outcome: Outcome, table_of: dict[str, str]
) -> dict[str, list[tuple[str, str]]]:
    """Rows of staging that changed and of whose day, and of none shortly before it, anything told."""
    told = told_days(outcome, table_of)
    found = {}
    for name, rows in COMPARED.items():
        days: dict[str, set[str]] = defaultdict(set)
        sayings = [saying for table in rows.tables for saying in told[table]]
        silent = []
        for series, day in changed_days(connection, name, before[name]):
            if series not in days:
                days[series] = {
                    told_day for text, told_day in sayings if series in text or text.startswith(EVERY_SERIES)
                }
            first = (date.fromisoformat(day) - timedelta(days=rows.memory_days)).isoformat()
            if not any(first <= one <= day for one in days[series]):
                silent.append((series, day))
        if silent:
            found[name] = silent
    return found


def _is_day(text: str) -> bool:
    return len(text) == 10 and text[4] == text[7] == "-"
