"""SIMULATED daily bars of the sample: indices, index funds and the volatility index.

Belongs here: the paths of the closes and the bars around them, table `daily_bars`.
Does not belong here: net asset values and share counts (`sample_flows`), rates (`sample_rates`).

Every number is SIMULATED except the closes of ^RUT and ^GSPC on the days of the anchors
(`russell2000_close`, `sp500_close`). The parameters below are round assumptions about volatility, correlation,
tilt and yield; they stand for no fact. Prices are split-adjusted and not dividend-adjusted.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dagster_project.sources.sample_anchors import Anchors
from dagster_project.sources.sample_tools import (
    FIRST_RECENT_SESSION,
    FIRST_SESSION,
    Days,
    Floats,
    Integers,
    generator,
    mean_reverting,
    nyse_sessions,
    pinned_walk,
    positions,
)

if TYPE_CHECKING:
    import pandas as pd

CORRELATION = 0.86
"""Correlation of the daily returns of small and large caps."""
VOLATILITY_RATIO = 1.42
"""Volatility of small over large caps; the beta is CORRELATION * VOLATILITY_RATIO, about 1.2."""
SESSIONS_PER_YEAR = 252
# fmt: off
LARGE_CAP_VOLATILITY = (
    0.15,                                                        # 1999
    0.20, 0.20, 0.25, 0.17, 0.11, 0.10, 0.10, 0.15, 0.38, 0.26,  # 2000 to 2009
    0.18, 0.22, 0.13, 0.11, 0.11, 0.14, 0.12, 0.08,              # 2010 to 2017
)
# fmt: on
"""Assumed volatility of large caps, one figure a year from 1999 to 2017, annualised, as a fraction."""
TRACKING_NOISE = 0.00015
"""Daily noise of an index fund against its index, as a fraction."""


@dataclass(frozen=True)
class Fund:
    """How a fund is simulated from its index: `price = scale * index * exp(tilt * value spread + noise)`."""

    symbol: str
    index: str
    scale: float
    dividend_yield: float
    """Annual, as a fraction, paid in four parts."""
    volume: float
    """Typical shares a day."""
    tilt: float = 0.0
    """Share of the value-minus-growth spread of small caps."""
    noise: float = TRACKING_NOISE
    """Daily tracking noise, as a fraction."""
    is_long: bool = False
    """From 1999 on, and on the scale of the index at every anchor."""


FUNDS = (
    Fund("IWM", "^RUT", 0.1, 0.014, 3.0e7, is_long=True),
    Fund("SPY", "^GSPC", 0.1, 0.020, 8.0e7, is_long=True),
    Fund("IJR", "^RUT", 0.05, 0.012, 3.0e6, noise=0.0022),
    Fund("VTWO", "^RUT", 0.08, 0.013, 1.5e5),
    Fund("IWN", "^RUT", 0.085, 0.018, 1.0e6, tilt=0.5),
    Fund("IWO", "^RUT", 0.12, 0.010, 5.0e5, tilt=-0.5),
    Fund("VOO", "^GSPC", 0.092, 0.020, 2.5e6),
    Fund("IWB", "^GSPC", 0.0555, 0.019, 8.0e5, noise=0.0004),
    Fund("IWD", "^GSPC", 0.0475, 0.023, 2.0e6, tilt=0.35, noise=0.0006),
    Fund("IWF", "^GSPC", 0.0485, 0.013, 2.0e6, tilt=-0.35, noise=0.0006),
)
INDEX_ANCHORS = {"^RUT": "russell2000_close", "^GSPC": "sp500_close"}


@dataclass(frozen=True)
class Closes:
    """Closing prices of one symbol on consecutive sessions.

    `days` and `close` have shape (n,); `volatility` is the daily one, as a fraction, and sizes the bars.
    """

    days: Days
    close: Floats
    volatility: Floats


@lru_cache(maxsize=2)
def simulate_closes(anchors: Anchors) -> dict[str, Closes]:
    """Closing prices of every simulated symbol, by symbol.

    Small and large caps are correlated geometric Brownian bridges between the anchors; funds are the index
    times a scale, with tracking noise and a value tilt; ^VIX is a mean-reverting log level that rises when
    large caps fall.

    Raises:
        SourceError: an anchor does not fall on a session.
    """
    days = nyse_sessions()
    indices = _simulate_indices(anchors, days)
    recent = days >= np.datetime64(FIRST_RECENT_SESSION)
    spread = _value_spread(days[recent])
    funds = {fund.symbol: _simulate_fund(fund, indices[fund.index], anchors, recent, spread) for fund in FUNDS}
    return {**indices, **funds, "^VIX": _simulate_vix(indices["^GSPC"], recent)}


def daily_bars(anchors: Anchors) -> "pd.DataFrame":
    """Table `daily_bars`, sorted by symbol and session: prices to four decimals, volume in shares.

    Raises:
        SourceError: an anchor does not fall on a session.
    """
    import pandas as pd

    closes = simulate_closes(anchors)
    funds = {fund.symbol: fund for fund in FUNDS}
    return pd.concat([_bars(symbol, closes[symbol], funds.get(symbol)) for symbol in sorted(closes)])


def dividends(symbol: str, days: Days, close: Floats, annual_yield: float) -> Floats:
    """Cash dividends in dollars on the ex-dates, else 0, shape (n,): the third Friday of the quarter's last month.

    A Friday without a session moves to the session before it. The amount is a quarter of `annual_yield` on the
    close, give or take 10 %.
    """
    months = np.arange(days[0].astype("datetime64[M]"), days[-1].astype("datetime64[M]") + 1)
    quarter_ends = months[months.astype(int) % 3 == 2]
    fridays = np.busday_offset(quarter_ends.astype("datetime64[D]"), 2, roll="forward", weekmask="Fri")
    inside = fridays[(fridays >= days[0]) & (fridays <= days[-1])]
    at = np.searchsorted(days, inside, side="right") - 1
    wobble = generator(f"{symbol} dividend").uniform(0.9, 1.1, at.size)
    paid = np.zeros(days.size)
    paid[at] = np.round(close[at] * annual_yield / 4 * wobble, 4)
    return paid


def _simulate_indices(anchors: Anchors, days: Days) -> dict[str, Closes]:
    years: Integers = days.astype("datetime64[Y]").astype(int) + 1970
    large_daily: Floats = np.array(LARGE_CAP_VOLATILITY)[years - FIRST_SESSION.year] / np.sqrt(SESSIONS_PER_YEAR)
    large_shock = generator("^GSPC").standard_normal(days.size)
    own_shock = generator("^RUT").standard_normal(days.size)
    small_shock = CORRELATION * large_shock + np.sqrt(1 - CORRELATION**2) * own_shock
    shocks = {"^GSPC": (large_shock, large_daily), "^RUT": (small_shock, VOLATILITY_RATIO * large_daily)}
    paths = {}
    for symbol, (shock, daily) in shocks.items():
        at, levels = _pins(anchors, symbol, days)
        close: Floats = np.exp(pinned_walk(shock * daily, daily**2, at, np.log(levels)))
        paths[symbol] = Closes(days, np.round(close, 2), daily)
    return paths


def _pins(anchors: Anchors, index: str, days: Days) -> tuple[Integers, Floats]:
    name = INDEX_ANCHORS[index]
    series = anchors.series(name)
    at = positions(days, np.array(list(series), dtype="datetime64[D]"), name)
    return at, np.array(list(series.values()))


def _value_spread(days: Days) -> Floats:
    """Log price of small value over small growth: up through 2016, down in 2017 (assumed drift), shape (n,)."""
    drift = np.where(days < np.datetime64("2017-01-01"), 0.15, -0.18) / SESSIONS_PER_YEAR
    return np.cumsum(drift + 0.0045 * generator("value spread").standard_normal(days.size))


def _simulate_fund(
    fund: Fund, index: Closes, anchors: Anchors, recent: npt.NDArray[np.bool_], spread: Floats
) -> Closes:
    noise = fund.noise * generator(fund.symbol).standard_normal(index.days.size)
    if fund.is_long:
        at, _ = _pins(anchors, fund.index, index.days)
        error = pinned_walk(noise, np.ones(noise.size), at, np.zeros(at.size))
        return Closes(index.days, np.round(fund.scale * index.close * np.exp(error), 4), index.volatility)
    log_ratio = np.cumsum(noise[recent]) + fund.tilt * spread
    close = np.round(fund.scale * index.close[recent] * np.exp(log_ratio), 4)
    return Closes(index.days[recent], close, index.volatility[recent])


def _simulate_vix(large: Closes, recent: npt.NDArray[np.bool_]) -> Closes:
    days, volatility = large.days[recent], large.volatility[recent]
    fall = -np.diff(np.log(large.close), prepend=np.log(large.close[0]))[recent] / volatility
    shocks = 0.055 * (0.8 * fall + 0.6 * generator("^VIX").standard_normal(days.size))
    # Assumed resting level: 15.5 until the end of 2016, sliding to 11 by the middle of 2017.
    slide = np.clip((days - np.datetime64("2016-12-31")).astype(float) / 180.0, 0.0, 1.0)
    close = (15.5 - 4.5 * slide) * np.exp(mean_reverting(shocks, 0.93))
    return Closes(days, np.round(close, 2), np.full(days.size, 0.05))


def _bars(symbol: str, path: Closes, fund: Fund | None) -> "pd.DataFrame":
    """Bars around the closes: the open near the last close, high and low beyond open and close."""
    import pandas as pd

    random = generator(f"{symbol} bar")
    gap, up, down, busy = random.standard_normal((4, path.days.size))
    previous = np.concatenate([path.close[:1], path.close[:-1]])
    opened = np.round(previous * np.exp(0.35 * path.volatility * gap), 4)
    high = np.round(np.maximum(opened, path.close) * np.exp(0.4 * path.volatility * np.abs(up)), 4)
    low = np.round(np.minimum(opened, path.close) * np.exp(-0.4 * path.volatility * np.abs(down)), 4)
    typical = fund.volume if fund else 0.0 if symbol == "^VIX" else 3.4e9
    move = np.abs(np.log(path.close / previous)) / path.volatility
    paid = dividends(symbol, path.days, path.close, fund.dividend_yield) if fund else np.zeros(path.days.size)
    return pd.DataFrame(
        {
            "symbol": symbol,
            "session_date": path.days.astype(str),
            "open": opened,
            "high": high,
            "low": low,
            "close": path.close,
            "volume": np.round(typical * np.exp(0.2 * busy + 0.12 * (move - 0.8))).astype(np.int64),
            "dividend": paid,
            "split_ratio": 1.0,
        }
    )
