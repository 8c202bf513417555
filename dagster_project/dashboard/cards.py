"""The five cards of the first screen: a figure each, with what it is compared with.

Belongs here: choosing columns of the marts and putting them into words. A card carries the question it was answered
from, so that a reader can ask it again.
Does not belong here: computing figures.
"""

from dataclasses import dataclass

from dagster_project.brief.model import Record
from dagster_project.charts.words import dollars, number, percent, points, span, worst
from dagster_project.dashboard.ask import Answer, Day
from dagster_project.dashboard.figures_flows import last_week
from dagster_project.dashboard.figures_rates import next_meeting, told_outcome

STALE_WEEK_DAYS = 14
STALE_SETTLEMENT_DAYS = 7
"""Older is no longer the week, or the odds, of the day; the brief has the same limits."""
BASE_RATE_SESSIONS = 63
OUTCOMES = {"hike": "a rise", "hold": "no change", "cut": "a cut"}
STATES = {True: "on", False: "off", None: "not defined"}


@dataclass(frozen=True)
class Card:
    """One figure.

    Attributes:
        name: Short name, part of addresses on the page.
        label: What the figure is.
        value: The figure in words.
        unit: Its unit and sign.
        context: Lines it is to be read with.
        method: Number of the section of docs/methodology.md that defines it.
        sql: The question.
        numbers: Columns of the first row of the answer that the card shows.
        stale: Why it is not of the day; empty when it is.
    """

    name: str
    label: str
    value: str
    unit: str
    context: tuple[str, ...]
    method: int
    sql: str
    numbers: Record
    stale: str = ""


def read_cards(day: Day) -> tuple[Card, ...]:
    """The cards of a day; one without figures says so."""
    return _gap(day), _gain(day), _flow(day), _odds(day), _signals(day)


def _gap(day: Day) -> Card:
    answer = day.ask(
        """
        select performance.ytd_gap_pp, performance.ytd_gap_rank_from_worst, performance.years_compared,
            year_to_date.small_return_pct, year_to_date.large_return_pct, year_to_date.base_session_date
        from marts.relative_performance as performance
        left join marts.relative_performance_horizons as year_to_date
            on performance.pair_id = year_to_date.pair_id and performance.return_basis = year_to_date.return_basis
            and performance.session_date = year_to_date.session_date and year_to_date.horizon = 'YTD'
        where performance.pair_id = {pair} and performance.return_basis = 'price'
            and performance.session_date = {day}
        """
    )
    row = answer.first
    if row is None or row["ytd_gap_pp"] is None:
        return _empty("gap", "Year-to-date gap", "the year before is not in the data", 1, answer)
    compared = row["years_compared"]
    rank = (
        f"{worst(row['ytd_gap_rank_from_worst'])} of {compared + 1} years at this session"
        if compared
        else "no earlier year to compare with"
    )
    sides = (
        f"{day.names[0]} {percent(row['small_return_pct'], 2)}, {day.names[1]} {percent(row['large_return_pct'], 2)} "
        f"since {row['base_session_date']}"
    )
    return Card(
        "gap", "Year-to-date gap", points(row["ytd_gap_pp"]), "percentage points, small minus large, price return",
        (rank, sides), 1, answer.sql,
        {name: row[name] for name in ("ytd_gap_pp", "ytd_gap_rank_from_worst", "years_compared")},
    )  # fmt: skip


def _gain(day: Day) -> Card:
    answer = day.ask(
        """
        select election_session_date, relative_pct, month_session_date, month_relative_pct, month_gain_left_pct,
            highest_relative_pct, highest_gain_left_pct
        from marts.relative_gain_since_election
        where pair_id = {pair} and return_basis = 'price' and session_date = {day}
        """
    )
    row = answer.first
    label = "Left of the post-election gain"
    if row is None or row["relative_pct"] is None:
        return _empty("gain", label, "no election lies in the data before this day", 1, answer)
    now = f"now {percent(row['relative_pct'], 2)} since {row['election_session_date']}"
    unit = "percent of the relative gain, small over large"
    if row["month_gain_left_pct"] is not None:
        context = (
            f"of {percent(row['month_relative_pct'], 2)} in the first month, {now}",
            f"{percent(row['highest_gain_left_pct'], 0, signed=False)} of the highest, "
            f"{percent(row['highest_relative_pct'], 2)}",
        )
        left = row["month_gain_left_pct"]
    elif row["highest_gain_left_pct"] is not None:
        context = (
            f"of {percent(row['highest_relative_pct'], 2)} at its highest, {now}",
            "the first month brought none",
        )
        left = row["highest_gain_left_pct"]
    else:
        return Card(
            "gain", label, "no gain", unit, (f"small caps were never ahead by 0.5 % or more; {now}",), 1, answer.sql,
            {"relative_pct": row["relative_pct"]},
        )  # fmt: skip
    value = f"{percent(left, 0, signed=False)}" if left >= 0 else "none"
    if left < 0:
        context = (context[0], "given back, and more")
    names = ("month_gain_left_pct", "highest_gain_left_pct", "relative_pct", "month_relative_pct")
    return Card("gain", label, value, unit, context, 1, answer.sql, {name: row[name] for name in names})


