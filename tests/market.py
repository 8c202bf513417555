"""A small synthetic market: possible bars on NYSE sessions, seeded, and the inbox they are delivered in."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import exchange_calendars
import numpy as np
import pandas as pd

SYMBOLS = ("^RUT", "^GSPC", "IWM", "SPY")
FIRST_PRICE = {"^RUT": 1200.0, "^GSPC": 2050.0, "IWM": 119.0, "SPY": 205.0}
FUNDS_PAY_EVERY = 63
"""Sessions between two dividends of a fund."""


def sessions(first: str, last: str) -> list[date]:
    """NYSE sessions of a range, from the calendar library itself."""
    calendar = exchange_calendars.get_calendar("XNYS", start=first, end=last)
    return [session.date() for session in calendar.sessions]


def bars(
    symbols: Sequence[str] = SYMBOLS, first: str = "2015-01-02", last: str = "2017-12-29", seed: int = 7
) -> pd.DataFrame:
    """Daily bars as a vendor would deliver them: rounded to cents, high and low around open and close."""
    days = sessions(first, last)
    frames = []
    for position, symbol in enumerate(symbols):
        random = np.random.default_rng([seed, position])
        close = FIRST_PRICE.get(symbol, 100.0) * np.exp(np.cumsum(random.normal(0.0003, 0.009, len(days))))
        previous = np.concatenate([[close[0]], close[:-1]])
        opening = previous * np.exp(random.normal(0, 0.003, len(days)))
        close, opening = close.round(2), opening.round(2)
        is_fund = not symbol.startswith("^")
        pays = (np.arange(len(days)) % FUNDS_PAY_EVERY == FUNDS_PAY_EVERY - 1) & is_fund
        frames.append(
            pd.DataFrame(
                {
                    "symbol": symbol,
                    "session_date": [day.isoformat() for day in days],
                    "open": opening,
                    "high": (np.maximum(opening, close) * (1 + random.uniform(0, 0.006, len(days)))).round(2),
                    "low": (np.minimum(opening, close) * (1 - random.uniform(0, 0.006, len(days)))).round(2),
                    "close": close,
                    "volume": random.integers(1_000_000, 9_000_000, len(days)) if is_fund else 0,
                    "dividend": np.where(pays, 0.5, 0.0),
                    "split_ratio": 1.0,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def effective_rates(first: str = "2017-01-03") -> pd.DataFrame:
    """An effective rate on every session through today: fresh at whatever time a test reads it."""
    days = sessions(first, date.today().isoformat())
    return pd.DataFrame({"rate_date": [day.isoformat() for day in days], "effr_pct": 0.91})


def csv(frame: pd.DataFrame) -> bytes:
    """The frame as the bytes of a CSV file."""
    return frame.to_csv(index=False, lineterminator="\n").encode()


def deliver(inbox: Path, content: bytes | pd.DataFrame, name: str = "prices.csv", table: str = "daily_bars") -> Path:
    """Put one file into an inbox; returns its path."""
    file = inbox / table / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(csv(content) if isinstance(content, pd.DataFrame) else content)
    return file


def split_adjusted(frame: pd.DataFrame, symbol: str, day: str, ratio: float, decimals: int = 10) -> pd.DataFrame:
    """The history as a vendor restates it after a split: earlier prices divided, the day marked."""
    restated = frame.copy()
    restated["volume"] = restated["volume"].astype(float)
    before = (restated["symbol"] == symbol) & (restated["session_date"] < day)
    prices = ["open", "high", "low", "close"]
    restated.loc[before, prices] = (restated.loc[before, prices] / ratio).round(decimals)
    restated.loc[before, "dividend"] /= ratio
    restated.loc[before, "volume"] *= ratio
    restated.loc[(restated["symbol"] == symbol) & (restated["session_date"] == day), "split_ratio"] = ratio
    return restated


def rescaled_from(frame: pd.DataFrame, symbol: str, day: str, ratio: float) -> pd.DataFrame:
    """What really happens on a split day: prices of that day and after are divided, nothing is marked."""
    moved = frame.copy()
    moved["volume"] = moved["volume"].astype(float)
    after = (moved["symbol"] == symbol) & (moved["session_date"] >= day)
    moved.loc[after, ["open", "high", "low", "close", "dividend"]] /= ratio
    moved.loc[after, "volume"] *= ratio
    return moved
