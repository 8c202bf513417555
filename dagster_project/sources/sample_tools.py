"""What the simulations of the sample share: the calendar, seeded random numbers, pinned walks, CSV.

Belongs here: methods that know nothing of prices, flows or rates.
Does not belong here: parameters of one simulated table, and numbers that stand for facts.
"""

import zlib
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dagster_project.sources.base import SourceError

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]

FIRST_SESSION = date(1999, 12, 31)
"""First session of the long series."""
FIRST_RECENT_SESSION = date(2015, 12, 1)
"""First session of everything that is simulated for the recent years only."""
LAST_SESSION = date(2017, 12, 29)
"""Last session of the sample."""

SEED = 20170527
"""Seed of the whole simulation; a series adds the checksum of its name.

The first number from 20170526 up with which the year-to-date gap of 2017-05-26 is the worst of its 17 comparable
years, as it was: the levels at the year ends are anchored, the days between them are not.
"""


def generator(series: str) -> np.random.Generator:
    """Random numbers of one series: independent of every other series and of the order of calls."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([SEED, zlib.crc32(series.encode())])))


@lru_cache(maxsize=4)
def nyse_sessions(first: date = FIRST_SESSION, last: date = LAST_SESSION) -> Days:
    """NYSE sessions from `first` to `last`, both included, as `datetime64[D]`, shape (sessions,)."""
    import exchange_calendars  # type: ignore[import-untyped, unused-ignore]

    calendar = exchange_calendars.get_calendar("XNYS", start=first.isoformat(), end=last.isoformat())
    sessions: Days = calendar.sessions.to_numpy().astype("datetime64[D]")
    sessions.flags.writeable = False  # shared by every caller of the cache
    return sessions


def positions(days: Days, wanted: Days, what: str) -> Integers:
    """Positions of `wanted` in the sorted `days`.

    Raises:
        SourceError: one of `wanted` is not among `days`; the message names it and `what` it belongs to.
    """
    missing = np.setdiff1d(wanted, days)
    if missing.size:
        raise SourceError(f"{what}: {', '.join(map(str, missing))} is not a simulated session; correct the anchors")
    return np.searchsorted(days, wanted).astype(np.int64)


def pinned_walk(steps: Floats, variances: Floats, at: Integers, values: Floats) -> Floats:
    """Random walk that passes through `values` at the positions `at`: a chain of Brownian bridges.

    Between two pins the error at the pins is spread over the steps in proportion to their variance,
    which is the conditional law of a Gaussian walk given its pins. Beyond the last pin the walk is free.

    Args:
        steps: step into each position, shape (n,); the first is ignored.
        variances: variance of each step, > 0, shape (n,).
        at: positions of the pins, increasing, shape (k,).
        values: level at each pin, shape (k,).

    Returns:
        Levels, shape (n,).
    """
    free = np.cumsum(np.where(np.arange(steps.size) == 0, 0.0, steps))
    clock = np.cumsum(variances)
    pinned: Floats = free + np.interp(clock, clock[at], values - free[at])
    return pinned


def mean_reverting(shocks: Floats, persistence: float) -> Floats:
    """First-order autoregression `x_t = persistence * x_{t-1} + shock_t`, started at the first shock, shape (n,).

    The recursion is cut after 200 steps and written as a convolution.
    """
    weights = persistence ** np.arange(min(200, shocks.size))
    return np.convolve(shocks, weights)[: shocks.size]


def to_csv(frame: "pd.DataFrame") -> bytes:
    """UTF-8 CSV with a header and `\\n` line ends; floats as the shortest text that reads back the same."""
    text: Any = frame.to_csv(index=False, lineterminator="\n")
    return str(text).encode("utf-8")
