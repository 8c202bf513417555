"""SIMULATED net asset values and share counts of the sample's funds, and the published figures beside them.

Belongs here: tables `fund_nav_shares` and `published_figures`.
Does not belong here: prices (`sample_prices`), the computation of flows for people (`finance`).

Every number is SIMULATED except that the flows over the anchors' windows equal the published ones up to one
creation unit at each end of the window. The rows of `published_figures` are the anchors themselves: facts, with
their sources. Fund sizes, yields and the noise of the flows are round assumptions.
"""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np

from dagster_project.sources.base import SourceError
from dagster_project.sources.sample_anchors import Anchor, Anchors
from dagster_project.sources.sample_prices import FUNDS, Closes, dividends, simulate_closes
from dagster_project.sources.sample_tools import (
    FIRST_RECENT_SESSION,
    Days,
    Floats,
    Integers,
    generator,
    positions,
)

if TYPE_CHECKING:
    import pandas as pd

CREATION_UNIT = 50_000
"""Shares per creation unit: share counts move by whole units."""
SIZE_DATE = np.datetime64("2017-05-24")
"""Session on which a fund has its assumed size."""
PREMIUM_NOISE = 0.0002
"""Standard deviation of close over net asset value, as a fraction."""

Window = Literal["lipper_week", "five_sessions", "month", "year_to_date"]


@dataclass(frozen=True)
class FlowFund:
    """Assumptions about one fund's shares: size on SIZE_DATE, mean and standard deviation of daily flows."""

    symbol: str
    size_usd_bn: float
    mean_flow_usd_m: float
    noise_usd_m: float
    windows: tuple[tuple[str, Window], ...] = ()
    """Series of the anchors that the fund's flows must reproduce, and the window each one covers."""


FLOW_FUNDS = (
    FlowFund("IJR", 28.0, 20.0, 70.0),
    FlowFund("IVV", 110.0, 50.0, 260.0, (("ivv_month_flow", "month"),)),
    FlowFund(
        "IWM",
        35.0,
        10.0,
        220.0,
        (
            ("iwm_weekly_flow", "lipper_week"),
            ("iwm_5d_flow", "five_sessions"),
            ("iwm_ytd_flow", "year_to_date"),
        ),
    ),
    FlowFund("SPY", 235.0, 60.0, 900.0, (("spy_weekly_flow", "lipper_week"), ("spy_month_flow", "month"))),
)
IVV_SCALE = 0.1005
"""Price of IVV over the index; it has no bars in the sample."""
IVV_YIELD = 0.02
NOT_FIGURES = ("_close", "effr_month_average", "target_lower", "target_upper", "fomc_decision_date")
"""Ends of the names of those series that are levels, rates and days; all others are published figures."""

CONTRACT_UNITS = {"percent": "pct", "usd m": "usd_m", "ratio": "x", "index points": "index points"}
"""How a unit of the anchors file begins -> unit of the contract; what follows it describes the window."""


def fund_nav_shares(anchors: Anchors) -> "pd.DataFrame":
    """Table `fund_nav_shares`, sorted by fund and session: net asset value in dollars to four decimals, shares.

    Raises:
        SourceError: an anchor is missing or does not fall on a session.
    """
    import pandas as pd

    closes = dict(simulate_closes(anchors))
    index = closes["^GSPC"]
    closes["IVV"] = Closes(index.days, index.close * IVV_SCALE, index.volatility)
    return pd.concat([_fund_rows(fund, closes[fund.symbol], anchors) for fund in FLOW_FUNDS])


def published_figures(anchors: Anchors) -> "pd.DataFrame":
    """Table `published_figures`: the anchors that are flows, odds and valuations, each with its source.

    `topic` is the series of the anchors file, `unit` that of the contract; `url` is empty: the sources name none.

    Raises:
        SourceError: an anchor has a unit that the contract does not know.
    """
    import pandas as pd

    rows = [
        (row.series, row.day.isoformat(), row.value, _contract_unit(row), row.source, "")
        for row in anchors.rows
        if row.value is not None and not row.series.endswith(NOT_FIGURES)
    ]
    return pd.DataFrame(rows, columns=["topic", "as_of", "value", "unit", "source", "url"])


