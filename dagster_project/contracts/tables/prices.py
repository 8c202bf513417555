"""Contracts of the price domain: daily bars of indices and funds."""

from typing import TYPE_CHECKING

from dagster_project.contracts.availability import Availability
from dagster_project.contracts.model import Column, Contract, RowRule

if TYPE_CHECKING:
    import pandas as pd

SPLIT_RATIOS = (2.0, 3.0, 4.0, 5.0, 10.0, 20.0)
SPLIT_TOLERANCE = 0.08
"""2026-11: the market moves on the day of a split too, rarely by more than 8 %; no close of an index or a
large fund since 2000 came as near to one of these ratios in one session (largest move: IWM -13 %).
Volatility indices did, and are left out by their caret."""


def impossible_bar(bars: "pd.DataFrame") -> "pd.Series":
    """Reasons for bars whose low is above, or whose high is below, another price of the bar.

    Vendors round to 1e-6 of the price, so only a larger contradiction counts.
    """
    import pandas as pd

    if bars.empty:
        return pd.Series(pd.NA, index=bars.index, dtype="string")
    slack = bars["close"].abs() * 1e-6
    top = bars[["open", "low", "close"]].max(axis=1)
    bottom = bars[["open", "high", "close"]].min(axis=1)
    reasons = pd.Series(pd.NA, index=bars.index, dtype="string")
    bad = bars[(bars["high"] < top - slack) | (bars["low"] > bottom + slack)]
    high = bad["high"].map("{:g}".format).astype("string")
    low = bad["low"].map("{:g}".format).astype("string")
    reasons[bad.index] = "bar is impossible: open and close must lie between high " + high + " and low " + low
    return reasons


def unmarked_split(bars: "pd.DataFrame") -> "pd.Series":
    """Reasons for rows on another scale than the rows before: a close that moved by a round ratio
    (2-for-1, 3-for-1, 1-for-2 ...) in one session without `split_ratio` telling so.

    A ratio that reverses closes the run, so a one-day spike does not condemn what follows. Symbols
    with a caret are indices: they have no shares to split.
    """
    import numpy as np
    import pandas as pd

    ordered = bars.sort_values(["symbol", "session_date"])
    previous = ordered.groupby("symbol")["close"].shift()
    move = ordered["close"] / previous
    marked = ordered["split_ratio"].fillna(1.0) != 1.0
    is_index = ordered["symbol"].str.startswith("^")
    power = pd.Series(0.0, index=ordered.index)
    for ratio in SPLIT_RATIOS:
        for factor in (ratio, 1 / ratio):
            near = (move / factor - 1).abs() < SPLIT_TOLERANCE
            power[near & ~marked & ~is_index] = np.log(factor)
    reasons = pd.Series(pd.NA, index=bars.index, dtype="string")
    jumps = ordered[power != 0]
    if jumps.empty:
        return reasons
    off_scale = power.groupby(ordered["symbol"]).cumsum()
    bad = off_scale.abs() > 0.1
    old_to_new = (1 / move[jumps.index]).map("{:.2f}".format).astype("string")
    days = jumps["session_date"].dt.strftime("%Y-%m-%d").astype("string")
    told = "looks like an unmarked split (" + old_to_new + " old prices to one new) on " + days
    since = told.reindex(ordered.index).groupby(ordered["symbol"]).ffill()
    reasons[ordered.index[bad]] = since[bad] + ": mark split_ratio on that day and give split-adjusted closes"
    return reasons


DAILY_BARS = Contract(
    table="daily_bars",
    domain="prices",
    description="One row per symbol and session: split-adjusted, not dividend-adjusted bars, with the "
    "corporate actions of the day.",
    columns=(
        Column("symbol", "text", "ticker of a fund, or caret name of an index (^RUT)"),
        Column("session_date", "date", "NYSE session", minimum="1927-01-01", maximum="2100-12-31"),
        Column("open", "number", "first price", "usd or index points", above=0, maximum=1e7, split_power=-1),
        Column("high", "number", "highest price", "usd or index points", above=0, maximum=1e7, split_power=-1),
        Column("low", "number", "lowest price", "usd or index points", above=0, maximum=1e7, split_power=-1),
        Column("close", "number", "last price, split-adjusted", "usd or index points", above=0, maximum=1e7,
               split_power=-1),
        Column("volume", "number", "shares traded; 0 where none is reported", "shares", required=False,
               minimum=0, split_power=1),
        Column("dividend", "number", "cash dividend on its ex-date, else 0", "usd per share", required=False,
               minimum=0, maximum=1e5, split_power=-1),
        Column("split_ratio", "number", "new shares for one old share on the day of the split, else 1", "ratio",
               required=False, above=0, maximum=1000),
        Column("vendor_adj_close", "number", "close as the vendor adjusts it for dividends; reconciliation only",
               "usd or index points", required=False, above=0, maximum=1e7, split_power=-1),
    ),
    grain=("symbol", "session_date"),
    series=("symbol",),
    time_column="session_date",
    availability=Availability("session_date", "on"),
    live_source="Yahoo's charts, with dividends and splits",
    row_rules=(
        RowRule("bar_possible", "open and close lie between low and high", "high", impossible_bar),
        RowRule("splits_marked", "no close moves by a round split ratio without split_ratio saying so", "close",
                unmarked_split),
    ),
)  # fmt: skip

CONTRACTS = (DAILY_BARS,)
