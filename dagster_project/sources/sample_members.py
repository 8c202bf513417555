"""SIMULATED members of the small-cap index: their daily bars, when they belonged to it, and their tickers.

Belongs here: rows of members in `daily_bars`, tables `index_membership` and `security_identifiers`.
Does not belong here: the companies themselves and what the fund holds of them (`sample_fundamentals`).

Every number is SIMULATED; no company exists. The members are the largest companies of the simulated small-cap basket,
whose closes pass through their prices on the days of the basket, and four more that no basket holds: one is listed
late, one is taken over, one changes its ticker, one splits its shares.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dagster_project.sources.sample_anchors import Anchors
from dagster_project.sources.sample_fundamentals import small_companies
from dagster_project.sources.sample_prices import simulate_closes
from dagster_project.sources.sample_tools import (
    FIRST_RECENT_SESSION,
    LAST_SESSION,
    Days,
    Floats,
    generator,
    nyse_sessions,
    pinned_walk,
    positions,
)

if TYPE_CHECKING:
    import pandas as pd

INDEX = "IWM"
"""The fund whose holdings stand for the index."""
FROM_THE_BASKET = 56
"""As many as give well over half of the basket's weight; more would slow the build down."""
VOLATILITY = 0.02
"""Assumed daily volatility of a company beside that of the index, as a fraction."""
FIRST_DAY, LAST_DAY = FIRST_RECENT_SESSION.isoformat(), LAST_SESSION.isoformat()


@dataclass(frozen=True)
class Ticker:
    """A ticker of a member and the sessions on which it traded under it, both included."""

    symbol: str
    first_day: str = FIRST_DAY
    last_day: str = LAST_DAY


@dataclass(frozen=True)
class Event:
    """A member that no basket holds: what happens to it shows in its tickers and in its days in the index."""

    member_id: str
    price: float
    tickers: tuple[Ticker, ...]
    joined: str = FIRST_DAY
    left: str = ""
    """Last day in the index; empty while it stays."""
    split_day: str = ""
    split_ratio: float = 1.0


EVENTS = (
    Event("SIM-E01", 18.0, (Ticker("SIME01", "2016-05-16"),), joined="2016-06-27"),
    Event("SIM-E02", 31.0, (Ticker("SIME02", last_day="2016-11-18"),), left="2016-11-18"),
    Event("SIM-E03", 24.0, (Ticker("SIME03", last_day="2017-02-28"), Ticker("SIME.N", "2017-03-01"))),
    Event("SIM-E04", 40.0, (Ticker("SIME04"),), split_day="2016-09-12", split_ratio=2.0),
)
"""Listed late, taken over, renamed, split; assumed days, all of them NYSE sessions."""


def member_bars(anchors: Anchors) -> "pd.DataFrame":
    """Rows of table `daily_bars` for the members, sorted by symbol and session: split-adjusted, prices in whole cents.

    Raises:
        SourceError: an anchor is missing or does not fall on a session.
    """
    import pandas as pd

    days = nyse_sessions(FIRST_RECENT_SESSION, LAST_SESSION)
    companies = small_companies(anchors)
    index = simulate_closes(anchors)[INDEX]
    index_log: Floats = np.log(index.close[positions(index.days, days, INDEX)])
    at = positions(days, companies.days, "days of the basket")
    frames = []
    for number in _largest(anchors):
        symbol = companies.tickers[number]
        pins = np.log(companies.prices[:, number]) - index_log[at]
        steps = VOLATILITY * generator(f"{symbol} days").standard_normal(days.size)
        close = np.exp(index_log + pinned_walk(steps, np.ones(days.size), at, pins))
        frames.append(_bars(symbol, days, close, np.ones(days.size)))
    for event in EVENTS:
        steps = VOLATILITY * generator(f"{event.member_id} days").standard_normal(days.size)
        close = event.price * np.exp(index_log - index_log[0] + np.cumsum(steps))
        ratio = np.where(days == np.datetime64(event.split_day or "NaT"), event.split_ratio, 1.0)
        for ticker in event.tickers:
            traded = (days >= np.datetime64(ticker.first_day)) & (days <= np.datetime64(ticker.last_day))
            frames.append(_bars(ticker.symbol, days[traded], close[traded], ratio[traded]))
    return pd.concat(frames).sort_values(["symbol", "session_date"], kind="stable")


def index_membership(anchors: Anchors) -> "pd.DataFrame":
    """Table `index_membership`; an end is told on its day, as a second statement about the spell."""
    companies = small_companies(anchors)
    rows = [(INDEX, companies.ids[number], FIRST_DAY, "", FIRST_DAY) for number in _largest(anchors)]
    for event in EVENTS:
        rows.append((INDEX, event.member_id, event.joined, "", event.joined))
        if event.left:
            rows.append((INDEX, event.member_id, event.joined, event.left, event.left))
    return _told(["index_id", "member_id"], rows)


def security_identifiers(anchors: Anchors) -> "pd.DataFrame":
    """Table `security_identifiers`; an end is told on its day, as a second statement about the spell."""
    companies = small_companies(anchors)
    stay = _largest(anchors)
    rows = [(companies.ids[number], companies.tickers[number], FIRST_DAY, "", FIRST_DAY) for number in stay]
    for event in EVENTS:
        for ticker in event.tickers:
            rows.append((event.member_id, ticker.symbol, ticker.first_day, "", ticker.first_day))
            if ticker.last_day != LAST_DAY:
                rows.append((event.member_id, ticker.symbol, ticker.first_day, ticker.last_day, ticker.last_day))
    return _told(["member_id", "symbol"], rows)


def _largest(anchors: Anchors) -> list[int]:
    """Numbers of the companies with the most of the last basket's value, in order of their tickers."""
    companies = small_companies(anchors)
    order = np.argsort(-companies.held[-1] * companies.prices[-1], kind="stable")
    return sorted(int(number) for number in order[:FROM_THE_BASKET])


def _told(names: list[str], rows: list[tuple[str, str, str, str, str]]) -> "pd.DataFrame":
    import pandas as pd

    frame = pd.DataFrame(rows, columns=[*names, "valid_from", "valid_to", "available_at"])
    return frame.sort_values([*names, "valid_from", "available_at"], kind="stable")


def _bars(symbol: str, days: Days, close: Floats, split_ratio: Floats) -> "pd.DataFrame":
    """Bars that open at the close before; the range reaches a little beyond both."""
    import pandas as pd

    close = np.round(close, 2)
    opened = np.concatenate([close[:1], close[:-1]])
    wide = 0.25 * VOLATILITY * np.abs(generator(f"{symbol} bar").standard_normal((2, days.size)))
    return pd.DataFrame(
        {
            "symbol": symbol,
            "session_date": days.astype(str),
            "open": opened,
            "high": np.round(np.maximum(opened, close) * (1 + wide[0]), 2),
            "low": np.round(np.minimum(opened, close) * (1 - wide[1]), 2),
            "close": close,
            "volume": 250_000,
            "dividend": 0.0,
            "split_ratio": split_ratio,
        }
    )