def _flow(day: Day) -> Card:
    answer = last_week(day)
    row = answer.first
    if row is None:
        return _empty("flow", "Flow of the week", "no whole week of flows was known", 2, answer)
    age = (day.day - row["week_ending"]).days
    late = row["net_flow_lag_corrected_usd"]
    sensitivity = (
        "if share counts are a session late: not known yet"
        if late is None
        else f"{dollars(late)} if share counts are a session late"
    )
    return Card(
        "flow", f"{row['fund_symbol']} flow, week to {row['week_ending']}", dollars(row["net_flow_usd"]),
        "US dollars, as stamped, positive is money coming in",
        (f"{percent(row['net_flow_pct_aum'], 2)} of assets", sensitivity), 2, answer.sql,
        {name: row[name] for name in ("net_flow_usd", "net_flow_pct_aum", "net_flow_lag_corrected_usd")},
        f"the week ended {age} days before" if age > STALE_WEEK_DAYS else "",
    )  # fmt: skip


def _odds(day: Day) -> Card:
    answer = next_meeting(day)
    row = answer.first
    if row is None:
        return _empty("odds", "Odds at the next meeting", "no fed funds futures were known", 3, answer)
    age = (day.day - row["watch_date"]).days
    stale = f"settlements are {age} days old" if age > STALE_SETTLEMENT_DAYS else ""
    outcome = told_outcome(row)
    label = f"Odds of {OUTCOMES[outcome]} on {row['meeting_date']}"
    one, other = row[f"pre_{outcome}_pct"], row[f"post_{outcome}_pct"]
    if one is None and other is None:
        return _empty("odds", label, f"undefined: {row['null_reason']}", 3, answer)
    others = ", ".join(
        f"{OUTCOMES[name]} {span(row[f'pre_{name}_pct'], row[f'post_{name}_pct'])}"
        for name in OUTCOMES
        if name != outcome
    )
    return Card(
        "odds", label, span(one, other), "percent, range of both announcement-day conventions",
        (others, f"settlements of {row['watch_date']}; risk-neutral, not a forecast"), 3, answer.sql,
        {f"pre_{outcome}_pct": one, f"post_{outcome}_pct": other}, stale,
    )  # fmt: skip


def _signals(day: Day) -> Card:
    answer = day.ask(
        """
        with cards as (
            select *
            from marts.signal_scorecard
            where pair_id = {pair} and is_year_end and sample_end <= {day} and horizon_sessions = {sessions}
            qualify sample_end = max(sample_end) over ()
        )

        select daily.signal_id, daily.is_on, cards.p_drawdown_3_on_pct, cards.p_drawdown_3_all_pct, cards.sample_end
        from marts.signal_daily as daily
        left join cards on daily.signal_id = cards.signal_id
        where daily.pair_id = {pair} and daily.session_date = {day}
        order by daily.is_on desc nulls last, daily.signal_id
        """,
        sessions=BASE_RATE_SESSIONS,
    )
    first = answer.first
    if first is None:
        return _empty("signals", "Warning signals on", "no signal is defined", 7, answer)
    states = sorted(answer.rows, key=lambda row: row["signal_id"])
    defined = [row for row in states if row["is_on"] is not None]
    on = sum(row["is_on"] for row in defined)
    value = f"{on} of {len(defined)}" if defined else "none defined"
    return Card(
        "signals", "Warning signals on", value, "signals on at the close",
        (", ".join(f"{row['signal_id']} {STATES[row['is_on']]}" for row in states), _base_rate(first)), 7, answer.sql,
        {name: first[name] for name in ("signal_id", "is_on", "p_drawdown_3_on_pct", "p_drawdown_3_all_pct")},
    )  # fmt: skip


def _base_rate(row: Record) -> str:
    """What followed all days, and days with the first signal that is on."""
    if row["p_drawdown_3_all_pct"] is None:
        return "no base rate yet: no year with outcomes had ended"
    base = f"a 3 % fall of large caps within {BASE_RATE_SESSIONS} sessions followed"
    everywhere = f"{number(row['p_drawdown_3_all_pct'], 0)} % of all days"
    if row["is_on"] and row["p_drawdown_3_on_pct"] is not None:
        return f"{base} {number(row['p_drawdown_3_on_pct'], 0)} % of days with {row['signal_id']} on, {everywhere}"
    return f"{base} {everywhere} (base rate)"


def _empty(name: str, label: str, reason: str, method: int, answer: Answer) -> Card:
    return Card(name, label, number(None), "no figure on this day", (reason,), method, answer.sql, {})
