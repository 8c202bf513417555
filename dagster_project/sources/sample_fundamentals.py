"""SIMULATED holdings of two funds, annual facts of the companies in them, and fundamentals of the large-cap index.

Belongs here: tables `fund_holdings`, `company_facts` and `index_fundamentals`.
Does not belong here: prices of the funds (`sample_prices`), ratios for people (`dbt`).

No company exists: each is called simulated in its name, and every number is SIMULATED, except that these ratios of
sums equal published ones. With the holdings on the day of the anchors and the facts filed until then: price to
earnings, losses included (`russell2000_pe_trailing`, `sp500_pe_trailing`), and net debt to EBITDA without financials
(`*_debt_to_ebitda_ex_financials`, which are gross debt of another day: the closest that is published). Also the share
of loss-makers by count (`russell2000_loss_makers`), and price to earnings of the index in the month of its anchor.
A fund has 100 to 150 holdings and the assets that go with them, less than the net assets in `fund_nav_shares`. The
parameters below are round assumptions and stand for no fact.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dagster_project.sources.sample_anchors import Anchors
from dagster_project.sources.sample_flows import IVV_SCALE
from dagster_project.sources.sample_prices import simulate_closes
from dagster_project.sources.sample_rates import treasury_yields
from dagster_project.sources.sample_tools import (
    FIRST_RECENT_SESSION,
    LAST_SESSION,
    Days,
    Floats,
    Integers,
    generator,
    nyse_sessions,
    positions,
)

if TYPE_CHECKING:
    import pandas as pd

Booleans = npt.NDArray[np.bool_]

FISCAL_YEARS = (2014, 2015, 2016)
"""Fiscal years with facts, the last one in use on the day of the anchors; 2017 is filed after the sample ends."""
MONTHS_AFTER_DECEMBER = (0, 1, -1)
"""Ends of fiscal years: December, the January after, the November before."""
YEAR_END_ODDS = (0.8, 0.1, 0.1)
FILING_DAYS = (60, 75)
"""Days from the end of the fiscal year to the filing, least and most; a weekend moves back to Friday."""
LOSSES_OF_LAST_YEAR = (0.88, 0.94, 1.0)
"""Number of loss-makers in each fiscal year over that of the last."""
LOSS_SIZES = (0.7, 0.8, 1.0)
"""Size of a loss in each fiscal year over that of the last."""
SECTORS = (
    "Health Care",
    "Industrials",
    "Information Technology",
    "Consumer Discretionary",
    "Consumer Staples",
    "Energy",
    "Materials",
    "Utilities",
)
FINANCIALS = "Financials"
FINANCIALS_SHARE = 0.15
TAX = 0.30
"""Tax on profits; losses are not taxed."""
CASH_SHARE = 0.003
"""Typical cash of a fund over its shares."""

INDEX_MONTHS = ("2015-12", "2017-12")
EARNINGS_PATH = {"2015-12": 0.84, "2016-06": 0.86, "2016-12": 0.92, "2017-09": 1.0, "2017-12": 1.03}
"""Assumed twelve months' earnings of the index over those of September 2017; straight lines between."""
CAPE_ENDS = (26.0, 32.0)
"""Assumed CAPE in the first and the last month."""
DIVIDEND_YIELD_AT_END = 0.0185
DIVIDEND_GROWTH = 0.06
CPI_START = 237.0
INFLATION = 0.02


@dataclass(frozen=True)
class Segment:
    """Assumptions about the companies of one fund; money in dollars, ratios as fractions.

    Pairs are the median and the log standard deviation of a lognormal, or the ends of a uniform distribution.
    """

    fund: str
    letter: str
    name: str
    companies: int
    index: str
    level_scale: float
    pe_anchor: str
    debt_anchor: str
    loss_anchor: str | None
    """Series of the published share of loss-makers; where there is none, `loss_share` counts."""
    loss_share: float
    cap: tuple[float, float]
    cap_limits: tuple[float, float]
    price: tuple[float, float]
    stake: float
    """Share of a company's free float that the fund owns."""
    quarter_noise: float
    """Standard deviation of a company's quarterly log return against the fund."""
    share_growth: float
    """Yearly growth of the share count."""
    profit_yield: tuple[float, float]
    loss_yield: tuple[float, float]
    """Profits and losses over market value."""
    assets_to_cap: tuple[float, float]
    little_debt_odds: float
    debt_to_assets: tuple[float, float]
    """Ends, for companies with more than a little debt; scaled to the anchor."""
    interest_rate: float


