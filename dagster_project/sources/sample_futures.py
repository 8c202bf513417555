"""SIMULATED settlements of 30-day fed funds futures, and the expectations behind them.

Belongs here: table `fed_funds_futures`, the simulated odds of each meeting.
Does not belong here: realised rates (`sample_rates`), the reading of odds out of settlements (`finance`).

Every number is SIMULATED except that the odds of the anchors (`fedwatch_hike_<meeting>`) come back out of the
settlements of their day within two percentage points (the ticks), with the announcement day counted at the new
rate. Meeting days are facts (`fomc_decision_date`).
"""

from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from dagster_project.sources.sample_anchors import Anchors
from dagster_project.sources.sample_rates import Policy, simulate_policy
from dagster_project.sources.sample_tools import (
    LAST_SESSION,
    Days,
    Floats,
    Integers,
    generator,
    nyse_sessions,
    pinned_walk,
)

if TYPE_CHECKING:
    import pandas as pd

FIRST_WATCH_DATE = date(2016, 1, 4)
CONTRACTS = 13
"""Contracts per watch date: the current month and the twelve after it."""
TICK, FRONT_TICK = 0.005, 0.0025
"""Smallest step of a settlement, and of the current month's."""
STEP = 0.25
"""Size of a move in percentage points."""
PRIOR_ODDS = {True: 0.35, False: 0.05}
"""Assumed odds of a rise long before a meeting in March, June, September and December (True), or another."""
LAST_ODDS = {True: 0.97, False: 0.02}
"""Assumed odds on the last session before a meeting that raised the range (True), or did not."""
ODDS_NOISE = 0.045
"""Daily standard deviation of the log odds."""
ODDS_DRAW = 0
"""Draw of the noise of the odds: the first with which the rounding to ticks leaves every way to solve for the
anchored odds (from the months around the meeting, or from the month of the meeting itself) within two points."""
SETTLED_DAYS = 10
"""Business days whose mean distance from the middle of the range is expected to last."""


def fed_funds_futures(anchors: Anchors) -> "pd.DataFrame":
    """Table `fed_funds_futures`: settlement per watch date and contract month (its first day).

    The price is 100 less the calendar-day average of the expected path: the effective rate as published so far,
    then the present level, then 0.25 points times the odds of a rise from each meeting's announcement day on.

    Raises:
        SourceError: an anchor series is missing.
    """
    import pandas as pd

    sessions = nyse_sessions()
    sessions = sessions[sessions >= np.datetime64(FIRST_WATCH_DATE)]
    policy = simulate_policy(anchors)
    last_month = np.datetime64(LAST_SESSION, "M") + CONTRACTS
    calendar = np.arange(policy.days[0], last_month.astype("datetime64[D]"))
    path = _expected_path(sessions, calendar, policy, anchors)
    averages, months = _month_averages(path, sessions, calendar)
    settle = 100.0 - averages
    settle[:, :1] = np.round(settle[:, :1] / FRONT_TICK) * FRONT_TICK
    settle[:, 1:] = np.round(settle[:, 1:] / TICK) * TICK
    volume, interest = generator("futures activity").standard_normal((2, *settle.shape))
    fading = np.exp(-0.12 * np.arange(CONTRACTS))
    return pd.DataFrame(
        {
            "contract_month": months.astype("datetime64[D]").astype(str).ravel(),
            "session_date": np.repeat(sessions.astype(str), CONTRACTS),
            "settle": np.round(settle, 4).ravel(),
            "volume": np.round(2.5e4 * fading * np.exp(0.5 * volume)).astype(np.int64).ravel(),
            "open_interest": np.round(2.0e5 * fading * np.exp(0.05 * interest)).astype(np.int64).ravel(),
        }
    )


def meeting_odds(sessions: Days, anchors: Anchors) -> tuple[Days, Floats]:
    """Simulated odds of a 0.25 point rise at each meeting, as seen on each session before it, else 0.

    Bridges of the log odds from a prior to the known outcome, through the published odds of the meeting if any.
    Meetings after the last known range keep the prior.

    Returns:
        Meeting days, shape (meetings,), and odds as fractions, shape (sessions, meetings).
    """
    meetings = np.array(anchors.days("fomc_decision_date"), dtype="datetime64[D]")
    effective = np.array(list(anchors.series("target_lower")), dtype="datetime64[D]")
    published = {row.series for row in anchors.rows}
    columns = []
    for meeting in meetings:
        series = f"fedwatch_hike_{meeting}"
        knots = dict(anchors.series(series)) if series in published else {}
        rises = bool(np.isin(meeting + 1, effective)) if meeting < sessions[-1] else None
        columns.append(_odds_of_meeting(sessions, meeting, rises, knots))
    return meetings, np.column_stack(columns)