def _contract_unit(anchor: Anchor) -> str:
    for beginning, unit in CONTRACT_UNITS.items():
        if anchor.unit.startswith(beginning):
            return unit
    raise SourceError(
        f"anchor {anchor.series} {anchor.day}: unit {anchor.unit!r} begins with none of "
        f"{', '.join(CONTRACT_UNITS)}; correct the anchors or add the unit to the contract"
    )


def pin_sums(flows: Floats, windows: Floats, sums: Floats) -> Floats:
    """Flows moved as little as possible (least squares) so that each window has its sum.

    This is the conditional mean of independent Gaussian flows given the sums; windows may overlap.

    Args:
        flows: free flows, shape (n,).
        windows: 1 where a session belongs to a window, else 0, shape (k, n), rows independent.
        sums: wanted sum of each window, shape (k,).

    Returns:
        Flows, shape (n,).
    """
    weights = np.linalg.solve(windows @ windows.T, sums - windows @ flows)
    pinned: Floats = flows + windows.T @ weights
    return pinned


def _fund_rows(fund: FlowFund, path: Closes, anchors: Anchors) -> "pd.DataFrame":
    import pandas as pd

    yields = {listed.symbol: listed.dividend_yield for listed in FUNDS}
    paid = dividends(fund.symbol, path.days, path.close, yields.get(fund.symbol, IVV_YIELD))
    recent = path.days >= np.datetime64(FIRST_RECENT_SESSION)
    days, close, paid = path.days[recent], path.close[recent], paid[recent]
    random = generator(f"{fund.symbol} shares")
    nav = np.round(close * np.exp(PREMIUM_NOISE * random.standard_normal(days.size)), 4)
    flows = 1e6 * (fund.mean_flow_usd_m + fund.noise_usd_m * random.standard_normal(days.size))
    if fund.windows:
        chosen = [_window(kind, days, anchors, series) for series, kind in fund.windows]
        flows = pin_sums(flows, np.array([mask for mask, _ in chosen]), np.array([usd for _, usd in chosen]))
    return pd.DataFrame(
        {
            "fund_symbol": fund.symbol,
            "as_of_date": days.astype(str),
            "nav_usd": nav,
            "shares_outstanding": _shares(flows, nav, days, 1e9 * fund.size_usd_bn),
            "distribution_usd": paid,
        }
    )


def _shares(flows: Floats, nav: Floats, days: Days, size_usd: float) -> Integers:
    """Share counts in whole creation units; rounding the running total keeps every window within one unit."""
    units = np.cumsum(flows / (nav * CREATION_UNIT))
    at = int(positions(days, np.array([SIZE_DATE]), "SIZE_DATE")[0])
    size = np.round(size_usd / (nav[at] * CREATION_UNIT))
    shares: Integers = (np.round(units - units[at] + size) * CREATION_UNIT).astype(np.int64)
    return shares


def _window(kind: Window, days: Days, anchors: Anchors, series: str) -> tuple[Floats, float]:
    """Membership of each session (0 or 1, shape (n,)) and the flow in dollars of the last anchor of `series`."""
    day, usd_m = list(anchors.series(series).items())[-1]
    last = np.datetime64(day)
    if kind == "lipper_week":  # Thursday to Wednesday
        base = last - np.timedelta64(7, "D")
    elif kind == "five_sessions":
        base = days[int(positions(days, np.array([last]), series)[0]) - 5]
    elif kind == "month":
        base = np.datetime64(day.replace(day=1)) - np.timedelta64(1, "D")
    else:
        base = np.datetime64(date(day.year - 1, 12, 31))
    return ((days > base) & (days <= last)).astype(np.float64), 1e6 * usd_m