SEGMENTS = (
    Segment(
        fund="IVV",
        letter="L",
        name="large",
        companies=100,
        index="^GSPC",
        level_scale=IVV_SCALE,
        pe_anchor="sp500_pe_trailing",
        debt_anchor="sp500_debt_to_ebitda_ex_financials",
        loss_anchor=None,
        loss_share=0.05,
        cap=(25e9, 0.9),
        cap_limits=(5e9, 250e9),
        price=(75.0, 0.5),
        stake=0.006,
        quarter_noise=0.06,
        share_growth=-0.015,
        profit_yield=(0.045, 0.35),
        loss_yield=(0.04, 0.5),
        assets_to_cap=(0.75, 0.4),
        little_debt_odds=0.05,
        debt_to_assets=(0.12, 0.48),
        interest_rate=0.040,
    ),
    Segment(
        fund="IWM",
        letter="S",
        name="small",
        companies=150,
        index="IWM",
        level_scale=1.0,
        pe_anchor="russell2000_pe_trailing",
        debt_anchor="russell2000_debt_to_ebitda_ex_financials",
        loss_anchor="russell2000_loss_makers",
        loss_share=0.0,
        cap=(1.3e9, 0.7),
        cap_limits=(0.15e9, 8e9),
        price=(24.0, 0.6),
        stake=0.02,
        quarter_noise=0.10,
        share_growth=0.02,
        profit_yield=(0.045, 0.40),
        loss_yield=(0.075, 0.6),
        assets_to_cap=(1.0, 0.45),
        little_debt_odds=0.25,
        debt_to_assets=(0.15, 0.70),
        interest_rate=0.055,
    ),
)


@dataclass(frozen=True, eq=False)
class Companies:
    """Simulated companies of one segment: n of them, d days of holdings, y fiscal years.

    `tickers`, `ids`, `names`, `sectors` have length n; `days` shape (d,); `prices` and `held` (shares that the fund
    holds) shape (d, n); `period_ends` and `filed` shape (y, n); `facts` are the figures by concept, shape (y, n).
    """

    segment: Segment
    tickers: list[str]
    ids: list[str]
    names: list[str]
    sectors: list[str]
    days: Days
    prices: Floats
    held: Integers
    period_ends: Days
    filed: Days
    facts: dict[str, Integers]


def fund_holdings(anchors: Anchors) -> "pd.DataFrame":
    """Table `fund_holdings` at the last session of each quarter, sorted by fund, day and ticker, cash last.

    Raises:
        SourceError: an anchor is missing, or its day is not the last session of a quarter.
    """
    import pandas as pd

    return pd.concat([_fund_rows(companies) for companies in _simulate(anchors)])


def company_facts(anchors: Anchors) -> "pd.DataFrame":
    """Table `company_facts`, sorted by company, fiscal year and concept: dollars and shares in whole thousands.

    `interest_expense_net` is signed as in an income statement: a cost is negative.

    Raises:
        SourceError: an anchor is missing, or its day is not the last session of a quarter.
    """
    import pandas as pd

    return pd.concat([_fact_rows(companies) for companies in _simulate(anchors)])


