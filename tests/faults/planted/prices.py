"""Faults of daily bars."""

import math
from datetime import date, timedelta
from functools import cache

import pandas as pd

from tests.faults.planted.delivery import Delivery, simulated
from tests.faults.planted.kinds import Kind, Named, Place, limit, solve

TABLE = "daily_bars"
INDEX_OF = {"IWM": "^RUT", "SPY": "^GSPC"}
LONG = ("^RUT", "^GSPC", "IWM", "SPY")
FUNDS = ("IWM", "SPY")
PRICES = ("open", "high", "low", "close")
LAST_DAY = "2015-10-15"
"""Fund files begin in December 2015: faults of prices in the middle stay before, so that nothing else meets them."""


@cache
def closes() -> pd.DataFrame:
    """Clean closes, days by symbols."""
    return simulated()[TABLE].pivot(index="session_date", columns="symbol", values="close")


@cache
def moves() -> pd.DataFrame:
    """Clean moves in log-%, dividend added back."""
    dividends = simulated()[TABLE].pivot(index="session_date", columns="symbol", values="dividend").fillna(0)
    ratio = (closes() + dividends) / closes().shift()
    return 100 * ratio.map(math.log, na_action="ignore")


@cache
def column(symbol: str, name: str) -> pd.Series:
    """A clean column of a symbol by day."""
    frame = simulated()[TABLE]
    return frame[frame["symbol"] == symbol].set_index("session_date")[name]


def scale(d: Delivery, symbol: str, days: tuple[str, ...], factor: float) -> None:
    for day in days:
        row = d.row(TABLE, symbol, day)
        d.frames[TABLE].loc[row, list(PRICES)] = d.frames[TABLE].loc[row, list(PRICES)].astype(float) * factor


def set_close(d: Delivery, symbol: str, day: str, close: float) -> None:
    bar = {name: float(d.get(TABLE, (symbol, day), name)) for name in PRICES}
    d.put(TABLE, (symbol, day), close=close, high=max(bar["high"], close), low=min(bar["low"], close))


def keys(place: Place, days: tuple[str, ...] | None = None) -> list[tuple[str, str]]:
    return [(place.series, day) for day in (place.days if days is None else days)]


def shifted(place: Place, factor: float) -> dict[str, float]:
    """Moves of the series on the first day of a level times `factor` and on the first day after it, in log-%."""
    own = moves()[place.series]
    found = {place.day(): own[place.day()] + 100 * math.log(factor)}
    if place.day_after:
        found[place.day_after] = own[place.day_after] - 100 * math.log(factor)
    return found


def distance(place: Place, factor: float) -> float:
    """The largest distance from the nearest other equity that a level times `factor` makes."""
    others = moves().drop(columns=[place.series, "^VIX"])
    return max((others.loc[day].dropna() - move).abs().min() for day, move in shifted(place, factor).items())


def off_index(place: Place, factor: float, pick: object = max) -> float:
    index = moves()[INDEX_OF[place.series]]
    return pick(abs(move - index[day]) for day, move in shifted(place, factor).items())


# --- rows that are missing or too many


def missing(d: Delivery, place: Place) -> Named:
    d.drop(TABLE, keys(place))
    return place.named(place.day())


def delivered_late(d: Delivery, place: Place) -> None:
    d.beside(TABLE, place.tag, d.drop(TABLE, keys(place)))


def missing_but_last(d: Delivery, place: Place) -> None:
    """One row fewer than stops a series."""
    d.drop(TABLE, keys(place)[-(int(limit("prices_stale.sessions")) - 1) :])


def on_saturday(d: Delivery, place: Place) -> Named:
    row = d.frames[TABLE].loc[d.row(TABLE, place.series, place.day())].to_dict()
    saturday = (date.fromisoformat(place.day()) + timedelta(days=1)).isoformat()
    d.add(TABLE, row | {"session_date": saturday})
    return place.named(saturday)


def is_friday(place: Place) -> bool:
    return date.fromisoformat(place.day()).weekday() == 4


def is_whole_week(place: Place) -> bool:
    days = [date.fromisoformat(day) for day in place.days]
    return [day.weekday() for day in days] == [0, 1, 2, 3, 4] and (days[-1] - days[0]).days == 4


def a_day_late(d: Delivery, place: Place) -> Named:
    """Dates written in another time zone: Monday to Friday became Tuesday to Saturday."""
    rows = d.drop(TABLE, keys(place)).to_dict("records")
    for row in rows:
        row["session_date"] = (date.fromisoformat(str(row["session_date"])) + timedelta(days=1)).isoformat()
    d.add(TABLE, *rows)
    return place.named(str(rows[-1]["session_date"]))


