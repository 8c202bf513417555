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


def last_week(reader: "duckdb.DuckDBPyConnection", day: date) -> list[Record]:
    """The funds of the last whole week known on `day`, most redeemed first.

    Share counts of a day are known on the session after it, so a week ends before `day`. The lag-corrected flow needs
    the count of the session after the week and is null until that is known.
    """
    return records(
        reader,
        """
        with calendar as (
            select max(session_date) filter (where session_date < ?) as session_before
            from marts.dim_calendar
        ),

        known as (
            select weekly.* exclude (net_flow_lag_corrected_usd),
                case
                    when weekly.week_ending < calendar.session_before then weekly.net_flow_lag_corrected_usd
                end as net_flow_lag_corrected_usd,
                security.name, security.size_segment
            from marts.fund_flows_weekly as weekly
            cross join calendar
            left join marts.dim_security as security on weekly.fund_symbol = security.symbol
            where weekly.week_ending < ? and weekly.is_complete_week
        )

        select * from known where week_ending = (select max(week_ending) from known)
        order by net_flow_usd nulls last, fund_symbol
        """,
        day, day,
    )  # fmt: skip


def fund_flows(weeks: list[Record], day: date) -> Section:
    """The section on flows, of the funds of `last_week`."""
    if not weeks:
        return Section(TITLE, (f"No whole week of flows was known on {day}.",), stale="no whole week was known")
    findings = [_sentence(week) for week in weeks if week["size_segment"] == "small"]
    findings.append(_league_sentence(weeks))
    age = (day - weeks[0]["week_ending"]).days
    stale = (
        f"the last whole week ended on {weeks[0]['week_ending']}, {age} days before" if age > STALE_AFTER_DAYS else ""
    )
    if stale:
        findings.insert(0, f"STALE on {day}: {stale}.")
    return Section(TITLE, tuple(findings), (_league(weeks),), tuple(weeks), stale)


def _sentence(week: Record) -> str:
    direction = "lost" if week["net_flow_usd"] < 0 else "took in"
    told = (
        f"{week['fund_symbol']} {direction} {abs(week['net_flow_usd']) / 1e6:,.1f} m USD in the Lipper week ended "
        f"{week['week_ending']} as stamped ({pct(week['net_flow_pct_aum'])} of assets); "
        f"{millions(week['net_flow_prior_nav_usd'])} at the prior day's NAV"
    )
    if week["net_flow_lag_corrected_usd"] is not None:
        told += f", {millions(week['net_flow_lag_corrected_usd'])} if share counts are one session late"
    return f"{told}."


def _league_sentence(weeks: list[Record]) -> str:
    worst = weeks[0]
    seen = f"{worst['fund_symbol']} has the lowest flow of the {len(weeks)} funds seen"
    if worst["outflow_rank"] is None:
        missing = "no universe lists it" if worst["universe_name"] is None else f"{worst['universe_name']} not all seen"
        return f"{seen} in the week ended {worst['week_ending']}; whether of any fund is undecidable: {missing}."
    return f"{seen}, and rank {worst['outflow_rank']} in the universe {worst['universe_name']}."


def _league(weeks: list[Record]) -> Table:
    return Table(
        f"Flows of the Lipper week ended {weeks[0]['week_ending']}, most redeemed first",
        ("fund", "as stamped", "% of assets", "lag-corrected", "year to date", "rank among seen"),
        tuple(
            (week["fund_symbol"], millions(week["net_flow_usd"]), pct(week["net_flow_pct_aum"]),
             millions(week["net_flow_lag_corrected_usd"]), millions(week["ytd_flow_usd"]),
             f"{week['rank_among_seen']} of {len(weeks)}")
            for week in weeks
        ),
        "Positive is money coming in. Lag-corrected: share counts moved one session back.",
    )  # fmt: skip
