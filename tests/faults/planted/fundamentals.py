"""Faults of holdings and company facts."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

import pandas as pd

from tests.faults.planted.delivery import Delivery, simulated
from tests.faults.planted.kinds import Kind, Named, Place, limit

HOLDINGS, FACTS = "fund_holdings", "company_facts"
FLOWS = ("net_income_common", "revenue", "operating_income", "depreciation_amortization", "interest_expense_net")


def later(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


# --- holdings


@cache
def basket(fund: str, day: str) -> pd.DataFrame:
    """Clean equity positions of a fund on a day, the largest first."""
    frame = simulated()[HOLDINGS]
    rows = frame[(frame["fund_symbol"] == fund) & (frame["as_of_date"] == day) & (frame["asset_class"] == "Equity")]
    return rows.set_index("ticker").sort_values("weight_pct", ascending=False)


def position_keys(place: Place, day: str) -> list[tuple[str, str, str]]:
    return [(place.series, day, ticker) for ticker in all_rows(place.series, day)]


@cache
def all_rows(fund: str, day: str) -> tuple[str, ...]:
    frame = simulated()[HOLDINGS]
    return tuple(frame[(frame["fund_symbol"] == fund) & (frame["as_of_date"] == day)]["ticker"])


def weights_times(factor: float) -> Callable[[Delivery, Place], Named]:
    def plant(d: Delivery, place: Place) -> Named:
        for day in place.days:
            for key in position_keys(place, day):
                d.put(HOLDINGS, key, weight_pct=float(d.get(HOLDINGS, key, "weight_pct")) * factor)
        return place.named(*place.days)

    return plant


def weights_nearly_whole(d: Delivery, place: Place) -> None:
    weights_times(1 - 0.9 * limit("holdings_weights.maximum_pp") / 100)(d, place)


def largest_missing(d: Delivery, place: Place) -> Named:
    d.drop(HOLDINGS, [(place.series, day, str(basket(place.series, day).index[0])) for day in place.days])
    return place.named(*place.days)


def smallest_missing(d: Delivery, place: Place) -> None:
    d.drop(HOLDINGS, [(place.series, day, str(basket(place.series, day).index[-1])) for day in place.days])


def largest_twice(d: Delivery, place: Place) -> Named:
    for day in place.days:
        row = d.frames[HOLDINGS].loc[d.row(HOLDINGS, place.series, day, str(basket(place.series, day).index[0]))]
        d.add(HOLDINGS, row.to_dict() | {"ticker": "TWICE"})
    return place.named(*place.days)


def smallest_twice(d: Delivery, place: Place) -> None:
    for day in place.days:
        row = d.frames[HOLDINGS].loc[d.row(HOLDINGS, place.series, day, str(basket(place.series, day).index[-1]))]
        d.add(HOLDINGS, row.to_dict() | {"ticker": "TWICE"})


def position(rank: float, factors: dict[str, float]) -> Callable[[Delivery, Place], Named]:
    """One position with figures times these factors; `rank` from 0 (largest) to 1 (smallest)."""

    def plant(d: Delivery, place: Place) -> Named:
        named: Named = set()
        for day in place.days:
            ticker = str(basket(place.series, day).index[int(rank * (len(basket(place.series, day)) - 1))])
            key = (place.series, day, ticker)
            values = {name: float(d.get(HOLDINGS, key, name)) * factor for name, factor in factors.items()}
            d.put(HOLDINGS, key, **values)
            named |= {(f"{place.series} {ticker}", day)}
        return named

    return plant


def weights_exchanged(d: Delivery, place: Place) -> Named:
    """The weights of two positions changed places."""
    named: Named = set()
    for day in place.days:
        rows = basket(place.series, day)
        large, small = str(rows.index[3]), str(rows.index[len(rows) // 2])
        for one, other in ((large, small), (small, large)):
            d.put(HOLDINGS, (place.series, day, one), weight_pct=float(rows.at[other, "weight_pct"]))
            named |= {(f"{place.series} {one}", day)}
    return named


# --- company facts


@cache
def filing(company: str, period_end: str) -> pd.DataFrame:
    """Clean figures of a filing by concept."""
    frame = simulated()[FACTS]
    return frame[(frame["company_id"] == company) & (frame["period_end"] == period_end)].set_index("concept")


def figure(concept: str, factor: float = 1.0, value: float | None = None) -> Callable[[Delivery, Place], Named]:
    """One figure of each filing times a factor, or as a value."""

    def plant(d: Delivery, place: Place) -> Named:
        for day in place.days:
            clean = float(filing(place.series, day).at[concept, "value"])
            d.put(FACTS, (place.series, concept, "FY", day), value=clean * factor if value is None else value)
        return place.named(*place.days, series=f"{place.series} {concept}")

    return plant


def filing_in_thousands(d: Delivery, place: Place) -> Named:
    concepts = filing(place.series, place.day()).index
    for concept in concepts:
        clean = float(filing(place.series, place.day()).at[concept, "value"])
        d.put(FACTS, (place.series, concept, "FY", place.day()), value=clean / 1000)
    return {(f"{place.series} {concept}", place.day()) for concept in concepts if concept != "shares_diluted"}


def has_steady_figures(place: Place) -> bool:
    """Every figure stands against one of the year before that is no zero."""
    now, before = (filing(place.series, place.day(k))["value"] for k in (0, -1))
    shared = now.index.intersection(before.index)
    return len(shared) == len(now) and bool(((now / before).abs().between(0.55, 1.8)).all())


def restated(concept: str, factor: float) -> Callable[[Delivery, Place], Named]:
    def plant(d: Delivery, place: Place) -> Named:
        for day in place.days:
            clean = float(filing(place.series, day).at[concept, "value"])
            d.revise(FACTS, (place.series, concept, "FY", day), value=float(clean * factor))
        return place.named(*place.days, series=f"{place.series} {concept}")

    return plant


def filed(days_after: int) -> Callable[[Delivery, Place], Named]:
    """The whole filing dated so many days after the end of its period; names every figure."""

    def plant(d: Delivery, place: Place) -> Named:
        named: Named = set()
        for day in place.days:
            for concept in filing(place.series, day).index:
                d.put(FACTS, (place.series, str(concept), "FY", day), filed_date=later(day, days_after))
                named |= {(f"{place.series} {concept}", day)}
        return named

    return plant


def known(days_after_filing: int) -> Callable[[Delivery, Place], Named]:
    """Total assets that say that they were known so many days after their filing."""

    def plant(d: Delivery, place: Place) -> Named:
        for day in place.days:
            filed_date = str(filing(place.series, day).at["total_assets", "filed_date"])
            key = (place.series, "total_assets", "FY", day)
            d.put(FACTS, key, available_at=later(filed_date, days_after_filing))
        return place.named(*place.days, series=f"{place.series} total_assets")

    return plant


def filed_too_early(d: Delivery, place: Place) -> Named:
    filed(int(limit("facts_filed_early.days")) - 1)(d, place)
    return place.named(*place.days)


def filed_early_enough(d: Delivery, place: Place) -> None:
    filed(int(limit("facts_filed_early.days")))(d, place)


def year_between(days: int) -> Callable[[Delivery, Place], Named]:
    """A further annual filing so many days after the period before; the flows of it and of the next are no years."""

    def plant(d: Delivery, place: Place) -> Named:
        stub, end = later(place.day(-1), days), place.day()
        rows = filing(place.series, place.day(-1)).reset_index().to_dict("records")
        d.add(FACTS, *(row | {"period_end": stub, "filed_date": later(stub, 30)} for row in rows))
        return {(f"{place.series} {concept}", day) for concept in FLOWS for day in (stub, end)}

    return plant


def is_listed(place: Place) -> bool:
    """The company stands in a basket."""
    ticker = str(filing(place.series, place.day())["ticker"].iloc[0])
    return any(ticker in all_rows(fund, "2016-06-30") for fund in ("IWM", "IVV"))


COMPANIES = tuple(sorted(simulated()[FACTS]["company_id"].unique()))


def holding(name: str, check: str, what: str, plant: object, near: object, **how: object) -> Kind:
    return Kind(name, HOLDINGS, check, what, plant, near, ("IWM", "IVV"),
                **({"before": 0, "lengths": (1, 3), "pad": 0} | how))  # fmt: skip


def fact(name: str, check: str, what: str, plant: object, near: object, **how: object) -> Kind:
    return Kind(name, FACTS, check, what, plant, near, COMPANIES,
                **({"before": 0, "lengths": (1, 2), "pad": 3} | how))  # fmt: skip


WRONG_PRICE = position(0.2, {"price_usd": 1.008})
KINDS = (
    holding("weights_halved", "holdings_weights", "weights that add up to 50", weights_times(0.5),
            weights_nearly_whole),
    holding("weights_doubled", "holdings_weights", "weights that add up to 200", weights_times(2),
            weights_nearly_whole),
    holding("weights_as_fractions", "holdings_weights", "percent as fraction", weights_times(0.01),
            weights_nearly_whole),
    holding("largest_position_missing", "holdings_weights", "the largest position is missing", largest_missing,
            smallest_missing),
    holding("position_twice", "holdings_weights", "the largest position under two tickers", largest_twice,
            smallest_twice),
    holding("position_price_in_cents", "holdings_rows", "a price in cents", position(0.3, {"price_usd": 100}),
            WRONG_PRICE),
    holding("position_value_in_thousands", "holdings_rows", "a market value in thousands",
            position(0.5, {"market_value_usd": 0.001}), WRONG_PRICE),
    holding("position_value_negative", "holdings_rows", "the sign of a market value is wrong",
            position(0.5, {"market_value_usd": -1}), WRONG_PRICE),
    holding("weights_exchanged", "holdings_rows", "the weights of two positions exchanged", weights_exchanged,
            position(0.1, {"weight_pct": 1.04})),
    holding("position_of_another_class", "holdings_company_value", "shares of another class",
            position(0.9, {"shares": 5, "market_value_usd": 5, "weight_pct": 5}),
            position(0.9, {"shares": 1.2, "market_value_usd": 1.2, "weight_pct": 1.2})),
    fact("assets_negative", "facts_sign", "assets below zero", figure("total_assets", -1), figure("total_assets", 0.9)),
    fact("shares_zero", "facts_sign", "no shares at all", figure("shares_diluted", value=0.0),
         figure("shares_diluted", value=1.0)),
    fact("debt_negative", "facts_sign", "a debt with the wrong sign", figure("long_term_debt", -1),
         figure("long_term_debt", value=0.0)),
    fact("debt_in_thousands", "facts_scale", "a debt in thousands", figure("long_term_debt", 0.001),
         figure("long_term_debt", 1 / 300), before=1, lengths=(1, 1), fits=has_steady_figures),
    # Two filings before it: after one good and one bad filing nobody can say which the third one contradicts, and a
    # small figure of it may be named too (campaign of seed 7, SIM-S073).
    fact("filing_in_thousands", "facts_scale", "a whole filing in thousands", filing_in_thousands,
         figure("total_assets", 1 / 150), before=2, lengths=(1, 1), fits=has_steady_figures),
    fact("shares_in_millions", "facts_share_counts", "share counts in millions", figure("shares_diluted", 1e-6),
         figure("shares_diluted", 1 / 7), before=2, lengths=(1, 1), fits=has_steady_figures),
    fact("shares_in_thousandths", "facts_share_counts", "a share count three zeros too long",
         figure("shares_diluted", 1000), figure("shares_diluted", 150), before=2, lengths=(1, 1),
         fits=has_steady_figures),
    fact("shares_restated_by_split", "facts_restated", "a later split written into old periods",
         restated("shares_diluted", 2), restated("shares_diluted", 1.8)),
    fact("revenue_restated_in_thousands", "facts_restated", "a vintage in another unit", restated("revenue", 0.001),
         restated("revenue", 1 / 400)),
    fact("filed_before_period_end", "company_facts__available_after_period", "a filing dated before its period ended",
         filed(-5), filed(0), lengths=(1, 2)),
    fact(
        "known_before_filing",
        "company_facts__known_after_filing",
        "a figure known a day before its filing",
        known(-1),
        known(0),
    ),
    fact("year_between_two_years", "facts_period", "a stub between two fiscal years told as a year",
         year_between(150), year_between(332), before=1, lengths=(1, 1), fits=has_steady_figures),
    fact("filed_with_the_period", "facts_filed_early", "a filing date that is the period's", filed_too_early,
         filed_early_enough, lengths=(1, 1)),
)  # fmt: skip