def index_fundamentals(anchors: Anchors) -> "pd.DataFrame":
    """Table `index_fundamentals` of the S&P 500 by month: price is the average simulated close of the month.

    Earnings follow EARNINGS_PATH and are scaled to the anchor `sp500_pe_trailing` in its month. The yield of
    10-year Treasuries is the average of the simulated one.

    Raises:
        SourceError: an anchor is missing, or its day is outside the months.
    """
    import pandas as pd

    months = np.arange(np.datetime64(INDEX_MONTHS[0]), np.datetime64(INDEX_MONTHS[1]) + np.timedelta64(1, "M"))
    path = simulate_closes(anchors)["^GSPC"]
    price = np.round(_month_means(months, path.days, path.close), 2)
    day, ratio = list(anchors.series("sp500_pe_trailing").items())[-1]
    at = positions(months.astype("datetime64[D]"), np.array([np.datetime64(day, "M")]), "sp500_pe_trailing")[0]
    waypoints = np.array(list(EARNINGS_PATH), dtype="datetime64[M]").astype(float)
    shape = np.interp(months.astype(float), waypoints, np.array(list(EARNINGS_PATH.values())))
    earnings = np.round(price[at] / ratio * shape / shape[at], 4)
    years = np.arange(months.size) / 12
    dividend = np.round(price[-1] * DIVIDEND_YIELD_AT_END * (1 + DIVIDEND_GROWTH) ** (years - years[-1]), 4)
    decade = np.interp(years, years[[0, -1]], price[[0, -1]] / np.array(CAPE_ENDS))
    yields = treasury_yields(anchors)
    yields = yields[yields["tenor"] == "10yr"]
    gs10 = _month_means(
        months, yields["rate_date"].to_numpy().astype("datetime64[D]"), yields["par_yield_pct"].to_numpy(np.float64)
    )
    return pd.DataFrame(
        {
            "index": "S&P 500",
            "month": months.astype(str),
            "price": price,
            "dividend": dividend,
            "earnings": earnings,
            "cpi": np.round(CPI_START * (1 + INFLATION) ** years, 3),
            "gs10": np.round(gs10, 2),
            "cape": np.round(price / decade, 4),
            "pe_ttm": np.round(price / earnings, 6),
            "dividend_yield_pct": np.round(100 * dividend / price, 6),
        }
    )


def small_companies(anchors: Anchors) -> Companies:
    """The simulated companies of the small-cap fund.

    Raises:
        SourceError: an anchor is missing, or its day is not the last session of a quarter.
    """
    return _simulate(anchors)[-1]


def _month_means(months: Days, days: Days, values: Floats) -> Floats:
    """Average of `values` over the `days` of each month, shape of `months`."""
    slot = (days.astype("datetime64[M]") - months[0]).astype(np.int64)
    inside = (slot >= 0) & (slot < months.size)
    sums = np.bincount(slot[inside], values[inside], months.size)
    means: Floats = sums / np.bincount(slot[inside], minlength=months.size)
    return means


@lru_cache(maxsize=2)
def _simulate(anchors: Anchors) -> tuple[Companies, ...]:
    return tuple(_simulate_segment(segment, anchors) for segment in SEGMENTS)


def _simulate_segment(segment: Segment, anchors: Anchors) -> Companies:
    random = generator(f"{segment.fund} companies")
    n = segment.companies
    days = _quarter_ends()
    day, ratio = list(anchors.series(segment.pe_anchor).items())[-1]
    pin = int(positions(days, np.array([day], dtype="datetime64[D]"), segment.pe_anchor)[0])
    losing = _loss_makers(segment, anchors, random)
    cap = _lognormal(segment.cap, random, n) * np.where(losing[-1], 0.7, 1.0)  # loss-makers are smaller
    price = _lognormal(segment.price, random, n)
    shares = 1e3 * np.round(np.clip(cap, *segment.cap_limits) / price / 1e3)
    growth = np.exp(segment.share_growth + 0.01 * random.standard_normal(n))
    prices = _prices(segment, anchors, days, pin, price, shares * price, random)
    free_float = random.uniform(0.75, 1.0, n)
    years = (days - np.datetime64(f"{FISCAL_YEARS[-1]}-12-31")).astype(np.float64)[:, None] / 365.25
    held = np.round(segment.stake * free_float * shares * growth**years).astype(np.int64)
    is_financial = np.zeros(n, dtype=bool)
    is_financial[random.permutation(n)[: round(FINANCIALS_SHARE * n)]] = True
    sectors = np.where(is_financial, FINANCIALS, np.array(SECTORS)[random.integers(len(SECTORS), size=n)])

    owned = held[pin] / shares
    value = float(held[pin] @ prices[pin])
    debt_ratio = list(anchors.series(segment.debt_anchor).values())[-1]
    net_income = _net_income(segment, prices[pin] * shares, losing, owned, value / ratio, random)
    facts = _facts(segment, prices[pin] * shares, net_income, is_financial, owned, debt_ratio, random)
    facts["shares_diluted"] = shares * growth ** (np.array(FISCAL_YEARS)[:, None] - FISCAL_YEARS[-1])
    period_ends, filed = _filings(n, random)
    numbers = [f"{number:03d}" for number in range(1, n + 1)]
    return Companies(
        segment=segment,
        tickers=[f"SIM{segment.letter}{number}" for number in numbers],
        ids=[f"SIM-{segment.letter}{number}" for number in numbers],
        names=[f"Simulated {segment.name} company {number}" for number in numbers],
        sectors=sectors.tolist(),
        days=days,
        prices=prices,
        held=held,
        period_ends=period_ends,
        filed=filed,
        facts={concept: 1000 * np.round(figures / 1e3).astype(np.int64) for concept, figures in sorted(facts.items())},
    )


