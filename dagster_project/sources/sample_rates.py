"""SIMULATED policy rates and Treasury yields of the sample.

Belongs here: tables `policy_rates` and `treasury_yields`, and the Federal Reserve's business days.
Does not belong here: futures and the odds in them (`sample_futures`).

Every number is SIMULATED except the target range (anchors `target_lower`, `target_upper`, from the effective date)
and the calendar-day average of the effective rate in each month of the anchors (`effr_month_average`). The
waypoints of the yields are round assumptions and stand for no fact.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from dagster_project.sources.sample_anchors import Anchors
from dagster_project.sources.sample_tools import (
    FIRST_RECENT_SESSION,
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

RANGE_BEFORE_ANCHORS = (0.0, 0.25)
"""Target range in percent before the first anchor (2008-12-16 to 2015-12-16)."""
LEVELS_BEFORE_ANCHORS = (13, 36)
"""Assumed effective rate before the first month of the anchors, in basis points: old range, new range."""
MONTH_END_DIP = (1, 4)
"""Fall on the last business day of a month in basis points, least and most."""

TENORS = {
    "1mo": 1 / 12,
    "3mo": 0.25,
    "6mo": 0.5,
    "1yr": 1.0,
    "2yr": 2.0,
    "3yr": 3.0,
    "5yr": 5.0,
    "7yr": 7.0,
    "10yr": 10.0,
    "20yr": 20.0,
    "30yr": 30.0,
}
"""Tenor -> years."""
WAYPOINTS = {
    "2015-12-01": (0.95, 2.20),
    "2016-07-05": (0.60, 1.45),
    "2016-11-08": (0.85, 1.85),
    "2016-12-15": (1.25, 2.55),
    "2017-03-10": (1.35, 2.55),
    "2017-05-26": (1.30, 2.25),
    "2017-09-05": (1.30, 2.10),
    "2017-12-29": (1.90, 2.40),
}
"""Assumed 2-year and 10-year yields in percent that the simulated yields pass through."""


@dataclass(frozen=True)
class Policy:
    """Policy rates on the business days of the Federal Reserve, in percent, every array of shape (n,)."""

    days: Days
    effr: Floats
    lower: Floats
    upper: Floats


def policy_rates(anchors: Anchors) -> "pd.DataFrame":
    """Table `policy_rates`, one row per business day: effective rate and target range in percent."""
    import pandas as pd

    policy = simulate_policy(anchors)
    return pd.DataFrame(
        {
            "rate_date": policy.days.astype(str),
            "effr_pct": policy.effr,
            "target_lower_pct": policy.lower,
            "target_upper_pct": policy.upper,
        }
    )


def treasury_yields(anchors: Anchors) -> "pd.DataFrame":
    """Table `treasury_yields`, one row per day and tenor: par yield in percent to two decimals.

    The 2- and 10-year yields are bridges through WAYPOINTS, the short end leans on the policy rate, and the other
    tenors lie between and beyond them on a fixed shape.
    """
    import pandas as pd

    policy = simulate_policy(anchors)
    both = np.isin(policy.days, nyse_sessions())  # the bond market also closes on Good Friday
    days, bill = policy.days[both], policy.effr[both]
    shape = (days.size,)
    at = np.searchsorted(days, np.array(list(WAYPOINTS), dtype="datetime64[D]"))
    levels = np.array(list(WAYPOINTS.values()))
    random = generator("treasury")
    common, own = random.standard_normal((2, days.size))
    two = pinned_walk(0.028 * common, np.ones(shape), at, levels[:, 0])
    ten = pinned_walk(0.038 * (0.8 * common + 0.6 * own), np.ones(shape), at, levels[:, 1])
    month = pinned_walk(0.02 * random.standard_normal(days.size), np.ones(shape), at, np.full(at.size, -0.05))
    knots = np.column_stack([bill + month, bill + month + 0.09, two, ten, ten + 0.36, ten + 0.63])
    years = np.array(list(TENORS.values()))
    knot_years = np.array([1 / 12, 0.25, 2.0, 10.0, 20.0, 30.0])
    # Row k: weight of knot k in each tenor, interpolating over the logarithm of the years.
    weights = np.stack([np.interp(np.log(years), np.log(knot_years), unit) for unit in np.eye(knot_years.size)])
    curve = knots @ weights
    noise = 0.006 * random.standard_normal(curve.shape)
    return pd.DataFrame(
        {
            "rate_date": np.repeat(days.astype(str), years.size),
            "tenor": np.tile(list(TENORS), days.size),
            "par_yield_pct": np.round(np.maximum(curve + noise, 0.0), 2).ravel(),
        }
    )


@lru_cache(maxsize=2)
def simulate_policy(anchors: Anchors) -> Policy:
    """Effective rate and target range from FIRST_RECENT_SESSION to LAST_SESSION.

    Each month's days get one level in whole basis points, a dip on the last day, and one basis point more on some
    days, so that the calendar-day average (days off carry the rate before them) equals the anchor within 0.005.
    In a month with a change of range the days before it keep the level of the month before.
    """
    days = fed_business_days(np.datetime64(FIRST_RECENT_SESSION), np.datetime64(LAST_SESSION))
    lower = _in_force(anchors, "target_lower", days, RANGE_BEFORE_ANCHORS[0])
    upper = _in_force(anchors, "target_upper", days, RANGE_BEFORE_ANCHORS[1])
    averages = {np.datetime64(day, "M"): value for day, value in anchors.series("effr_month_average").items()}
    first, last = days[0].astype("datetime64[M]"), days[-1].astype("datetime64[M]")
    calendar = np.arange(days[0], (last + 1).astype("datetime64[D]"))
    carried = np.searchsorted(days, calendar, side="right") - 1
    random = generator("effr")
    effr = np.zeros(days.size, dtype=np.int64)
    level = LEVELS_BEFORE_ANCHORS[0]
    for month in np.arange(first, last + 1):
        weights = np.bincount(carried[calendar.astype("datetime64[M]") == month], minlength=days.size)
        inside = np.flatnonzero(days.astype("datetime64[M]") == month)
        new = inside[lower[inside] == lower[inside[-1]]]
        effr[inside] = level
        effr[inside[-1]] = -int(random.integers(MONTH_END_DIP[0], MONTH_END_DIP[1], endpoint=True))
        effr[new[new < inside[-1]]] = 0
        if month in averages:
            missing = round(100 * averages[month] * weights.sum() - float(weights @ effr))
            level, rest = divmod(missing, int(weights[new].sum()))
        else:
            level, rest = LEVELS_BEFORE_ANCHORS[1], 0
        order = random.permutation(new)
        effr[new] += level
        effr[order] += np.cumsum(weights[order]) <= rest
    return Policy(days, effr / 100.0, lower, upper)


def fed_business_days(first: np.datetime64, last: np.datetime64) -> Days:
    """Days on which the Federal Reserve works, both ends included, `datetime64[D]`, shape (days,).

    A holiday that falls on a Sunday is kept on Monday, one on a Saturday is not kept (rules of the Federal
    Reserve's holiday schedule; Juneteenth, kept from 2021, lies beyond the sample).
    """
    years = np.arange(first.astype("datetime64[Y]"), last.astype("datetime64[Y]") + 1)
    months = years.astype("datetime64[M]")
    fixed = np.concatenate([(months + m).astype("datetime64[D]") + d for m, d in ((0, 0), (6, 3), (10, 10), (11, 24))])
    is_sunday = (fixed.astype(np.int64) + 3) % 7 == 6  # 1970-01-01 was a Thursday; Monday is 0
    nth = ((0, 2, "Mon"), (1, 2, "Mon"), (8, 0, "Mon"), (9, 1, "Mon"), (10, 3, "Thu"))
    floating = [
        np.busday_offset((months + m).astype("datetime64[D]"), n, roll="forward", weekmask=day) for m, n, day in nth
    ]
    memorial = np.busday_offset((months + 5).astype("datetime64[D]"), -1, roll="forward", weekmask="Mon")
    holidays = np.concatenate([fixed + is_sunday, *floating, memorial])
    every = np.arange(first, last + 1)
    days: Days = every[np.is_busday(every, holidays=holidays)]
    return days


def _in_force(anchors: Anchors, series: str, days: Days, before: float) -> Floats:
    """Value of a stepwise series in force on each day, `before` until its first anchor, shape (n,)."""
    steps = anchors.series(series)
    position: Integers = np.searchsorted(np.array(list(steps), dtype="datetime64[D]"), days, side="right")
    values: Floats = np.array([before, *steps.values()])[position]
    return values
