"""Odds of a rate move at each FOMC meeting, implied by 30-day fed funds futures.

Belongs here: the public function `meeting_odds` and the two tables it gives (`rate_expectations`,
`rate_probabilities`). What does not: reading the inputs (`meeting_inputs`, `meeting_curve`), the algebra of
the months (`meeting_solve`), the convolution (`meeting_distribution`), comparing with what happened
(`meeting_calibration`). No I/O.

The odds are market-implied and risk-neutral, not a forecast.
Source of the method: docs/methodology, section 3; CME Group, FedWatch methodology (two adjacent outcomes per
meeting, convolved over meetings); announcement day `post` as in pyfedwatch 1.2.0, `pre` as in cme-fedwatch
0.2.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dagster_project.finance.meeting_curve import read_curve
from dagster_project.finance.meeting_distribution import STEP_PCT, snapped_moves, step_distributions
from dagster_project.finance.meeting_inputs import (
    IMPLAUSIBLE,
    LOOKBACK_MONTHS,
    MAX_MEETING_GAP_DAYS,
    OFF_CURVE,
    Bools,
    Calendar,
    Curve,
    Floats,
    Ints,
    OddsInputError,
    month_number,
    month_states,
    range_in_force,
    read_calendar,
)
from dagster_project.finance.meeting_solve import (
    CONVENTIONS,
    SOLVED,
    DayConvention,
    SolvedMonths,
    reason_texts,
    solve_months,
)

HALF_TICK_PCT = 0.005
MAX_STEP_PCT = 2.0  # the largest single decision since 1994 was 1.00; a larger solved step is noise of N or M = 1
# Half a tick that moves the odds by more than 100 points cannot tell a cut from a hike: long forward chains
# at the end of the curve, and October 2001, whose one day before the meeting follows an intermeeting move.
MAX_PP_PER_HALF_TICK = 100.0
NEGLIGIBLE = 1e-14  # a probability at or below this is not a row; at most 1e-11 percent is left out per meeting


@dataclass(frozen=True)
class OddsIssue:
    """Something the caller must be told: what, on how many watch dates, first and last (ISO dates)."""

    code: str
    message: str
    watch_dates: int
    first_watch_date: str
    last_watch_date: str


@dataclass(frozen=True)
class OddsResult:
    """The two tables and everything that stopped the horizon or was left out of the curve."""

    expectations: pd.DataFrame
    probabilities: pd.DataFrame
    issues: tuple[OddsIssue, ...]


@dataclass(frozen=True)
class _Rows:
    """One entry per watch date and priced meeting (R): positions in the arrays, rank among the meetings."""

    watch: Ints
    column: Ints
    rank: Ints
    meeting_date: npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class _Steps:
    """Own steps and their distributions of one convention, one entry per row (R)."""

    start: Floats
    end: Floats
    direction: npt.NDArray[np.object_]
    pp_per_half_tick: Floats
    reason: npt.NDArray[np.object_]
    is_chained: Bools
    distribution: Floats  # (R, L), rows of zeros where the chain is broken
    lowest_move: int


def meeting_odds(
    settlements: pd.DataFrame,
    meetings: pd.DataFrame,
    policy_rates: pd.DataFrame,
    conventions: Sequence[DayConvention] = CONVENTIONS,
) -> OddsResult:
    """Rate expectations and probabilities of every meeting ahead, for all watch dates at once.

    Inputs: `settlements` (contract_month, session_date, settle), `meetings` (meeting_date, kind,
    cancelled_on, target_lower_after_pct, target_upper_after_pct), `policy_rates` (rate_date, effr_pct,
    target_lower_pct, target_upper_pct); rates in percent, rows in any order. A watch date is a session_date
    with a live contract.

    `expectations`: one row per watch_date, meeting_date, day_convention for each standing scheduled meeting
    after the watch date whose month is on the curve and inside the calendar. Rates in percent, changes in bp,
    probabilities in percent; `null_reason` is set on every row with a null number.
    `probabilities`: one row per outcome with a probability above 1e-12 percent; they sum to 100 within 1e-9.
    Both are ordered by convention (as asked for), watch date, meeting date and outcome.

    Raises `CalendarGapError` for a meeting missing inside the calendar, `OddsInputError` for a broken input.
    The end of the calendar is reported in `issues`, the rows stop there.
    """
    strange = sorted(set(conventions) - set(CONVENTIONS))
    if strange or not conventions:
        raise OddsInputError(f"conventions must be among {CONVENTIONS}, got {list(conventions)}")
    calendar = read_calendar(meetings)
    curve = read_curve(settlements, policy_rates)
    rows = _priced_meetings(calendar, curve)
    lower, upper = range_in_force(calendar, policy_rates, curve.watch)
    states = month_states(calendar, curve)

    def tables(convention: DayConvention) -> tuple[pd.DataFrame, pd.DataFrame]:
        steps = _chain_steps(rows, solve_months(curve, states, convention), np.isnan(lower)[rows.watch])
        return (
            _expectation_frame(rows, steps, curve, lower, upper, convention),
            _probability_frame(rows, steps, curve, lower, upper, convention),
        )

    expectations, probabilities = zip(*map(tables, conventions), strict=True)
    return OddsResult(
        pd.concat(expectations, ignore_index=True),
        pd.concat(probabilities, ignore_index=True),
        _issues(calendar, curve),
    )


def _priced_meetings(calendar: Calendar, curve: Curve) -> _Rows:
    """Scheduled meetings known on each watch date and strictly after it, up to the last month of the curve.

    A watch date so long before the first meeting of the calendar that one must be missing has no rows.
    """
    first_known = calendar.date[calendar.is_scheduled][:1]
    is_covered = first_known - curve.watch <= np.timedelta64(MAX_MEETING_GAP_DAYS, "D")
    ahead = calendar.known(curve.watch) & calendar.is_scheduled[None, :]
    ahead &= calendar.date[None, :] > curve.watch[:, None]
    ahead &= (calendar.month[None, :] <= curve.last_month[:, None]) & is_covered[:, None]
    watch, meeting = np.nonzero(ahead)
    rank = (np.cumsum(ahead, axis=1) - 1)[watch, meeting]
    column = calendar.month[meeting] - curve.month[watch] + LOOKBACK_MONTHS
    return _Rows(watch, column, rank, calendar.date[meeting])


def _chain_steps(rows: _Rows, solved: SolvedMonths, is_range_unknown: Bools) -> _Steps:
    """Own step of each meeting, then the cumulative distribution along the meetings of a watch date."""
    cell = (rows.watch, rows.column)
    start, end = solved.start[cell], solved.end[cell]
    reason = reason_texts(solved.reason[cell])
    pp_per_half_tick = solved.reach[cell] * HALF_TICK_PCT / STEP_PCT * 100.0
    is_open = np.isnan(start) | np.isnan(end)
    is_noise = ~is_open & (pp_per_half_tick > MAX_PP_PER_HALF_TICK)
    is_wild = ~is_open & ~is_noise & (np.abs(end - start) > MAX_STEP_PCT)
    reason[is_noise] = f"ill_conditioned: half a tick moves the odds by more than {MAX_PP_PER_HALF_TICK:.0f} points"
    reason[is_wild] = f"step_implausible: the solved step is larger than {MAX_STEP_PCT} percent"
    is_solved = ~(is_open | is_noise | is_wild)
    chains = solved.start.shape[0]
    table = np.full((chains, int(rows.rank.max(initial=-1)) + 1), np.nan)
    table[rows.watch, rows.rank] = np.where(is_solved, end - start, np.nan)
    distribution, lowest = step_distributions(table)
    first_broken = np.full(chains, np.iinfo(np.int64).max)
    np.minimum.at(first_broken, rows.watch[~is_solved], rows.rank[~is_solved])
    is_chained = rows.rank < first_broken[rows.watch]
    reason = _cumulative_reasons(rows, reason, is_solved, is_chained, first_broken, is_range_unknown)
    origin_start, origin_end = solved.start_origin[cell], solved.end_origin[cell]
    direction = np.full(start.shape, None, dtype=object)
    direction[is_solved] = "both_fixed"
    direction[is_solved & (origin_start == SOLVED)] = "backward"
    direction[is_solved & (origin_end == SOLVED)] = "forward"
    blank = np.where(is_solved, 1.0, np.nan)
    return _Steps(
        start * blank,
        end * blank,
        direction,
        pp_per_half_tick * blank,
        reason,
        is_chained,
        distribution.reshape(-1, distribution.shape[2]).take(rows.watch * table.shape[1] + rows.rank, axis=0),
        lowest,
    )


def _cumulative_reasons(
    rows: _Rows,
    reason: npt.NDArray[np.object_],
    is_solved: Bools,
    is_chained: Bools,
    first_broken: Ints,
    is_range_unknown: Bools,
) -> npt.NDArray[np.object_]:
    """Add what breaks only the cumulative numbers: an earlier meeting without odds, an unknown range."""
    broken_at = np.full(first_broken.shape, np.datetime64("NaT", "D"), dtype="datetime64[D]")
    is_first = rows.rank == first_broken[rows.watch]
    broken_at[rows.watch[is_first]] = rows.meeting_date[is_first]
    later = is_solved & ~is_chained
    names, position = np.unique(broken_at[rows.watch[later]], return_inverse=True)
    texts = np.array([f"chain_broken: the meeting of {name} before it has no odds" for name in names], dtype=object)
    result = reason.copy()
    result[later] = texts[position] if names.size else None
    unknown = is_solved & is_chained & is_range_unknown
    result[unknown] = "range_unknown: no target range is known on the watch date"
    return result


def _expectation_frame(
    rows: _Rows, steps: _Steps, curve: Curve, lower: Floats, upper: Floats, convention: DayConvention
) -> pd.DataFrame:
    change = (steps.end - steps.start) * 100.0
    moves = np.arange(steps.distribution.shape[1]) + steps.lowest_move
    shown = np.where(steps.is_chained & ~np.isnan(lower[rows.watch]), 100.0, np.nan)
    table = np.full((curve.watch.size, int(rows.rank.max(initial=-1)) + 1), np.nan)
    table[rows.watch, rows.rank] = change
    cumulative = np.cumsum(table, axis=1)[rows.watch, rows.rank]
    return pd.DataFrame(
        {
            "watch_date": curve.watch[rows.watch].astype("datetime64[us]"),
            "meeting_date": rows.meeting_date.astype("datetime64[us]"),
            "day_convention": pd.array([convention], dtype="str").repeat(rows.rank.size),
            "is_next_meeting": rows.rank == 0,
            "range_lower_pct": lower[rows.watch],
            "range_upper_pct": upper[rows.watch],
            "implied_average_pct": curve.average[rows.watch, rows.column],
            "start_rate_pct": steps.start,
            "end_rate_pct": steps.end,
            "prob_cut_pct": steps.distribution[:, moves < 0].sum(axis=1) * shown,
            "prob_hold_pct": steps.distribution[:, moves == 0].sum(axis=1) * shown,
            "prob_hike_pct": steps.distribution[:, moves > 0].sum(axis=1) * shown,
            "prob_hike_at_meeting_pct": np.clip(snapped_moves(steps.end - steps.start), 0.0, 1.0) * 100.0,
            "meeting_change_bp": change,
            "cumulative_change_bp": cumulative,
            "solve_direction": pd.array(steps.direction, dtype="str"),
            "pp_per_half_tick": steps.pp_per_half_tick,
            "null_reason": pd.array(steps.reason, dtype="str"),
        }
    )


def _probability_frame(
    rows: _Rows, steps: _Steps, curve: Curve, lower: Floats, upper: Floats, convention: DayConvention
) -> pd.DataFrame:
    labelled = ~np.isnan(lower[rows.watch])[:, None]
    row, outcome = np.nonzero((steps.distribution > NEGLIGIBLE) & labelled)
    watch = rows.watch[row]
    move_bp = (outcome + steps.lowest_move) * round(STEP_PCT * 100)
    return pd.DataFrame(
        {
            "watch_date": curve.watch[watch].astype("datetime64[us]"),
            "meeting_date": rows.meeting_date[row].astype("datetime64[us]"),
            "day_convention": pd.array([convention], dtype="str").repeat(row.size),
            "target_lower_bp": np.rint(lower[watch] * 100.0).astype(np.int64) + move_bp,
            "target_upper_bp": np.rint(upper[watch] * 100.0).astype(np.int64) + move_bp,
            "probability_pct": steps.distribution[row, outcome] * 100.0,
        }
    )


def _issues(calendar: Calendar, curve: Curve) -> tuple[OddsIssue, ...]:
    """Where the horizon stops at the calendar and what was left out of the curve."""
    first, last = calendar.date[calendar.is_scheduled][[0, -1]]
    live = np.arange(curve.fault.shape[1]) >= LOOKBACK_MONTHS
    too_early = first - curve.watch > np.timedelta64(MAX_MEETING_GAP_DAYS, "D")
    candidates = [
        (
            "calendar_ends_before_curve",
            f"the calendar ends with the meeting of {last}, the curve goes on: add the meetings after it",
            curve.last_month > month_number(np.array([last]))[0],
        ),
        (
            "calendar_starts_too_late",
            f"the first meeting of the calendar is {first}: no rows for watch dates long before it",
            too_early,
        ),
        (
            "settle_implausible",
            "settlements that are null or outside (85, 101) are not used",
            ((curve.fault == IMPLAUSIBLE) & live).any(axis=1),
        ),
        (
            "settle_off_curve",
            "settlements that jump by more than 1.0 from their neighbours are not used",
            ((curve.fault == OFF_CURVE) & live).any(axis=1),
        ),
    ]
    return tuple(_issue(code, text, curve.watch[where]) for code, text, where in candidates if where.any())


def _issue(code: str, message: str, days: npt.NDArray[np.datetime64]) -> OddsIssue:
    return OddsIssue(code, message, int(days.size), str(days[0]), str(days[-1]))
