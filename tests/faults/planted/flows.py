"""Faults of fund files: net asset values and share counts."""

import math
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

import pandas as pd

from tests.faults.planted.delivery import Delivery, simulated
from tests.faults.planted.kinds import Kind, Named, Place, limit
from tests.faults.planted.prices import TABLE as BARS
from tests.faults.planted.prices import closes, is_friday, keys

TABLE = "fund_nav_shares"
WITH_BARS = ("IWM", "SPY", "IJR")
ALL = (*WITH_BARS, "IVV")
LEVEL_FACTOR = 1.5
"""macros/level_factor: farther apart, two share counts are not on one level."""


@cache
def column(fund: str, name: str) -> pd.Series:
    """A clean column of a fund by day."""
    frame = simulated()[TABLE]
    return frame[frame["fund_symbol"] == fund].set_index("as_of_date")[name]


def close_move(place: Place, after: int = 0) -> float:
    close = closes()[place.series]
    return 100 * math.log(close[place.day(after)] / close[place.day(after - 1)])


def put(d: Delivery, place: Place, day: str, **factors: float) -> None:
    """Write the clean values times these factors."""
    values = {name: float(column(place.series, name)[day]) * factor for name, factor in factors.items()}
    if "shares_outstanding" in values:
        values["shares_outstanding"] = float(round(values["shares_outstanding"]))
    d.put(TABLE, (place.series, day), **values)


# --- rows that are missing or too many


def missing(d: Delivery, place: Place) -> Named:
    d.drop(TABLE, keys(place))
    return place.named(place.day())


def delivered_late(d: Delivery, place: Place) -> None:
    d.beside(TABLE, place.tag, d.drop(TABLE, keys(place)))


def missing_but_last(d: Delivery, place: Place) -> None:
    d.drop(TABLE, keys(place)[-(int(limit("flows_stale.sessions")) - 1) :])


def on_saturday(d: Delivery, place: Place) -> Named:
    row = d.frames[TABLE].loc[d.row(TABLE, place.series, place.day())].to_dict()
    saturday = (date.fromisoformat(place.day()) + timedelta(days=1)).isoformat()
    d.add(TABLE, row | {"as_of_date": saturday})
    return place.named(saturday)


def said_twice(d: Delivery, place: Place) -> None:
    d.beside(TABLE, place.tag, d.copy_of(TABLE, keys(place)))


# --- net asset values


def nav_times(factor: float) -> Callable[[Delivery, Place], Named]:
    def plant(d: Delivery, place: Place) -> Named:
        for day in place.days:
            put(d, place, day, nav_usd=factor)
        return place.named(*place.days)

    return plant


def nav_beside_close(share: float) -> Callable[[Delivery, Place], Named]:
    """A NAV at `1 + share` times the close of the fund."""

    def plant(d: Delivery, place: Place) -> Named:
        for day in place.days:
            d.put(TABLE, (place.series, day), nav_usd=float(closes()[place.series][day]) * (1 + share))
        return place.named(*place.days)

    return plant


def nav_of_the_other_fund(d: Delivery, place: Place) -> Named:
    for day in place.days:
        d.put(TABLE, (place.series, day), nav_usd=float(column("SPY", "nav_usd")[day]))
    return place.named(*place.days)


def close_moves(place: Place) -> bool:
    allowed = limit("flows_nav_frozen.close_move_pct")
    return place.at > 0 and all(abs(close_move(place, k)) > 1.1 * allowed for k in range(place.length))


def nav_repeated(d: Delivery, place: Place) -> Named:
    for day in place.days:
        d.put(TABLE, (place.series, day), nav_usd=float(column(place.series, "nav_usd")[place.day(-1)]))
    return place.named(*place.days)


def nav_nearly_repeated(d: Delivery, place: Place) -> None:
    for number, day in enumerate(place.days):
        value = float(column(place.series, "nav_usd")[place.day(-1)]) + 0.0001 * (number + 1)
        d.put(TABLE, (place.series, day), nav_usd=value)


def close_rests(place: Place) -> bool:
    allowed = limit("flows_nav_frozen.close_move_pct")
    return place.at > 0 and all(abs(close_move(place, k)) < 0.9 * allowed for k in range(place.length))


def nav_three_times(d: Delivery, place: Place) -> Named:
    nav_repeated(d, place)
    return place.named(*place.days[1:])


def nav_twice(d: Delivery, place: Place) -> None:
    d.put(TABLE, (place.series, place.day()), nav_usd=float(column(place.series, "nav_usd")[place.day(-1)]))