def _odds_of_meeting(
    sessions: Days, meeting: np.datetime64, rises: bool | None, published: dict[date, float]
) -> Floats:
    prior = PRIOR_ODDS[bool(meeting.astype("datetime64[M]").astype(int) % 3 == 2)]
    knots = {sessions[0]: prior}
    if not published and rises:
        knots[meeting - 45] = 0.5
    knots |= {np.datetime64(day): percent / 100 for day, percent in published.items()}
    if rises is not None:
        knots[meeting - 1] = LAST_ODDS[rises]
    at = np.searchsorted(sessions, np.array(list(knots), dtype="datetime64[D]"), side="right") - 1
    at, kept = np.unique(np.maximum(at, 0)[::-1], return_index=True)  # the later knot wins a shared session
    odds = np.array(list(knots.values()))[::-1][kept]
    noise = ODDS_NOISE * generator(f"odds {meeting} {ODDS_DRAW}").standard_normal(sessions.size)
    log_odds = pinned_walk(noise, np.ones(noise.size), at.astype(np.int64), np.log(odds / (1 - odds)))
    return np.where(sessions < meeting, 1 / (1 + np.exp(-log_odds)), 0.0)


def _expected_path(sessions: Days, calendar: Days, policy: Policy, anchors: Anchors) -> Floats:
    """Rate in percent expected for each calendar day as of each watch date, shape (sessions, calendar days).

    Days before the watch date carry the published rate; nothing later is used except the range that was announced
    by the close of the watch date.
    """
    carried = np.minimum(np.searchsorted(policy.days, calendar, side="right") - 1, policy.days.size - 1)
    is_past = calendar[None, :] < sessions[:, None]
    meetings, odds = meeting_odds(sessions, anchors)
    rises = STEP * odds @ (calendar[None, :] >= meetings[:, None]).astype(np.float64)
    today, tomorrow = _middle(policy, sessions), _middle(policy, sessions + 1)
    is_today = calendar[None, :] == sessions[:, None]
    middle = np.where(is_today, today[:, None], tomorrow[:, None])
    expected = middle + _settled_distance(sessions, policy)[:, None] + rises
    return np.where(is_past, policy.effr[carried][None, :], expected)


def _middle(policy: Policy, days: Days) -> Floats:
    """Middle of the target range in force on each day, in percent, shape (n,)."""
    at = np.minimum(np.searchsorted(policy.days, days, side="right") - 1, policy.days.size - 1)
    middle: Floats = (policy.lower[at] + policy.upper[at]) / 2
    return middle


def _settled_distance(sessions: Days, policy: Policy) -> Floats:
    """Mean of effective rate less middle of the range over the last published days, month ends left out."""
    months = policy.days.astype("datetime64[M]")
    is_ordinary = np.append(months[1:] == months[:-1], False)
    days = policy.days[is_ordinary]
    distance = (policy.effr - (policy.lower + policy.upper) / 2)[is_ordinary]
    running = np.concatenate([[0.0], np.cumsum(distance)])
    until: Integers = np.searchsorted(days, sessions)  # published: strictly before the watch date
    since = np.maximum(until - SETTLED_DAYS, 0)
    mean: Floats = (running[until] - running[since]) / (until - since)
    return mean


def _month_averages(path: Floats, sessions: Days, calendar: Days) -> tuple[Floats, Days]:
    """Calendar-day average of the contract months of each watch date, and the months, shape (sessions, CONTRACTS)."""
    months = calendar.astype("datetime64[M]")
    starts = np.flatnonzero(np.append(True, months[1:] != months[:-1]))
    averages = np.add.reduceat(path, starts, axis=1) / np.diff(np.append(starts, months.size))
    ahead = np.arange(CONTRACTS).astype("timedelta64[M]")
    wanted: Days = sessions.astype("datetime64[M]")[:, None] + ahead
    at = (wanted - months[0]).astype(np.int64)
    return np.take_along_axis(averages, at, axis=1), wanted