def _quarter_ends() -> Days:
    """Last session of each quarter of the recent years, shape (d,)."""
    sessions = nyse_sessions(FIRST_RECENT_SESSION, LAST_SESSION)
    quarter = sessions.astype("datetime64[M]").astype(np.int64) // 3
    return sessions[np.flatnonzero(np.append(np.diff(quarter) != 0, True))]


def _lognormal(median_and_deviation: tuple[float, float], random: np.random.Generator, n: int) -> Floats:
    median, deviation = median_and_deviation
    drawn: Floats = median * np.exp(deviation * np.clip(random.standard_normal(n), -2, 2))
    return drawn


def _loss_makers(segment: Segment, anchors: Anchors, random: np.random.Generator) -> Booleans:
    """Whether a company makes a loss in a fiscal year, shape (y, n): mostly the same companies each year."""
    share = segment.loss_share
    if segment.loss_anchor:
        share = list(anchors.series(segment.loss_anchor).values())[-1] / 100
    health = random.standard_normal(segment.companies)
    by_year = health + 0.3 * random.standard_normal((len(FISCAL_YEARS), segment.companies))
    rank = by_year.argsort(axis=1).argsort(axis=1)
    return rank < np.round(share * segment.companies * np.array(LOSSES_OF_LAST_YEAR))[:, None]


def _prices(
    segment: Segment,
    anchors: Anchors,
    days: Days,
    pin: int,
    price: Floats,
    cap: Floats,
    random: np.random.Generator,
) -> Floats:
    """Prices in whole cents, shape (d, n): `price` on the pinned day; weighted by `cap` they move with the fund."""
    path = simulate_closes(anchors)[segment.index]
    level = segment.level_scale * path.close[positions(path.days, days, segment.index)]
    walk = np.cumsum(segment.quarter_noise * random.standard_normal((days.size, price.size)), axis=0)
    own = np.exp(walk - walk[pin])
    own /= (own @ (cap / cap.sum()))[:, None]
    prices: Floats = np.round(price * own * (level / level[pin])[:, None], 2)
    return prices


def _net_income(
    segment: Segment,
    cap: Floats,
    losing: Booleans,
    owned: Floats,
    owned_earnings: float,
    random: np.random.Generator,
) -> Floats:
    """Net income, shape (y, n): profits are scaled so that the fund owns `owned_earnings` of the last year's."""
    n = cap.size
    wobble = np.exp(0.12 * random.standard_normal((len(FISCAL_YEARS), n)))
    profits = np.where(losing, 0.0, cap * _lognormal(segment.profit_yield, random, n) * wobble)
    losses = np.where(losing, cap * _lognormal(segment.loss_yield, random, n) * wobble, 0.0)
    losses *= np.array(LOSS_SIZES)[:, None]
    scale = (owned_earnings + owned @ losses[-1]) / (owned @ profits[-1])
    net_income: Floats = scale * profits - losses
    return net_income