# --- share counts


def shares_times(factor: float) -> Callable[[Delivery, Place], Named]:
    def plant(d: Delivery, place: Place) -> Named:
        for day in place.days:
            put(d, place, day, shares_outstanding=factor)
        return place.named(*place.days)

    return plant


def shares_frozen(d: Delivery, place: Place) -> Named:
    for day in place.days:
        d.put(
            TABLE,
            (place.series, day),
            shares_outstanding=float(column(place.series, "shares_outstanding")[place.day()]),
        )
    return place.named(place.day(FROZEN_ROWS - 1))


FROZEN_ROWS = 10
"""int_flows__share_counts: fewer unchanged rows are never frozen."""


def shares_frozen_not_long_enough(d: Delivery, place: Place) -> None:
    for day in place.days[: FROZEN_ROWS - 1]:
        d.put(
            TABLE,
            (place.series, day),
            shares_outstanding=float(column(place.series, "shares_outstanding")[place.day()]),
        )


def keeps_moving(place: Place) -> bool:
    """The counts around the place all differ from the one that is frozen, and the funds' ones change daily."""
    counts = column(place.series, "shares_outstanding")
    around = [place.history[k] for k in (place.at - 1, place.at + place.length, place.at + FROZEN_ROWS - 1)
              if 0 <= k < len(place.history)]  # fmt: skip
    year = counts[list(place.history[max(place.at - 251, 0) : place.at + 1])]
    share = float((year.diff().fillna(1) != 0).mean())
    return all(counts[day] != counts[place.day()] for day in around) and share * FROZEN_ROWS >= 9.2


def shares_more(count: int) -> Callable[[Delivery, Place], Named]:
    def plant(d: Delivery, place: Place) -> Named:
        for day in place.days:
            shares = float(column(place.series, "shares_outstanding")[day]) + count
            d.put(TABLE, (place.series, day), shares_outstanding=shares)
        return place.named(*place.days)

    return plant


def shares_as_date(d: Delivery, place: Place) -> Named:
    for day in place.days:
        d.put(TABLE, (place.series, day), shares_outstanding=float(day.replace("-", "")))
    return place.named(*place.days)


def shares_almost_a_date(d: Delivery, place: Place) -> None:
    """20,161,300: a number of the size of a date, and no day."""
    for day in place.days:
        d.put(TABLE, (place.series, day), shares_outstanding=float(day[:4] + "1300"))


def changed_days(place: Place) -> list[str]:
    """Days on which a source that is a row late shows the count of the row before, the first row left out."""
    counts = column(place.series, "shares_outstanding")
    pairs = zip(place.days, place.history[place.at - 1 :], strict=False)
    return [day for day, before in pairs if counts[day] != counts[before]]


def _lagged(d: Delivery, place: Place, days: tuple[str, ...]) -> str:
    source = f"vendor_{place.tag}"
    rows = d.copy_of(TABLE, keys(place, days), source)
    counts = column(place.series, "shares_outstanding")
    rows["shares_outstanding"] = [counts[place.day(k - 1)] for k in range(len(days))]
    d.beside(TABLE, place.tag, rows)
    return source


def shares_late(d: Delivery, place: Place) -> Named:
    source = _lagged(d, place, place.days)
    return {
        (f"{place.series}, {source} beside sample", changed_days(place)[int(limit("flows_shares_lagged.changes")) - 1])
    }


def shares_late_for_days(d: Delivery, place: Place) -> None:
    _lagged(d, place, place.days[: int(limit("flows_shares_lagged.changes")) - 1])


def changes_enough(place: Place) -> bool:
    return len(changed_days(place)) == place.length


# --- splits, sources, size


def split_unmarked(factor: float) -> Callable[[Delivery, Place], Named]:
    def plant(d: Delivery, place: Place) -> Named:
        for day in place.days:
            put(d, place, day, nav_usd=1 / factor, shares_outstanding=factor)
        return place.named(place.day(), place.day_after)

    return plant


def split_in_nav_only(share: float) -> Callable[[Delivery, Place], Named]:
    def plant(d: Delivery, place: Place) -> Named:
        d.put(BARS, (place.series, place.day()), split_ratio=2.0)
        put(d, place, place.day(), nav_usd=2.0**-share)
        return place.named(place.day())

    return plant


def second_source(name: str, percent_over: float) -> Callable[[Delivery, Place], Named]:
    def plant(d: Delivery, place: Place) -> Named:
        rows = d.copy_of(TABLE, keys(place), f"vendor_{place.tag}")
        rows[name] = rows[name].astype(float) * (1 + percent_over * limit("flows_two_sources.maximum_pct") / 100)
        d.beside(TABLE, place.tag, rows)
        return place.named(*place.days, series=f"{place.series} {name}")

    return plant