def said_twice(d: Delivery, place: Place) -> None:
    """The same row in a second file: equal duplicates are no fault."""
    d.beside(TABLE, place.tag, d.copy_of(TABLE, keys(place)))


# --- levels


def times(factor: float):
    def plant(d: Delivery, place: Place) -> Named:
        scale(d, place.series, place.days, factor)
        return place.named(place.day(), place.day_after)

    return plant


def small_jump(d: Delivery, place: Place) -> None:
    allowed = 0.9 * limit("prices_jump.minimum_pp")
    scale(d, place.series, place.days, solve(lambda f: distance(place, f), allowed, 1.0, 1.2))


def columns_of_neighbour(d: Delivery, place: Place) -> Named:
    """The bars of SPY stand under IWM."""
    for day in place.days:
        other = d.frames[TABLE].loc[d.row(TABLE, "SPY", day), list(PRICES)]
        d.put(TABLE, (place.series, day), **{name: float(other[name]) for name in PRICES})
    return place.named(place.day(), place.day_after)


def is_no_split_apart(place: Place) -> bool:
    """SPY is no round multiple of IWM, which would read as a split."""
    ratios = [closes().at[day, "SPY"] / closes().at[day, "IWM"] for day in place.days]
    return all(abs(ratio / round(ratio) - 1) > 0.12 for ratio in ratios)


def high_and_low_swapped(d: Delivery, place: Place) -> Named:
    for day in place.days:
        high, low = (float(column(place.series, name)[day]) for name in ("high", "low"))
        d.put(TABLE, (place.series, day), high=low, low=high)
    return place.named(*place.days)


def bar_without_wicks(d: Delivery, place: Place) -> None:
    """High and low are open and close themselves."""
    for day in place.days:
        opening, close = (float(column(place.series, name)[day]) for name in ("open", "close"))
        d.put(TABLE, (place.series, day), high=max(opening, close), low=min(opening, close))


def vix_tripled(d: Delivery, place: Place) -> Named:
    scale(d, place.series, place.days, 3.5)
    return place.named(place.day(), place.day_after)


def vix_doubled(d: Delivery, place: Place) -> None:
    scale(d, place.series, place.days, 2.0)


def frozen(d: Delivery, place: Place) -> Named:
    for day in place.days[1:]:
        set_close(d, place.series, day, float(closes()[place.series][place.day()]))
    return place.named(place.day(int(limit("prices_frozen.equal_closes")) - 1))


def frozen_not_long_enough(d: Delivery, place: Place) -> None:
    for day in place.days[1 : int(limit("prices_frozen.equal_closes")) - 1]:
        set_close(d, place.series, day, float(closes()[place.series][place.day()]))


def repeated_bar(d: Delivery, place: Place) -> Named:
    for day in place.days:
        before = {name: column(place.series, name)[place.day(-1)] for name in (*PRICES, "volume")}
        d.put(TABLE, (place.series, day), **{name: float(value) for name, value in before.items()})
    return place.named(place.day())


def nearly_repeated_bar(d: Delivery, place: Place) -> None:
    repeated_bar(d, place)
    for number, day in enumerate(place.days):
        d.put(TABLE, (place.series, day), high=float(d.get(TABLE, (place.series, day), "high")) + 0.01 * (number + 1))


def marked_split(share: float):
    """A split of 2 for 1 and its reversal, marked, with this share of it left in the closes."""

    def plant(d: Delivery, place: Place) -> Named:
        scale(d, place.series, place.days, 2.0**-share)
        d.put(TABLE, (place.series, place.day()), split_ratio=2.0)
        if place.day_after:
            d.put(TABLE, (place.series, place.day_after), split_ratio=0.5)
        return place.named(place.day(), place.day_after)

    return plant


def is_quiet_for_a_split(place: Place) -> bool:
    return all(abs(moves()[place.series][day]) < 2 for day in (place.day(), place.day_after) if day)


def unmarked_split(d: Delivery, place: Place) -> Named:
    scale(d, place.series, place.days, 0.5)
    return place.named(*place.days)


def odd_ratio(d: Delivery, place: Place) -> None:
    scale(d, place.series, place.days, 0.6)


# --- against the index


def off_for_a_day(d: Delivery, place: Place) -> Named:
    wanted = 1.15 * limit("prices_fund_against_index.minimum_pp")
    scale(d, place.series, place.days, solve(lambda f: off_index(place, f, min), wanted, 1.0, 1.2))
    return place.named(place.day(), place.day_after, series=f"{place.series} {INDEX_OF[place.series]}")