def _facts(
    segment: Segment,
    cap: Floats,
    net_income: Floats,
    is_financial: Booleans,
    owned: Floats,
    debt_ratio: float,
    random: np.random.Generator,
) -> dict[str, Floats]:
    """Figures of the companies by concept, shape (y, n).

    Debts without financials are scaled so that what the fund owns of net debt is `debt_ratio` times what it owns of
    EBITDA in the last year. EBITDA holds the interest on those debts, so the scale solves a linear equation.
    """
    n, years = cap.size, np.array(FISCAL_YEARS)[:, None] - FISCAL_YEARS[-1]
    size = np.exp(0.05 * years + 0.03 * random.standard_normal((years.size, n)))
    to_cap = np.where(is_financial, 6.0, 1.0) * _lognormal(segment.assets_to_cap, random, n)
    assets = cap * to_cap * size
    depreciation = assets * np.where(is_financial, 0.003, random.uniform(0.025, 0.045, n))
    cash = assets * random.uniform(0.03, 0.13, n)
    much = random.uniform(*segment.debt_to_assets, n)
    little = random.uniform(0.005, 0.04, n)
    debt_to_assets = np.where(random.random(n) < segment.little_debt_odds, little, much)
    debt = assets * np.where(is_financial, 0.1, debt_to_assets)
    rate = segment.interest_rate * random.uniform(0.8, 1.2, n)
    before_interest = np.where(net_income > 0, net_income / (1 - TAX), net_income)

    weight = np.where(is_financial, 0.0, owned)
    ebitda = weight @ (before_interest[-1] + depreciation[-1])
    scale = (debt_ratio * ebitda + weight @ cash[-1]) / (weight @ debt[-1] - debt_ratio * (weight @ (rate * debt[-1])))
    debt *= np.where(is_financial, 1.0, scale)
    interest = rate * debt
    short_term = debt * random.uniform(0.05, 0.15, n)
    turnover = np.where(is_financial, 0.06, random.uniform(0.5, 1.4, n))
    return {
        "cash_and_short_term_investments": cash,
        "depreciation_amortization": depreciation,
        "interest_expense_net": -interest,
        "long_term_debt": debt - short_term,
        "net_income_common": net_income,
        "operating_income": before_interest + interest,
        "revenue": assets * turnover,
        "short_term_debt": short_term,
        "total_assets": assets,
        "total_equity": (assets - debt) * np.where(is_financial, 0.13, 0.65),
    }


def _filings(n: int, random: np.random.Generator) -> tuple[Days, Days]:
    """Ends of the fiscal years and days of their filings, each shape (y, n)."""
    shift = random.choice(np.array(MONTHS_AFTER_DECEMBER), n, p=YEAR_END_ODDS)
    december = np.array([f"{year}-12" for year in FISCAL_YEARS], dtype="datetime64[M]")[:, None]
    ends = (december + (shift + 1).astype("timedelta64[M]")).astype("datetime64[D]") - np.timedelta64(1, "D")
    lags = random.integers(FILING_DAYS[0], FILING_DAYS[1], (len(FISCAL_YEARS), n), endpoint=True)
    filed: Days = np.busday_offset(ends + lags.astype("timedelta64[D]"), 0, roll="backward")
    return ends, filed


def _fund_rows(companies: Companies) -> "pd.DataFrame":
    import pandas as pd

    d, n = companies.held.shape
    random = generator(f"{companies.segment.fund} cash")
    values = np.round(companies.held * companies.prices, 2)
    cash = np.round(CASH_SHARE * values.sum(axis=1) * random.uniform(0.5, 1.5, d), 2)
    values = np.column_stack([values, cash])
    weights = np.round(100 * values / values.sum(axis=1, keepdims=True), 6)
    weights[:, -1] = np.round(100 - weights[:, :-1].sum(axis=1), 6)
    return pd.DataFrame(
        {
            "fund_symbol": companies.segment.fund,
            "as_of_date": np.repeat(companies.days.astype(str), n + 1),
            "ticker": np.tile(np.array([*companies.tickers, "USD"]), d),
            "name": np.tile(np.array([*companies.names, "USD CASH"]), d),
            "sector": np.tile(np.array([*companies.sectors, "Cash and/or Derivatives"]), d),
            "asset_class": np.tile(np.array(["Equity"] * n + ["Cash"]), d),
            "weight_pct": weights.ravel(),
            "shares": np.column_stack([companies.held.astype(np.float64), cash]).ravel(),
            "market_value_usd": values.ravel(),
            "price_usd": np.column_stack([companies.prices, np.ones(d)]).ravel(),
        }
    )


def _fact_rows(companies: Companies) -> "pd.DataFrame":
    """Facts in the order company, fiscal year, concept."""
    import pandas as pd

    concepts = list(companies.facts)
    figures = np.array([companies.facts[concept] for concept in concepts])  # (concept, year, company)
    width, years, n = figures.shape

    def spread(by_filing: Days) -> list[str]:
        return np.repeat(by_filing.T.ravel().astype(str), width).tolist()

    return pd.DataFrame(
        {
            "company_id": np.repeat(np.array(companies.ids), years * width),
            "ticker": np.repeat(np.array(companies.tickers), years * width),
            "concept": np.tile(np.array(concepts), n * years),
            "fiscal_year": np.tile(np.repeat(np.array(FISCAL_YEARS), width), n),
            "period_type": "FY",
            "period_end": spread(companies.period_ends),
            "filed_date": spread(companies.filed),
            "value": figures.transpose(2, 1, 0).ravel(),
        }
    )