def large_flow(share: float) -> Callable[[Delivery, Place], Named]:
    def plant(d: Delivery, place: Place) -> Named:
        before = float(column(place.series, "shares_outstanding")[place.day(-1)])
        shares = round(before * (1 + share * limit("flows_large.percent_of_assets") / 100), -5)
        d.put(TABLE, (place.series, place.day()), shares_outstanding=float(shares))
        return place.named(place.day())

    return plant


def kind(name: str, check: str, what: str, plant: object, near: object, **how: object) -> Kind:
    return Kind(name, TABLE, check, what, plant, near, **({"series": ALL} | how))


SPIKE = shares_times(3)
BELOW_LEVEL = shares_times(LEVEL_FACTOR * 0.95)
KINDS = (
    kind("fund_row_missing", "flows_gap", "no row on a session", missing, delivered_late, after=1),
    kind("fund_stopped", "flows_stale", "a fund without rows for a week and more", missing, missing_but_last,
         lengths=(5, 12)),
    kind("fund_row_on_saturday", "assert_flow_rows_lie_on_nyse_sessions", "a row on a day without trading",
         on_saturday, said_twice, fits=is_friday, lengths=(1, 1)),
    kind("nav_spike", "flows_nav_against_close", "a NAV 5 % above the close", nav_beside_close(0.05),
         nav_beside_close(0.028), series=WITH_BARS),
    kind("nav_in_cents", "flows_nav_against_close", "a NAV in cents", nav_times(100), nav_beside_close(-0.028),
         series=WITH_BARS, before=2),
    kind("nav_of_another_fund", "flows_nav_against_close", "the NAV of SPY under IWM", nav_of_the_other_fund,
         nav_beside_close(0.028), series=("IWM",), before=2),
    kind("nav_off_without_close", "flows_nav_against_close", "a NAV that leaves its index, no close to hold it against",
         nav_times(1.06), nav_times(1.02), series=("IVV",), before=10),
    kind("nav_repeated", "flows_nav_frozen", "the NAV of the session before while the close moved", nav_repeated,
         nav_nearly_repeated, series=WITH_BARS, fits=close_moves, lengths=(1, 2)),
    kind("nav_three_times", "flows_nav_frozen", "one NAV three times", nav_three_times, nav_twice, series=WITH_BARS,
         fits=close_rests, lengths=(2, 3)),
    kind("shares_tripled", "flows_shares_spike", "a share count three times too high", SPIKE, BELOW_LEVEL, before=10),
    kind("shares_in_thousands", "flows_shares_spike", "share counts in thousands", shares_times(0.001), BELOW_LEVEL,
         before=10),
    kind("shares_frozen", "flows_shares_frozen", "a share count that does not move any more", shares_frozen,
         shares_frozen_not_long_enough, before=64, lengths=(FROZEN_ROWS, 16), fits=keeps_moving),
    kind("shares_off_unit", "flows_share_unit", "a count that is no multiple of a creation unit", shares_more(137),
         shares_more(25_000), before=22),
    kind("shares_as_date", "fund_nav_shares__shares_not_a_date", "a date in the column of shares", shares_as_date,
         shares_almost_a_date),
    kind("shares_a_session_late", "flows_shares_lagged", "counts stamped a session late, beside the true ones",
         shares_late, shares_late_for_days, lengths=(7, 20), fits=changes_enough, before=2),
    kind("split_in_fund_file_unmarked", "flows_split", "a split in count and NAV that no bar marks",
         split_unmarked(2), split_unmarked(LEVEL_FACTOR * 0.95), before=10),
    kind("split_in_nav_only", "flows_split", "a split in the NAV and not in the count", split_in_nav_only(1),
         split_in_nav_only(0.4), series=WITH_BARS, lengths=(1, 1), before=10),
    kind("two_sources_of_a_nav", "flows_two_sources", "two sources that disagree about a NAV",
         second_source("nav_usd", 2), second_source("nav_usd", 0.9)),
    kind("two_sources_of_a_count", "flows_two_sources", "two sources that disagree about a count",
         second_source("shares_outstanding", 2), second_source("shares_outstanding", 0.9)),
    kind("flow_beyond_assets", "flows_large", "a third of the assets in a day", large_flow(1.3), large_flow(0.9),
         before=10, lengths=(1, 1)),
)  # fmt: skip
