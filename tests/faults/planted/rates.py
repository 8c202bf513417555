"""Faults of settlements, policy rates, Treasury yields and decision days."""

import csv
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

import pandas as pd

from tests.faults.planted.delivery import Delivery, simulated
from tests.faults.planted.kinds import Kind, Named, Place, limit
from tests.faults.planted.prices import closes
from tests.helpers import REPO

FUTURES, POLICY, YIELDS, MEETINGS = "fed_funds_futures", "policy_rates", "treasury_yields", "fomc_meetings"
CURVE = "all contracts"
EFFR = "EFFR"
TENORS = "all tenors"


# --- settlements


@cache
def settlements() -> pd.DataFrame:
    """Clean settlements, watch dates by contract months."""
    return simulated()[FUTURES].pivot(index="session_date", columns="contract_month", values="settle")


def contract(place: Place, after: int = 0) -> str:
    """A contract of the middle of the curve that is there all over the place and on both sides of it."""
    around = [
        place.history[k] for k in range(max(place.at - 1, 0), min(place.at + place.length + 1, len(place.history)))
    ]
    listed = sorted(settlements().loc[around].dropna(axis=1).columns)
    return str(listed[len(listed) // 2 + after])


def curve_missing(d: Delivery, place: Place) -> Named:
    d.drop(FUTURES, curve_keys(place))
    return {(CURVE, place.day())}


def curve_keys(place: Place) -> list[tuple[str, str]]:
    return [(str(month), day) for day in place.days for month in settlements().loc[day].dropna().index]


def curve_late(d: Delivery, place: Place) -> None:
    d.beside(FUTURES, place.tag, d.drop(FUTURES, curve_keys(place)))


def settle_off(points: float) -> Callable[[Delivery, Place], Named]:
    def plant(d: Delivery, place: Place) -> Named:
        month = contract(place)
        for day in place.days:
            d.put(FUTURES, (month, day), settle=float(settlements().at[day, month]) + points)
        return {(month[:7], day) for day in (place.day(), place.day_after) if day}

    return plant


def settle_in_line_enough(d: Delivery, place: Place) -> None:
    """As far as the limit allows beside the contracts next to it, whose own moves differ by some basis points."""
    settle_off(0.8 * limit("futures_jump.maximum_bp") / 100)(d, place)


def settle_as_rate(d: Delivery, place: Place) -> Named:
    month = contract(place)
    for day in place.days:
        d.put(FUTURES, (month, day), settle=round(100 - float(settlements().at[day, month]), 4))
    return {(month, day) for day in place.days}


def settled_after_expiry(d: Delivery, place: Place) -> Named:
    """A settlement of a contract whose month is over."""
    gone = (date.fromisoformat(place.day()).replace(day=1) - timedelta(days=1)).replace(day=1).isoformat()
    d.add(FUTURES, *({"contract_month": gone, "session_date": day, "settle": 99.5} for day in place.days))
    return {(gone, day) for day in place.days}


def settled_in_its_month(d: Delivery, place: Place) -> None:
    """The contract of the month itself, told twice."""
    d.beside(FUTURES, place.tag, d.copy_of(FUTURES, [(day[:8] + "01", day) for day in place.days]))


def settle_at_bound(d: Delivery, place: Place) -> None:
    for day in place.days:
        d.put(FUTURES, (contract(place), day), settle=101.0)


@cache
def near_curve(day: str) -> float:
    month = day[:7]
    row = settlements().loc[day].dropna()
    return float(row[[name for name in row.index if name[:7] > month]].iloc[:6].median())


def placeholder_end(place: Place) -> int | None:
    """Rows after which a settlement that stands still since the first one has seen the curve move enough."""
    lowest = highest = near_curve(place.day())
    for k in range(1, len(place.history) - place.at):
        value = near_curve(place.day(k))
        lowest, highest = min(lowest, value), max(highest, value)
        moved = 100 * (highest - lowest)
        if k + 1 >= limit("futures_frozen.settlements") and moved >= limit("futures_frozen.curve_move_bp"):
            return k
    return None


FAR = "2017-12-01"


def stands_still(d: Delivery, place: Place, rows: int) -> None:
    for k in range(1, rows + 1):
        if (FAR, place.day(k)) in d.rows_by_key[FUTURES]:
            d.put(FUTURES, (FAR, place.day(k)), settle=float(settlements().at[place.day(), FAR]))


def placeholder(d: Delivery, place: Place) -> Named:
    end = placeholder_end(place)
    assert end is not None
    stands_still(d, place, end)
    return {(FAR[:7], place.day(end))}


def placeholder_replaced_in_time(d: Delivery, place: Place) -> None:
    end = placeholder_end(place)
    assert end is not None
    stands_still(d, place, end - 1)


def curve_moves_enough(place: Place) -> bool:
    """Within the length of the place, while the far contract is no front contract."""
    end = placeholder_end(place)
    return (
        end is not None
        and end < place.length - 1
        and place.day(end)[:7] < FAR[:7]
        and not pd.isna(settlements().at[place.day(), FAR])
    )


def repeat_curve(d: Delivery, place: Place, rows: int) -> None:
    for k in range(rows):
        for month, settle in settlements().loc[place.day(-1)].dropna().items():
            d.put(FUTURES, (str(month), place.day(k)), settle=float(settle))


def curve_frozen(d: Delivery, place: Place) -> Named:
    repeat_curve(d, place, place.length)
    return {(CURVE, place.day(int(limit("futures_curve_frozen.settlements")) - 1))}


def curve_twice(d: Delivery, place: Place) -> None:
    repeat_curve(d, place, int(limit("futures_curve_frozen.settlements")) - 1)


def is_inside_month(place: Place) -> bool:
    """No contract comes or goes, and the day before the place did not stand still itself."""
    same = place.day(-1)[:7] == place.days[-1][:7]
    changes = (settlements().loc[place.day(-1)] - settlements().loc[place.day(-2)]).abs().max()
    after = place.history[place.at + place.length : place.at + place.length + 1]
    moved = all((settlements().loc[day] - settlements().loc[place.day(-1)]).abs().max() > 0 for day in after)
    return same and changes > 0 and moved


@cache
def monthly_mean(month: str) -> float:
    """Calendar-day mean of the effective rate; a rate holds until the next one."""
    rates = simulated()[POLICY].set_index("rate_date")["effr_pct"]
    first = date.fromisoformat(month)
    days = [first + timedelta(days=k) for k in range(31) if (first + timedelta(days=k)).month == first.month]
    known = sorted(rates.index)
    return sum(float(rates[max(day for day in known if day <= one.isoformat())]) for one in days) / len(days)


def ends_month(place: Place) -> bool:
    last = place.days[-1]
    return place.day_after is not None and place.day_after[:7] != last[:7]


def month_of(place: Place) -> str:
    return place.days[-1][:7] + "-01"


def final_settle(share: float) -> Callable[[Delivery, Place], Named]:
    def plant(d: Delivery, place: Place) -> Named:
        month = month_of(place)
        off = share * limit("futures_final_settle.maximum_bp") / 100
        for day in place.days:
            d.put(FUTURES, (month, day), settle=100 - monthly_mean(month) - off)
        return {(month[:7], place.days[-1])}

    return plant


def next_month(month: str) -> str:
    return (date.fromisoformat(month) + timedelta(days=32)).replace(day=1).isoformat()


def month_shifted(d: Delivery, place: Place) -> Named:
    """Every settlement stands under the contract month before its own."""
    for day in place.days:
        curve = settlements().loc[day].dropna()
        for month in curve.index:
            if next_month(str(month)) in curve.index:
                d.put(FUTURES, (str(month), day), settle=float(curve[next_month(str(month))]))
    return {(month_of(place)[:7], place.days[-1])}


def next_month_differs(place: Place) -> bool:
    if not ends_month(place):
        return False
    settle = settlements().at[place.days[-1], next_month(month_of(place))]
    return abs(100 * (100 - settle - monthly_mean(month_of(place)))) > 1.5 * limit("futures_final_settle.maximum_bp")


# --- policy rates


@cache
def policy() -> pd.DataFrame:
    return simulated()[POLICY].set_index("rate_date")


def rate_missing(d: Delivery, place: Place) -> Named:
    d.drop(POLICY, [(day,) for day in place.days])
    return {(EFFR, place.day())}


def is_bank_days(place: Place) -> bool:
    """All sessions, all bank days: none of the autumn holidays on which only stocks trade."""
    sessions = set(closes().index)
    return all(day in sessions and day[5:7] not in ("10", "11") for day in place.days)


def rate_late(d: Delivery, place: Place) -> None:
    d.beside(POLICY, place.tag, d.drop(POLICY, [(day,) for day in place.days]))


def rate_row(place: Place, day: str) -> dict[str, object]:
    return {"rate_date": day} | {str(name): value for name, value in policy().loc[place.day()].items()}


def rate_on_saturday(d: Delivery, place: Place) -> Named:
    saturday = (date.fromisoformat(place.day()) + timedelta(days=1)).isoformat()
    d.add(POLICY, rate_row(place, saturday))
    return {(EFFR, saturday)}


def rate_on_holiday(d: Delivery, place: Place) -> None:
    """A rate for a holiday that is no day of the weekend; on other Fridays the row of the day itself, twice."""
    monday = (date.fromisoformat(place.day()) + timedelta(days=3)).isoformat()
    if monday in policy().index:
        d.beside(POLICY, place.tag, d.copy_of(POLICY, [(place.day(),)]))
    else:
        d.add(POLICY, rate_row(place, monday))


def is_friday(place: Place) -> bool:
    return date.fromisoformat(place.day()).weekday() == 4


def rate_beside_target(end: str, points: float) -> Callable[[Delivery, Place], Named]:
    def plant(d: Delivery, place: Place) -> Named:
        for day in place.days:
            d.put(POLICY, (day,), effr_pct=round(float(policy().at[day, end]) + points, 4))
        return {(EFFR, day) for day in place.days}

    return plant


def rate_as_fraction(d: Delivery, place: Place) -> Named:
    for day in place.days:
        d.put(POLICY, (day,), effr_pct=float(policy().at[day, "effr_pct"]) / 100)
    return {(EFFR, day) for day in place.days}


def range_is_above_zero(place: Place) -> bool:
    return all(policy().at[day, "target_lower_pct"] >= 0.25 for day in place.days)


def rate_in_basis_points(d: Delivery, place: Place) -> Named:
    for day in place.days:
        d.put(POLICY, (day,), effr_pct=float(round(float(policy().at[day, "effr_pct"]) * 100)))
    return {("", day) for day in place.days}


def rate_at_bound(d: Delivery, place: Place) -> None:
    for day in place.days:
        d.put(POLICY, (day,), effr_pct=25.0)


def target_swapped(d: Delivery, place: Place) -> Named:
    for day in place.days:
        lower, upper = (float(policy().at[day, f"target_{end}_pct"]) for end in ("lower", "upper"))
        d.put(POLICY, (day,), target_lower_pct=upper, target_upper_pct=lower)
    return {("", day) for day in place.days}


def target_single(d: Delivery, place: Place) -> None:
    """Both ends the same: a single target, upright."""
    for day in place.days:
        d.put(POLICY, (day,), target_lower_pct=float(policy().at[day, "target_upper_pct"]))


@cache
def reviewed_meetings() -> dict[str, dict[str, str]]:
    with (REPO / "dbt" / "seeds" / "fomc_meetings.csv").open(encoding="utf-8") as opened:
        return {row["meeting_date"]: row for row in csv.DictReader(opened)}


def target_moved(d: Delivery, place: Place) -> Named:
    for day in place.days:
        for end in ("lower", "upper"):
            d.put(POLICY, (day,), **{f"target_{end}_pct": float(policy().at[day, f"target_{end}_pct"]) + 0.25})
    return {("target", day) for day in place.days}


def target_moved_on_the_day(d: Delivery, place: Place) -> None:
    """On the day of an announcement both targets are right."""
    earlier = max(day for day in reviewed_meetings() if day <= place.day())
    if earlier in policy().index:
        for end in ("lower", "upper"):
            d.put(POLICY, (earlier,), **{f"target_{end}_pct": float(policy().at[earlier, f"target_{end}_pct"]) + 0.25})


def follows_meeting(place: Place) -> bool:
    """The days right after an announcement: the old target still told is what goes wrong there."""
    return place.day(-1) in reviewed_meetings() and not set(place.days) & set(reviewed_meetings())


def second_source(table: str, column: str, basis_points: float) -> Callable[[Delivery, Place], Named]:
    def plant(d: Delivery, place: Place) -> Named:
        if table == FUTURES:
            row_keys: list[tuple[str, ...]] = [(contract(place), day) for day in place.days]
            series = contract(place)[:7]
        elif table == YIELDS:
            row_keys, series = [(day, "10yr") for day in place.days], "10yr"
        else:
            row_keys, series = [(day,) for day in place.days], EFFR
        rows = d.copy_of(table, row_keys, f"vendor_{place.tag}")
        rows[column] = (rows[column].astype(float) + basis_points / 100).round(4)
        d.beside(table, place.tag, rows)
        return {(f"{series} {column}", day) for day in place.days}

    return plant


# --- yields


@cache
def yields() -> pd.DataFrame:
    """Clean yields, days by maturities in the order of the curve."""
    order = ["1mo", "3mo", "6mo", "1yr", "2yr", "3yr", "5yr", "7yr", "10yr", "20yr", "30yr"]
    return simulated()[YIELDS].pivot(index="rate_date", columns="tenor", values="par_yield_pct")[order]


def yields_missing(d: Delivery, place: Place) -> Named:
    d.drop(YIELDS, [(day, tenor) for day in place.days for tenor in yields().columns])
    return {(TENORS, place.day())}


def yields_late(d: Delivery, place: Place) -> None:
    d.beside(YIELDS, place.tag, d.drop(YIELDS, [(day, tenor) for day in place.days for tenor in yields().columns]))


def tenor_missing(d: Delivery, place: Place) -> Named:
    d.drop(YIELDS, [(day, "7yr") for day in place.days])
    return {("7yr", place.day())}


def tenor_late(d: Delivery, place: Place) -> None:
    d.beside(YIELDS, place.tag, d.drop(YIELDS, [(day, "7yr") for day in place.days]))


def tenor_new(d: Delivery, place: Place) -> Named:
    value = {day: float(yields().at[day, "3mo"] + yields().at[day, "6mo"]) / 2 for day in place.days}
    d.add(YIELDS, *({"rate_date": day, "tenor": "4mo", "par_yield_pct": round(value[day], 2)} for day in place.days))
    return {("4mo", day) for day in (place.day(), place.day_after) if day}


def yield_moved(share: float) -> Callable[[Delivery, Place], Named]:
    """The 10-year yield off the curve; the limit holds against the nearer of its neighbours."""

    def plant(d: Delivery, place: Place) -> Named:
        off = share * limit("rates_yield_jump.notes_bp") / 100
        for day in place.days:
            d.put(YIELDS, (day, "10yr"), par_yield_pct=round(float(yields().at[day, "10yr"]) + off, 4))
        return {("10yr", day) for day in (place.day(), place.day_after) if day}

    return plant


def tenors_swapped(d: Delivery, place: Place) -> Named:
    for day in place.days:
        d.put(YIELDS, (day, "2yr"), par_yield_pct=float(yields().at[day, "10yr"]))
        d.put(YIELDS, (day, "10yr"), par_yield_pct=float(yields().at[day, "2yr"]))
    return {(tenor, day) for tenor in ("2yr", "10yr") for day in (place.day(), place.day_after) if day}


def curve_is_steep(place: Place) -> bool:
    days = [day for day in (place.days[0], place.days[-1]) if day]
    return all(yields().at[day, "10yr"] - yields().at[day, "2yr"] > 0.45 for day in days)


def yield_as_fraction(d: Delivery, place: Place) -> Named:
    for day in place.days:
        d.put(YIELDS, (day, "30yr"), par_yield_pct=float(yields().at[day, "30yr"]) / 100)
    return {("30yr", day) for day in (place.day(), place.day_after) if day}


def yields_repeated(d: Delivery, place: Place) -> Named:
    for day in place.days:
        for tenor in yields().columns:
            d.put(YIELDS, (day, tenor), par_yield_pct=float(yields().at[place.day(-1), tenor]))
    return {(TENORS, day) for day in place.days}


def yields_repeated_but_one(d: Delivery, place: Place) -> None:
    yields_repeated(d, place)
    for number, day in enumerate(place.days):
        d.put(
            YIELDS,
            (day, "30yr"),
            par_yield_pct=round(float(yields().at[place.day(-1), "30yr"]) + 0.01 * (number + 1), 2),
        )


# --- decision days: the sample delivers none, the reviewed calendar stands in


def meeting_of(place: Place) -> dict[str, str]:
    return reviewed_meetings()[place.day()]


def deliver_meeting(d: Delivery, place: Place, **other: object) -> None:
    row = {name: meeting_of(place)[name] for name in
           ("meeting_date", "kind", "target_lower_after_pct", "target_upper_after_pct")}  # fmt: skip
    d.beside(MEETINGS, place.tag, pd.DataFrame([row | other]))


def meeting_as_reviewed(d: Delivery, place: Place) -> None:
    deliver_meeting(d, place)


def meeting_decided_otherwise(d: Delivery, place: Place) -> Named:
    moved = {name: float(meeting_of(place)[name]) + 0.25 for name in
             ("target_lower_after_pct", "target_upper_after_pct")}  # fmt: skip
    deliver_meeting(d, place, **moved)
    return {("FOMC", place.day())}


def meeting_that_never_was(d: Delivery, place: Place) -> Named:
    day = (date.fromisoformat(place.day()) + timedelta(days=1)).isoformat()
    deliver_meeting(d, place, meeting_date=day)
    return {("FOMC", day)}


def has_decision(place: Place) -> bool:
    return bool(meeting_of(place)["target_upper_after_pct"]) and not meeting_of(place).get("cancelled_on")


def kind(table: str, series: str, name: str, check: str, what: str, plant: object, near: object, **how: object) -> Kind:
    return Kind(name, table, check, what, plant, near, (series,), **({"pad": 8} | how))


KINDS = (
    kind(FUTURES, CURVE, "settlements_missing", "futures_gap", "a session without any settlement", curve_missing,
         curve_late, after=1),
    kind(FUTURES, CURVE, "settlement_jump", "futures_jump", "a settlement half a point off its neighbours",
         settle_off(0.5), settle_in_line_enough, before=2, fits=is_inside_month),
    kind(FUTURES, CURVE, "settlement_is_the_rate", "fed_funds_futures__value_in_bounds",
         "a rate in the column of settlements", settle_as_rate, settle_at_bound),
    kind(
        FUTURES,
        CURVE,
        "settlement_after_expiry",
        "fed_funds_futures__not_after_expiry",
        "a settlement of a contract whose month is over",
        settled_after_expiry,
        settled_in_its_month,
        fits=lambda place: place.day()[:7] == place.days[-1][:7],
    ),
    kind(FUTURES, CURVE, "settlement_placeholder", "futures_frozen", "a far settlement that stands still",
         placeholder, placeholder_replaced_in_time, fits=curve_moves_enough, lengths=(160, 200), pad=1),
    kind(FUTURES, CURVE, "settlements_repeated", "futures_curve_frozen", "the curve of the day before, three times",
         curve_frozen, curve_twice, lengths=(3, 5), before=3, fits=is_inside_month),
    kind(FUTURES, CURVE, "final_settlement_off", "futures_final_settle", "a last settlement off the month's mean",
         final_settle(2), final_settle(0.9), fits=ends_month, lengths=(1, 3), after=3),
    kind(FUTURES, CURVE, "contract_months_shifted", "futures_final_settle", "all settlements one contract month off",
         month_shifted, final_settle(0.9), fits=next_month_differs, lengths=(3, 8), after=3),
    kind(FUTURES, CURVE, "two_sources_of_a_settlement", "rates_two_sources", "two sources of one settlement",
         second_source(FUTURES, "settle", 2), second_source(FUTURES, "settle", 1)),
    kind(POLICY, EFFR, "rate_missing", "rates_effr_gap", "a bank day without an effective rate", rate_missing,
         rate_late, fits=is_bank_days, after=1),
    kind(POLICY, EFFR, "rate_on_saturday", "rates_effr_weekend", "an effective rate for a Saturday", rate_on_saturday,
         rate_on_holiday, fits=is_friday, lengths=(1, 1)),
    kind(POLICY, EFFR, "rate_above_range", "rates_effr_outside_range", "an effective rate above the range",
         rate_beside_target("target_upper_pct", 0.05), rate_beside_target("target_upper_pct", 0)),
    kind(POLICY, EFFR, "rate_below_range", "rates_effr_outside_range", "an effective rate below the range",
         rate_beside_target("target_lower_pct", -0.05), rate_beside_target("target_lower_pct", 0)),
    kind(POLICY, EFFR, "rate_as_fraction", "rates_effr_outside_range", "percent as fraction", rate_as_fraction,
         rate_beside_target("target_lower_pct", 0), fits=range_is_above_zero),
    kind(POLICY, EFFR, "rate_of_another_year", "rates_effr_far_from_target", "a rate far above the target",
         rate_beside_target("target_upper_pct", 3), rate_beside_target("target_upper_pct", 0.95)),
    kind(POLICY, EFFR, "rate_in_basis_points", "policy_rates__value_in_bounds", "basis points as percent",
         rate_in_basis_points, rate_at_bound, fits=range_is_above_zero),
    kind(POLICY, EFFR, "range_upside_down", "policy_rates__target_upright", "the ends of the range swapped",
         target_swapped, target_single),
    kind(POLICY, EFFR, "range_against_decision", "rates_target_against_decisions",
         "a range that was not decided", target_moved, target_moved_on_the_day, fits=follows_meeting),
    kind(POLICY, EFFR, "two_sources_of_a_rate", "rates_two_sources", "two sources of one effective rate",
         second_source(POLICY, "effr_pct", 2), second_source(POLICY, "effr_pct", 1)),
    kind(YIELDS, TENORS, "yields_missing", "rates_yield_gap", "a bank day without a curve", yields_missing,
         yields_late, fits=is_bank_days, after=1),
    kind(YIELDS, TENORS, "tenor_missing", "rates_tenor_set", "a curve without one maturity", tenor_missing,
         tenor_late),
    kind(YIELDS, TENORS, "tenor_new", "rates_tenor_set", "a maturity that was not there before", tenor_new,
         tenor_late),
    kind(YIELDS, TENORS, "yield_jump", "rates_yield_jump", "a yield off the curve", yield_moved(1.6),
         yield_moved(0.7)),
    kind(YIELDS, TENORS, "tenors_swapped", "rates_yield_jump", "2-year and 10-year yields swapped", tenors_swapped,
         yield_moved(0.7), fits=curve_is_steep),
    kind(YIELDS, TENORS, "yield_as_fraction", "rates_yield_jump", "a yield as a fraction", yield_as_fraction,
         yield_moved(0.7)),
    kind(YIELDS, TENORS, "yields_repeated", "rates_yield_frozen", "the curve of the day before", yields_repeated,
         yields_repeated_but_one),
    kind(YIELDS, TENORS, "two_sources_of_a_yield", "rates_two_sources", "two sources of one yield",
         second_source(YIELDS, "par_yield_pct", 2), second_source(YIELDS, "par_yield_pct", 1)),
    kind(MEETINGS, "FOMC", "meeting_decided_otherwise", "rates_meetings_against_seed",
         "a decision that contradicts the reviewed calendar", meeting_decided_otherwise, meeting_as_reviewed,
         fits=has_decision, lengths=(1, 1), pad=0),
    kind(MEETINGS, "FOMC", "meeting_that_never_was", "rates_meetings_against_seed",
         "a decision day that the reviewed calendar does not have", meeting_that_never_was, meeting_as_reviewed,
         fits=has_decision, lengths=(1, 1), pad=0),
)  # fmt: skip
