"""The rate before and after every meeting, solved from the monthly averages of the futures curve.

Belongs here: the algebra `A = (N S + M E) / D` over chains of meeting months and the reason wherever it has
no answer. What does not: reading frames (`meeting_inputs`, `meeting_curve`), probabilities (`meeting_odds`).

Source of the method: docs/methodology, section 3 rules 2-5; CME Group, "Understanding the CME Group FedWatch
Tool Methodology" (backward chains from the latest pinned month); announcement day as in CME's 2015 worked
example (`post`) or as the effective rate really moves (`pre`).
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from dagster_project.finance.meeting_inputs import (
    BEYOND_CURVE,
    FREE,
    IMPLAUSIBLE,
    LOOKBACK_MONTHS,
    MEETING,
    MISSING,
    OFF_CURVE,
    PIN_UNKNOWN,
    UNCOVERED,
    UNDEFINED,
    Curve,
    Floats,
    Ints,
    MonthStates,
)

DayConvention = Literal["post", "pre"]
CONVENTIONS: tuple[DayConvention, ...] = get_args(DayConvention)

# Reasons, the most telling first; those between are the faults of a month average (`meeting_inputs`).
INTERMEETING_MOVE, TWO_EVENTS, OUTSIDE_CALENDAR, MONTH_EDGE = 1, 2, 8, 9
_REASON_SCALE = 1_000_000  # a reason is one number: code * scale + month
NO_REASON = 99 * _REASON_SCALE

REASON_TEXTS = {
    INTERMEETING_MOVE: "intermeeting_move: the rate moved between meetings in {month}, no solve",
    TWO_EVENTS: "two_events_in_month: {month} has two announcements, its solve is undefined",
    IMPLAUSIBLE: "settle_implausible: the {month} settlement is null or outside (85, 101)",
    OFF_CURVE: "settle_off_curve: the {month} settlement is more than 1.0 off its neighbours",
    MISSING: "contract_missing: no settlement of the {month} contract on the watch date",
    PIN_UNKNOWN: "past_month_unknown: {month} has neither a last settlement nor a published realised average",
    BEYOND_CURVE: "curve_ends: the curve of the watch date ends before {month}",
    OUTSIDE_CALENDAR: "outside_calendar: it is not known whether {month} has a meeting",
    MONTH_EDGE: "announcement_at_month_edge: {month} has no day on that side of the announcement",
}

PINNED, SOLVED, CHAINED = 1, 2, 3  # where a rate comes from: month without a meeting, own contract, neighbour


@dataclass(frozen=True)
class SolvedMonths:
    """Per watch date and month (W, K): rates in percent, their origin, the step's sensitivity, the reason.

    `reach` is the largest change of `end - start` per unit change of one live contract's average.
    """

    start: Floats
    end: Floats
    start_origin: Ints
    end_origin: Ints
    reach: Floats
    reason: Ints


def days_at_old_rate(day: Ints, convention: DayConvention) -> Ints:
    """N: `post` counts the announcement day at the new rate (N = d - 1), `pre` at the old one (N = d)."""
    return day - 1 if convention == "post" else day


def solve_months(curve: Curve, months: MonthStates, convention: DayConvention) -> SolvedMonths:
    """Solve S and E of every meeting month, shape (W, K); NaN with a reason where there is no answer.

    A neighbouring month without a meeting fixes the adjacent rate; what is left is solved backward from the
    latest fixed month, then forward. No loop over watch dates, one over the months ahead.
    """
    work = _Solver(curve, months, convention)
    for column in range(curve.average.shape[1] - 2, -1, -1):
        work.backward(column)
    for column in range(1, curve.average.shape[1]):
        work.forward(column)
    return work.result()


class _Solver:
    """The two passes over the months; every array has the shape (watch dates, months)."""

    def __init__(self, curve: Curve, months: MonthStates, convention: DayConvention) -> None:
        shape = curve.average.shape
        self.average, self.fault, self.month = curve.average, curve.fault, curve.months
        self.state = months.state
        self.is_meeting = months.state == MEETING
        self.days = months.days_in_month.astype(float)
        self.old = np.where(self.is_meeting, days_at_old_rate(months.day, convention), 0).astype(float)
        self.new = self.days - self.old
        self.start, self.end = np.full(shape, np.nan), np.full(shape, np.nan)
        self.start_origin, self.end_origin = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        self.start_reach, self.end_reach = np.zeros(shape), np.zeros(shape)
        self.own_reason = self._own_reasons(months)
        self.start_reason = np.full(shape, NO_REASON)
        self.end_reason = np.full(shape, NO_REASON)

    def _own_reasons(self, months: MonthStates) -> Ints:
        """Why a month's own contract says nothing: its state first, then the fault of its settlement."""
        undefined = np.where(months.is_intermeeting, INTERMEETING_MOVE, TWO_EVENTS)
        code = np.where(self.state == UNDEFINED, undefined, self.fault)
        return np.where(code > 0, code * _REASON_SCALE + self.month, NO_REASON)

    def backward(self, k: int) -> None:
        """Fix E of month k from the month after, S from the month before, then solve S."""
        self._fix_end(k)
        if k > 0:
            self._put_start(k, self.state[:, k - 1] == FREE, self.average[:, k - 1], float(self._live(k - 1)), PINNED)
        days, old, new = self.days[:, k], self.old[:, k], self.new[:, k]
        with np.errstate(invalid="ignore", divide="ignore"):
            rest = np.where(new > 0, new * self.end[:, k], 0.0)  # M = 0: the contract is the old rate alone
            solved = (days * self.average[:, k] - rest) / old
            reach = np.maximum(days / old * self._live(k), new / old * self.end_reach[:, k])
        self._put_start(k, old > 0, solved, reach, SOLVED)

    def _fix_end(self, k: int) -> None:
        after_free = self.state[:, k + 1] == FREE
        self._put_end(k, after_free, self.average[:, k + 1], float(self._live(k + 1)), PINNED)
        chained = self.is_meeting[:, k + 1]
        self._put_end(k, chained, self.start[:, k + 1], self.start_reach[:, k + 1], CHAINED)
        self._put_end(k, self.old[:, k] == 0, self.average[:, k], float(self._live(k)), SOLVED)
        self.end_reason[:, k] = self._side_reason(k + 1, self.end_reason[:, k + 1], self.old[:, k + 1] == 0)

    def forward(self, k: int) -> None:
        """Take S of month k from the chain before it and solve E where it is still open."""
        before = k - 1
        self._put_start(k, self.is_meeting[:, before], self.end[:, before], self.end_reach[:, before], CHAINED)
        self.start_reason[:, k] = self._side_reason(before, self.start_reason[:, before], self.new[:, before] == 0)
        days, old, new = self.days[:, k], self.old[:, k], self.new[:, k]
        with np.errstate(invalid="ignore", divide="ignore"):
            solved = (days * self.average[:, k] - old * self.start[:, k]) / new
            reach = np.maximum(days / new * self._live(k), old / new * self.start_reach[:, k])
        self._put_end(k, new > 0, solved, reach, SOLVED)

    def _live(self, k: int) -> bool:
        """An expired month no longer moves with the market."""
        return k >= LOOKBACK_MONTHS

    def _put_start(self, k: int, where: np.ndarray, value: Floats, reach: Floats | float, origin: int) -> None:
        put = self.is_meeting[:, k] & np.isnan(self.start[:, k]) & where & ~np.isnan(value)
        self.start[:, k] = np.where(put, value, self.start[:, k])
        self.start_reach[:, k] = np.where(put, reach, self.start_reach[:, k])
        self.start_origin[put, k] = origin

    def _put_end(self, k: int, where: np.ndarray, value: Floats, reach: Floats | float, origin: int) -> None:
        put = self.is_meeting[:, k] & np.isnan(self.end[:, k]) & where & ~np.isnan(value)
        self.end[:, k] = np.where(put, value, self.end[:, k])
        self.end_reach[:, k] = np.where(put, reach, self.end_reach[:, k])
        self.end_origin[put, k] = origin

    def _side_reason(self, neighbour: int, further: Ints, at_edge: np.ndarray) -> Ints:
        """Why the neighbouring month does not fix the rate on its side."""
        own, month = self.own_reason[:, neighbour], self.month[:, neighbour]
        chain = np.where(at_edge, MONTH_EDGE * _REASON_SCALE + month, further)
        chain = np.where(own < NO_REASON, own, chain)
        outside = np.minimum(OUTSIDE_CALENDAR * _REASON_SCALE + month, own)
        return np.select([self.is_meeting[:, neighbour], self.state[:, neighbour] == UNCOVERED], [chain, outside], own)

    def result(self) -> SolvedMonths:
        start_open, end_open = np.isnan(self.start), np.isnan(self.end)
        sides = np.minimum(
            np.where(start_open, self.start_reason, NO_REASON), np.where(end_open, self.end_reason, NO_REASON)
        )
        reason = np.where(self.own_reason < NO_REASON, self.own_reason, sides)
        reason = np.where(start_open | end_open, reason, NO_REASON)
        with np.errstate(invalid="ignore", divide="ignore"):
            own_start = self.days / self.old * np.maximum(self.end_reach, 1.0)
            own_end = self.days / self.new * np.maximum(self.start_reach, 1.0)
        reach = np.select(
            [self.start_origin == SOLVED, self.end_origin == SOLVED],
            [own_start, own_end],
            np.maximum(self.start_reach, self.end_reach),
        )
        return SolvedMonths(self.start, self.end, self.start_origin, self.end_origin, reach, reason)


def reason_texts(reasons: Ints) -> np.ndarray:
    """Text of each reason number (object array), None where there is no reason."""
    numbers, position = np.unique(reasons, return_inverse=True)
    texts = np.empty(numbers.size, dtype=object)
    for index, number in enumerate(numbers):
        code, month = divmod(int(number), _REASON_SCALE)
        if number != NO_REASON:
            texts[index] = REASON_TEXTS[code].format(month=np.datetime64(month, "M"))
    return np.asarray(texts[position.reshape(reasons.shape)])