def nearly_off_for_a_day(d: Delivery, place: Place) -> None:
    allowed = 0.9 * limit("prices_fund_against_index.minimum_pp")
    scale(d, place.series, place.days, solve(lambda f: off_index(place, f), allowed, 1.0, 1.2))


def off_level(d: Delivery, place: Place) -> Named:
    scale(d, place.series, place.days, 1 + 1.5 * limit("prices_fund_off_index.minimum_pp") / 100)
    return place.named(*place.days[2:], series=f"{place.series} {INDEX_OF[place.series]}")


def nearly_off_level(d: Delivery, place: Place) -> None:
    scale(d, place.series, place.days, 1 + 0.5 * limit("prices_fund_off_index.minimum_pp") / 100)


# --- dividends, the vendor's column, volume, sources


def with_vendor_column(d: Delivery, place: Place, seam: float = 1.0) -> None:
    """The vendor's adjusted close around the place; its step is `seam` times the true one on every day of the place."""
    around = place.history[max(place.at - 4, 0) : place.at + place.length + 4]
    level = 100.0
    for day, before in zip(around[1:], around[:-1], strict=True):
        close, dividend = closes()[place.series], column(place.series, "dividend")
        level *= (close[day] + dividend[day]) / close[before] * (seam if day in place.days else 1)
        d.put(TABLE, (place.series, day), vendor_adj_close=round(level, 8))
    d.put(TABLE, (place.series, around[0]), vendor_adj_close=100.0)


def spliced(d: Delivery, place: Place) -> Named:
    with_vendor_column(d, place, 1 + 4 * limit("prices_adjusted_close.maximum_pp") / 100)
    return place.named(*place.days)


def nearly_spliced(d: Delivery, place: Place) -> None:
    with_vendor_column(d, place, 1 + 0.9 * limit("prices_adjusted_close.maximum_pp") / 100)


def pays(place: Place) -> bool:
    return bool(column(place.series, "dividend")[place.day()] > 0)


def pays_and_not_the_day_after(place: Place) -> bool:
    return pays(place) and place.day_after is not None


def dividend_missing(d: Delivery, place: Place) -> Named:
    with_vendor_column(d, place)
    d.put(TABLE, (place.series, place.day()), dividend=0.0)
    return place.named(place.day())


def dividend_rounded(d: Delivery, place: Place) -> None:
    with_vendor_column(d, place)
    less = 0.9 * limit("prices_adjusted_close.maximum_pp") / 100 * closes()[place.series][place.day(-1)]
    d.put(TABLE, (place.series, place.day()), dividend=float(column(place.series, "dividend")[place.day()] - less))


def dividend_late(d: Delivery, place: Place) -> Named:
    with_vendor_column(d, place)
    d.put(TABLE, (place.series, place.day()), dividend=0.0)
    d.put(TABLE, (place.series, place.day(1)), dividend=float(column(place.series, "dividend")[place.day()]))
    return place.named(place.day(), place.day(1))


def dividend_times(factor: float):
    def plant(d: Delivery, place: Place) -> Named:
        paid = float(column(place.series, "dividend")[place.day()])
        d.put(TABLE, (place.series, place.day()), dividend=paid * factor)
        return place.named(place.day())

    return plant


def large_dividend(d: Delivery, place: Place) -> None:
    dividend, close = column(place.series, "dividend"), closes()[place.series]
    paid = [100 * dividend[day] / close[before] for before, day in zip(place.history, place.history[1:], strict=False)
            if dividend[day] > 0 and day < place.day()]  # fmt: skip
    usual = float(pd.Series(paid[-8:]).median()) if len(paid) >= 4 else math.inf
    least = max(limit("prices_dividend.minimum_pct"), limit("prices_dividend.times_usual") * usual)
    allowed = 0.95 * min(limit("prices_dividend.maximum_pct"), least)
    d.put(TABLE, (place.series, place.day()), dividend=float(allowed / 100 * close[place.day(-1)]))


def volume_of(share: float):
    def plant(d: Delivery, place: Place) -> Named:
        volumes = column(place.series, "volume")
        for number, day in enumerate(place.days):
            past = volumes[list(place.history[max(place.at + number - 63, 0) : place.at + number])]
            d.put(TABLE, (place.series, day), volume=float(int(share * past.median())))
        return place.named(*place.days)

    return plant


