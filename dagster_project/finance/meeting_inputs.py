"""What the meeting odds read: the futures curve of a day, the FOMC calendar, the range in force.

Here the input frames are checked and turned into arrays of shape (watch dates x months). What is solved from
them lives in `meeting_solve`, what is published in `meeting_odds`. No I/O and no wall clock.

Source of the rules: docs/methodology, section 3 (rate expectations) and section 9 (knowing when).

Months are whole numbers (months since 1970-01). Column `LOOKBACK_MONTHS` of a month array is the watch month,
smaller columns are expired months, larger ones the months ahead.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Days = npt.NDArray[np.datetime64]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LOOKBACK_MONTHS = 4  # the longest run of back-to-back meeting months since 2000
MIN_SETTLE, MAX_SETTLE = 85.0, 101.0  # EFFR between -1 % and 15 %; beyond it a settlement is a fault
# Adjacent monthly averages never differed by more than 0.85 (January 2008). In 2000-2004 the vendor fills the
# far end with a placeholder price (93.425, 98.552) up to 4.8 away: such contracts are off the curve.
MAX_MONTHLY_JUMP_PCT = 1.0
MAX_PIN_AGE_DAYS = 7  # an older last settlement does not stand for the whole expired month
MAX_CARRY_DAYS = 5  # EFFR carries over weekends and holidays, not over a hole in the file
# Scheduled meetings lie at most 58 days apart (2000-2027) and two intervals are 70 days or more.
MAX_MEETING_GAP_DAYS = 63

# Why a month average is unusable, the most telling first; `meeting_solve` adds the reasons of the calendar.
USABLE, IMPLAUSIBLE, OFF_CURVE, MISSING, PIN_UNKNOWN, BEYOND_CURVE = 0, 3, 4, 5, 6, 7
UNCOVERED, FREE, MEETING, UNDEFINED = 0, 1, 2, 3  # the state of a month


class OddsInputError(ValueError):
    """An input frame of the meeting odds breaks its contract."""


class CalendarGapError(OddsInputError):
    """A scheduled meeting is missing inside the calendar; the message names the gap."""


@dataclass(frozen=True)
class Curve:
    """Implied averages as seen on each watch date: average and fault (W, K), the others (W)."""

    watch: Days
    month: Ints
    average: Floats
    fault: Ints
    last_month: Ints

    @property
    def months(self) -> Ints:
        """Month number of every cell, shape (W, K)."""
        return self.month[:, None] + np.arange(self.average.shape[1]) - LOOKBACK_MONTHS


@dataclass(frozen=True)
class Calendar:
    """Checked FOMC calendar in date order; `cancelled` is NaT for a meeting that stands."""

    date: Days
    is_scheduled: Bools
    cancelled: Days
    lower: Floats
    upper: Floats

    @property
    def month(self) -> Ints:
        return month_number(self.date)

    @property
    def covered_months(self) -> tuple[int, int]:
        """First and last month of which we know whether it has a scheduled meeting."""
        months = self.month[self.is_scheduled]
        return int(months[0]), int(months[-1])

    def known(self, watch: Days) -> Bools:
        """Events that count on each watch date (W, events): standing meetings, moves already made."""
        stands = ~(self.cancelled[None, :] <= watch[:, None])
        return stands & (self.is_scheduled[None, :] | (self.date[None, :] <= watch[:, None]))


@dataclass(frozen=True)
class MonthStates:
    """State of each month as known on the watch date: announcement day and days (W, K each)."""

    state: Ints
    day: Ints
    days_in_month: Ints
    is_intermeeting: Bools


def month_number(days: Days) -> Ints:
    """Months since 1970-01 of each day."""
    return days.astype("datetime64[M]").astype(np.int64)


def to_days(frame: pd.DataFrame, column: str, table: str) -> Days:
    """A date column (dates, strings or timestamps) as datetime64[D]; a missing column is an error."""
    if column not in frame.columns:
        raise OddsInputError(f"{table}: column {column!r} is missing, got {list(map(str, frame.columns))}")
    return np.asarray(pd.to_datetime(frame[column]).to_numpy(), dtype="datetime64[D]")


def to_floats(frame: pd.DataFrame, column: str, table: str) -> Floats:
    """A column as float64, NaN where it has no value; raises OddsInputError when it is no number."""
    if column not in frame.columns:
        raise OddsInputError(f"{table}: column {column!r} is missing, got {list(map(str, frame.columns))}")
    return np.asarray(frame[column].to_numpy(dtype=float, na_value=np.nan))


def next_weekday(days: Days) -> Days:
    """EFFR of a day is published on the next business morning."""
    following: Days = np.busday_offset(days, 1, roll="backward")
    return following


def read_calendar(meetings: pd.DataFrame) -> Calendar:
    """Check the meeting list and put it in date order.

    Raises `CalendarGapError` when two scheduled meetings lie more than 63 days apart (a meeting is missing;
    the distance of a hole is at least 70 days in every year since 2000), `OddsInputError` for unknown kinds,
    missing or repeated dates. A cancelled meeting still closes the gap around it.
    """
    date = to_days(meetings, "meeting_date", "meetings")
    order = np.argsort(date, kind="stable")
    date = date[order]
    kind = meetings["kind"].astype("str").to_numpy()[order]
    strange = sorted(set(kind) - {"scheduled", "unscheduled"})
    if strange:
        raise OddsInputError(f"meetings: kind must be scheduled or unscheduled, got {strange}")
    if np.isnat(date).any() or (np.diff(date) == np.timedelta64(0, "D")).any():
        repeated = date[1:][np.diff(date) == np.timedelta64(0, "D")]
        raise OddsInputError(f"meetings: meeting_date is null or repeated: {[str(day) for day in repeated]}")
    is_scheduled = kind == "scheduled"
    if not is_scheduled.any():
        raise OddsInputError("meetings: no scheduled meeting, so no horizon can be known")
    _refuse_gaps(date[is_scheduled])
    lower = to_floats(meetings, "target_lower_after_pct", "meetings")[order]
    upper = to_floats(meetings, "target_upper_after_pct", "meetings")[order]
    cancelled = to_days(meetings, "cancelled_on", "meetings")[order]
    return Calendar(date, is_scheduled, cancelled, lower, np.where(np.isnan(upper), lower, upper))


def _refuse_gaps(scheduled: Days) -> None:
    gaps = np.flatnonzero(np.diff(scheduled) > np.timedelta64(MAX_MEETING_GAP_DAYS, "D"))
    if gaps.size:
        named = [f"{scheduled[gap]} to {scheduled[gap + 1]}" for gap in gaps]
        raise CalendarGapError(
            f"meetings: more than {MAX_MEETING_GAP_DAYS} days between scheduled meetings "
            f"({'; '.join(named)}); "
            "a meeting is missing there: add it (with cancelled_on if it was cancelled)"
        )


def month_states(calendar: Calendar, curve: Curve) -> MonthStates:
    """State of every month of the curve as it was known on each watch date.

    A month is undefined with two events in it, or when an intermeeting move fell into the watch month; it is
    uncovered outside the calendar, where "no meeting" is not known.
    """
    months = curve.months
    known = calendar.known(curve.watch)
    row, event = np.nonzero(known)
    column = calendar.month[event] - curve.month[row] + LOOKBACK_MONTHS
    inside = (column >= 0) & (column < months.shape[1])
    row, event, column = row[inside], event[inside], column[inside]
    count, day = np.zeros_like(months), np.zeros_like(months)
    np.add.at(count, (row, column), 1)
    np.add.at(day, (row, column), _day_of_month(calendar.date[event]))
    is_intermeeting = np.zeros(months.shape, dtype=bool)
    moved = ~calendar.is_scheduled[event] & (column == LOOKBACK_MONTHS)
    is_intermeeting[row[moved], column[moved]] = True
    first, last = calendar.covered_months
    state = np.select(
        [(count > 1) | is_intermeeting, count == 1, (months >= first) & (months <= last)],
        [UNDEFINED, MEETING, FREE],
        UNCOVERED,
    )
    return MonthStates(state, day, _days_in(months), is_intermeeting)


def _day_of_month(days: Days) -> Ints:
    first: Days = days.astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray((days - first).astype(np.int64) + 1, dtype=np.int64)


def _days_in(months: Ints) -> Ints:
    start: Days = months.astype("datetime64[M]").astype("datetime64[D]")
    following: Days = (months + 1).astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray((following - start).astype(np.int64), dtype=np.int64)


def range_in_force(calendar: Calendar, policy_rates: pd.DataFrame, watch: Days) -> tuple[Floats, Floats]:
    """Target range in percent after every announcement made on or before the watch date, NaN where unknown.

    The latest published policy row counts (published the next business morning, the target changes the day
    after the announcement), unless a meeting was held on its date or later: then the range decided there. A
    single target has lower = upper.
    """
    rate_date = to_days(policy_rates, "rate_date", "policy_rates")
    lower = to_floats(policy_rates, "target_lower_pct", "policy_rates")
    upper = to_floats(policy_rates, "target_upper_pct", "policy_rates")
    upper = np.where(np.isnan(upper), lower, upper)
    usable = np.flatnonzero(~np.isnan(lower))
    rate = usable[np.argsort(rate_date[usable], kind="stable")]
    rate_at = np.searchsorted(next_weekday(rate_date[rate]), watch, side="right")
    held = np.flatnonzero(np.isnat(calendar.cancelled))
    held_at = np.searchsorted(calendar.date[held], watch, side="right")
    never = np.array(["0001-01-01"], dtype="datetime64[D]")
    by_meeting = (held_at > 0) & (
        np.concatenate([never, calendar.date[held]])[held_at] >= np.concatenate([never, rate_date[rate]])[rate_at]
    )

    def pick(decided: Floats, published: Floats) -> Floats:
        after = np.concatenate([[np.nan], decided[held]])[held_at]
        return np.where(by_meeting, after, np.concatenate([[np.nan], published[rate]])[rate_at])

    return pick(calendar.lower, lower), pick(calendar.upper, upper)
