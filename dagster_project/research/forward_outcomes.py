"""What prices did after each session: forward returns and falls, over fixed horizons and to the end of the year.

Belongs here: paths of closes, their outcomes, and the share of earlier paths that fell (the base rate of a day).
What does not: signals and their scorecard (`signal_scorecard`). What is known later never stands in one table
with what is known on the day: outcomes and base rates are different functions with different results.

Source of the method: `docs/methodology` section 7. A horizon of h sessions ends at the h-th close after the
session; the peak of a drawdown starts at the close of the session itself.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HORIZONS = (21, 63, 126)
REST_OF_YEAR = "rest_of_year"
FALLS_PCT = (3.0, 5.0)


def paths(closes: FloatArray, last_step: int) -> Iterator[tuple[int, FloatArray, FloatArray]]:
    """Grow the path of every session at once, step by step: yields (h, deepest drawdown, worst loss).

    `closes` has shape (sessions,), in time order. Both arrays have shape (sessions - h,), one entry per session
    whose path of h sessions is in the data, and are in percent, zero or below: the lowest close against the highest
    before it, counted from the close of the session, and the lowest close against the close of the session.
    """
    peak, lowest, deepest = closes, closes, np.zeros(closes.size)
    for step in range(1, min(last_step, closes.size - 1) + 1):
        starts = closes.size - step
        later = closes[step:]
        peak = np.maximum(peak[:starts], later)
        lowest = np.minimum(lowest[:starts], later)
        deepest = np.minimum(deepest[:starts], _change_pct(later, peak))
        yield step, deepest, _change_pct(lowest, closes[:starts])


def forward_outcomes(closes: pd.DataFrame) -> pd.DataFrame:
    """Outcomes over 21, 63 and 126 sessions, one row per symbol, session and horizon that has ended.

    `closes`: symbol, session_date, close_price, one row per symbol and session, at least one. Columns: symbol,
    session_date, horizon_sessions, outcome_end_date (the session on which the row became known), forward_return_pct,
    deepest_drawdown_pct, worst_loss_from_entry_pct (percent, the last two zero or below).
    """
    tables = []
    for rows in _by_symbol(closes):
        dates, prices = rows["session_date"].to_numpy(), rows["close_price"].to_numpy(dtype=np.float64)
        falls = {step: fall for step, *fall in paths(prices, max(HORIZONS)) if step in HORIZONS}
        for horizon in HORIZONS:
            deepest, worst = falls.get(horizon, (np.empty(0), np.empty(0)))
            table = {
                "symbol": rows["symbol"].iloc[0],
                "session_date": dates[:-horizon],
                "horizon_sessions": horizon,
                "outcome_end_date": dates[horizon:],
                "forward_return_pct": _change_pct(prices[horizon:], prices[:-horizon]),
                "deepest_drawdown_pct": deepest,
                "worst_loss_from_entry_pct": worst,
            }
            tables.append(pd.DataFrame(table))
    return pd.concat(tables, ignore_index=True)


def base_rates(closes: pd.DataFrame) -> pd.DataFrame:
    """How often a path as long as the one ahead had fallen, known on each session.

    `closes`: symbol, session_date, close_price, sessions_left (NYSE sessions after this one in its year). Columns:
    symbol, session_date, horizon_id (`rest_of_year`, `21`, `63`, `126`), horizon_sessions, base_days (earlier
    sessions whose path of that length had ended by the close of this one), p_drawdown_3_pct, p_drawdown_5_pct,
    p_drawdown_3_to_5_pct (percent of base_days whose deepest drawdown was at least 3 %, at least 5 %, at least 3 %
    but less than 5 %; null without base days, and when no session is left).
    """
    tables = []
    for rows in _by_symbol(closes):
        prices = rows["close_price"].to_numpy(dtype=np.float64)
        left = rows["sessions_left"].to_numpy(dtype=np.int64)
        lengths = np.stack([left, *(np.full(left.size, horizon) for horizon in HORIZONS)])
        base_days, falls = _falls_so_far(prices, lengths)
        shares = np.divide(100.0 * falls, base_days, out=np.full(falls.shape, np.nan), where=base_days > 0)
        for place, horizon_id in enumerate((REST_OF_YEAR, *map(str, HORIZONS))):
            table = {
                "symbol": rows["symbol"],
                "session_date": rows["session_date"],
                "horizon_id": horizon_id,
                "horizon_sessions": lengths[place],
                "base_days": base_days[place],
                "p_drawdown_3_pct": shares[0, place],
                "p_drawdown_5_pct": shares[1, place],
                "p_drawdown_3_to_5_pct": shares[2, place],
            }
            tables.append(pd.DataFrame(table))
    return pd.concat(tables, ignore_index=True)


def rest_of_year_outcomes(closes: pd.DataFrame) -> pd.DataFrame:
    """What happened from each session to the end of its year, and when the first falls came. Later knowledge.

    `closes`: symbol, session_date, close_price, sessions_left, year_end_date (last session of the year). Columns:
    symbol, session_date, sessions_left, year_end_date (on which the outcome became known), is_complete (the data
    reach it), return_pct, deepest_drawdown_pct, worst_loss_from_entry_pct (percent; null until complete, and when
    no session is left), first_fall_3_date, first_fall_5_date (first session whose close is 3 % or 5 % below the
    highest since this session, also in a later year; null while there was none).
    """
    tables = []
    for rows in _by_symbol(closes):
        dates, prices = rows["session_date"].to_numpy(), rows["close_price"].to_numpy(dtype=np.float64)
        year_ends = rows["year_end_date"].to_numpy()
        is_complete = year_ends <= dates[-1]
        ends = np.searchsorted(dates, year_ends, side="right") - 1
        steps = np.where(is_complete, ends - np.arange(dates.size), 0)
        figures = np.full((3, dates.size), np.nan)
        for step, deepest, worst in paths(prices, int(steps.max())):
            days = np.flatnonzero(steps == step)
            figures[:, days] = _change_pct(prices[days + step], prices[days]), deepest[days], worst[days]
        table = rows[["symbol", "session_date", "sessions_left", "year_end_date"]].assign(
            is_complete=is_complete,
            return_pct=figures[0],
            deepest_drawdown_pct=figures[1],
            worst_loss_from_entry_pct=figures[2],
        )
        for fall in FALLS_PCT:
            fallen = first_falls(prices, fall)
            table[f"first_fall_{fall:.0f}_date"] = pd.Series(dates[fallen]).where(fallen >= 0)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def first_falls(closes: FloatArray, fall_pct: float) -> IntArray:
    """Position of the first close `fall_pct` percent or more below the highest since each session.

    Both arrays have shape (sessions,); -1 where no such close has come yet.
    """
    fallen = np.full(closes.size, -1, dtype=np.int64)
    peak, waiting = closes.copy(), np.arange(closes.size)
    for step in range(1, closes.size):
        waiting = waiting[waiting < closes.size - step]
        if not waiting.size:
            break
        later = closes[waiting + step]
        peak[waiting] = np.maximum(peak[waiting], later)
        is_fall = _change_pct(later, peak[waiting]) <= -fall_pct
        fallen[waiting[is_fall]] = waiting[is_fall] + step
        waiting = waiting[~is_fall]
    return fallen


def _falls_so_far(closes: FloatArray, lengths: IntArray) -> tuple[IntArray, IntArray]:
    """Paths of the given lengths that had ended by each session, and how many of them had fallen.

    `lengths` has shape (horizons, sessions). Returns (horizons, sessions) and (3, horizons, sessions): falls of 3 %,
    of 5 %, of 3 % but not 5 %. A session has seen the paths that start up to `length` sessions before it.
    """
    days = np.arange(closes.size)
    base_days = np.where(lengths > 0, np.maximum(days - lengths + 1, 0), 0)
    falls = np.zeros((2, *lengths.shape), dtype=np.int64)
    for step, deepest, _ in paths(closes, int(lengths.max())):
        horizons, sessions = np.nonzero((lengths == step) & (base_days > 0))
        if sessions.size:
            fallen = np.stack([deepest <= -fall for fall in FALLS_PCT])
            falls[:, horizons, sessions] = np.cumsum(fallen, axis=1)[:, sessions - step]
    return base_days, np.concatenate([falls, falls[:1] - falls[1:]])


def _by_symbol(closes: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Rows of each symbol in time order, numbered from 0."""
    for _, rows in closes.groupby("symbol", sort=True):
        yield rows.sort_values("session_date", ignore_index=True)


def _change_pct(later: FloatArray, earlier: FloatArray) -> FloatArray:
    return 100.0 * (later / earlier - 1.0)