def second_source(percent_over: float):
    def plant(d: Delivery, place: Place) -> Named:
        rows = d.copy_of(TABLE, keys(place), f"vendor_{place.tag}")
        rows[list(PRICES)] = rows[list(PRICES)] * (1 + percent_over * limit("prices_two_sources.maximum_pct") / 100)
        d.beside(TABLE, place.tag, rows)
        return place.named(*place.days, series=f"{place.series} close")

    return plant


def kind(name: str, check: str, what: str, plant: object, near: object, **how: object) -> Kind:
    declared = {"series": LONG, "last_day": LAST_DAY} | how
    return Kind(name, TABLE, check, what, plant, near, **declared)


KINDS = (
    kind("session_missing", "prices_gap", "no bar on a session", missing, delivered_late, after=1),
    kind("series_stopped", "prices_stale", "a symbol without bars for a week and more", missing, missing_but_last,
         lengths=(5, 12), series=("IWM", "SPY", "^GSPC")),
    kind("bar_on_saturday", "assert_bars_lie_on_nyse_sessions", "a bar on a day without trading", on_saturday,
         said_twice, fits=is_friday, lengths=(1, 1)),
    kind("dates_a_day_late", "assert_bars_lie_on_nyse_sessions", "dates shifted by a time zone", a_day_late,
         delivered_late, fits=is_whole_week, lengths=(5, 5), after=1),
    kind("close_frozen", "prices_frozen", "a stale price: equal closes", frozen, frozen_not_long_enough,
         lengths=(5, 9)),
    kind("bar_repeated", "prices_frozen", "the whole bar of the session before", repeated_bar, nearly_repeated_bar),
    kind("close_spike", "prices_jump", "prices 30 % too high", times(1.3), small_jump),
    kind("price_in_cents", "prices_jump", "prices in cents", times(100), small_jump),
    kind("index_halved", "prices_jump", "an index on another base", times(0.5), small_jump, series=("^RUT", "^GSPC")),
    kind("bars_of_another_symbol", "prices_jump", "bars of SPY under IWM", columns_of_neighbour, small_jump,
         series=("IWM",), before=30, fits=is_no_split_apart),
    kind("volatility_jump", "prices_jump_other", "a volatility index three times too high", vix_tripled, vix_doubled,
         series=("^VIX",), last_day="9999-12-31"),
    kind("split_left_in_closes", "prices_split", "a split marked and not adjusted", marked_split(1), marked_split(0.6),
         series=FUNDS, lengths=(5, 12), fits=is_quiet_for_a_split),
    kind("split_unmarked", "daily_bars__splits_marked", "a split that nothing marks", unmarked_split, odd_ratio,
         series=FUNDS, lengths=(2, 12)),
    kind("high_and_low_swapped", "daily_bars__bar_possible", "columns swapped: high and low", high_and_low_swapped,
         bar_without_wicks),
    kind("fund_off_index_for_a_day", "prices_fund_against_index", "a fund priced at another hour than its index",
         off_for_a_day, nearly_off_for_a_day, series=FUNDS, before=26),
    kind("fund_off_level", "prices_fund_off_index", "a fund on a wrong level beside its index", off_level,
         nearly_off_level, series=FUNDS, before=30, lengths=(3, 6), pad=35),
    kind("adjusted_close_spliced", "prices_adjusted_close", "the vendor's adjusted closes of two deliveries spliced",
         spliced, nearly_spliced, series=FUNDS),
    kind("dividend_missing", "prices_adjusted_close", "a dividend that the vendor's total return knows",
         dividend_missing, dividend_rounded, series=FUNDS, fits=pays, lengths=(1, 1)),
    kind("dividend_late", "prices_adjusted_close", "a dividend one session after its ex-date", dividend_late,
         dividend_rounded, series=FUNDS, fits=pays_and_not_the_day_after, lengths=(1, 1), after=2),
    kind("dividend_out_of_scale", "prices_dividend", "a dividend ten times too large", dividend_times(10),
         large_dividend, series=FUNDS, fits=pays, lengths=(1, 1)),
    kind("dividend_in_cents", "prices_dividend", "a dividend in cents", dividend_times(100), large_dividend,
         series=FUNDS, fits=pays, lengths=(1, 1)),
    kind("volume_zero", "prices_volume", "no volume on a day of trading", volume_of(0), volume_of(0.0115),
         series=FUNDS, before=64),
    kind("volume_in_thousands", "prices_volume", "volume in thousands", volume_of(0.001), volume_of(0.0115),
         series=FUNDS, before=64),
    kind("two_sources_of_a_close", "prices_two_sources", "two sources that disagree", second_source(2),
         second_source(0.9)),
)  # fmt: skip
