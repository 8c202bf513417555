"""Fund flows in the brief: the last whole Lipper week that was known on the day.

Belongs here: queries on the flow marts and the words for their results. Positive is money coming in.
"""

from datetime import date
from typing import TYPE_CHECKING

from dagster_project.brief.model import Record, Section, Table, millions, pct, records

if TYPE_CHECKING:
    import duckdb

TITLE = "Fund flows"
STALE_AFTER_DAYS = 14
"""An older week is not the week of the day; it is told as stale."""


def fund_flows(reader: "duckdb.DuckDBPyConnection", day: date) -> Section:
    """The section on flows. Share counts of a day are known the next morning, so the week ends before `day`."""
    weeks = records(
        reader,
        """
        with known as (
            select weekly.*, security.name, security.size_segment
            from marts.fund_flows_weekly as weekly
            left join marts.dim_security as security on weekly.fund_symbol = security.symbol
            where weekly.week_ending < ? and weekly.is_complete_week
        )
        select * from known where week_ending = (select max(week_ending) from known)
        order by net_flow_usd nulls last, fund_symbol
        """,
        day,
    )
    if not weeks:
        return Section(TITLE, ("No whole week of flows was known on this day.",))
    small = [week for week in weeks if week["size_segment"] == "small"]
    findings = [_sentence(week) for week in small]
    findings.append(_league_sentence(weeks))
    age = (day - weeks[0]["week_ending"]).days
    if age > STALE_AFTER_DAYS:
        findings.insert(0, f"STALE: the last whole week ended {age} days before {day}.")
    return Section(TITLE, tuple(findings), (_league(weeks),), tuple(weeks))


def _sentence(week: Record) -> str:
    direction = "lost" if week["net_flow_usd"] < 0 else "took in"
    told = (
        f"{week['fund_symbol']} {direction} {abs(week['net_flow_usd']) / 1e6:,.1f} m USD in the Lipper week ended "
        f"{week['week_ending']} as stamped ({pct(week['net_flow_pct_aum'])} of assets); "
        f"{millions(week['net_flow_prior_nav_usd'])} at the prior day's NAV, "
        f"{millions(week['net_flow_lag_corrected_usd'])} if share counts are one session late."
    )
    if week["zscore_52w"] is not None:
        told += f" That is {week['zscore_52w']:+.1f} standard deviations from the mean of the 52 weeks before"
        told += f"; {week['outflow_pct_rank_in_own_history']:.0f} % of its earlier weeks were lower."
    return told + f" Year to date {millions(week['ytd_flow_usd'])}."


def _league_sentence(weeks: list[Record]) -> str:
    worst = weeks[0]
    seen = f"{worst['fund_symbol']} has the lowest flow of the {len(weeks)} funds seen"
    if worst["outflow_rank"] is None:
        return (
            f"{seen}; whether of any fund is undecidable: the universe {worst['universe_name']} is not complete here."
        )
    return f"{seen}, and rank {worst['outflow_rank']} in the universe {worst['universe_name']}."


def _league(weeks: list[Record]) -> Table:
    return Table(
        f"Flows of the Lipper week ended {weeks[0]['week_ending']}, most redeemed first",
        ("fund", "as stamped", "% of assets", "prior-day NAV", "lag-corrected", "year to date", "rank among seen"),
        tuple(
            (week["fund_symbol"], millions(week["net_flow_usd"]), pct(week["net_flow_pct_aum"]),
             millions(week["net_flow_prior_nav_usd"]), millions(week["net_flow_lag_corrected_usd"]),
             millions(week["ytd_flow_usd"]), f"{week['rank_among_seen']} of {len(weeks)}")
            for week in weeks
        ),
    )  # fmt: skip
