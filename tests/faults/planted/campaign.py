"""Which faults are planted where, many into one delivery, and what must come of them.

Belongs here: places, batches, the verdict. Does not belong here: any particular fault, and running models.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np

from tests.faults.planted import flows, fundamentals, prices, rates, references
from tests.faults.planted.delivery import Delivery, simulated
from tests.faults.planted.kinds import POSITIONS, Kind, Named, Place, Position, Size, Span
from tests.faults.planted.warehouse import Outcome
from tests.helpers import REPO

KINDS: tuple[Kind, ...] = (*prices.KINDS, *flows.KINDS, *rates.KINDS, *fundamentals.KINDS, *references.KINDS)


@cache
def history(table: str, series: str) -> tuple[str, ...]:
    """The days, or other keys, along which a fault of a series is placed."""
    frame = simulated().get(table)
    if table == rates.MEETINGS:
        return tuple(day for day in rates.reviewed_meetings() if "2016-01-01" <= day <= "2017-12-31")
    assert frame is not None
    if table == prices.TABLE:
        return tuple(sorted(frame[frame["symbol"] == series]["session_date"]))
    if table == flows.TABLE:
        return tuple(sorted(frame[frame["fund_symbol"] == series]["as_of_date"]))
    if table == fundamentals.HOLDINGS:
        return tuple(sorted(frame[frame["fund_symbol"] == series]["as_of_date"].unique()))
    if table == fundamentals.FACTS:
        return tuple(sorted(frame[frame["company_id"] == series]["period_end"].unique()))
    if table == references.PUBLISHED:
        return references.ROWS
    column = {
        rates.FUTURES: "session_date",
        rates.POLICY: "rate_date",
        rates.YIELDS: "rate_date",
        references.INDEX: "month",
        references.MEMBERSHIPS: "member_id",
        references.IDENTIFIERS: "member_id",
    }[table]
    return tuple(sorted(frame[column].unique()))


@dataclass(frozen=True)
class Case:
    """One fault at one place."""

    kind: Kind
    position: Position
    size: Size
    place: Place

    @property
    def name(self) -> str:
        return f"{self.kind.name} {self.position} {self.size} ({self.place.series} {self.place.day()})"

    @property
    def window(self) -> tuple[str, str]:
        """First and last day of the rows around the place that belong to it."""
        place, pad = self.place, self.kind.pad
        return place.history[max(place.at - pad, 0)], place.history[
            min(place.at + place.length - 1 + pad, len(place.history) - 1)
        ]

    @property
    def lanes(self) -> list[Span]:
        if self.kind.lanes is not None:
            return self.kind.lanes(self.place)
        table, (first, last) = self.kind.table, self.window
        if table == prices.TABLE:
            return [(lane, first, last) for lane in ("bars", *(f"fund {fund}" for fund in flows.ALL))]
        if table == flows.TABLE:
            return [(f"fund {self.place.series}", first, last)]
        if table == rates.FUTURES:
            month_ends = self.kind.check == "futures_final_settle"
            return [(lane, first, last) for lane in ("futures", *(("policy",) if month_ends else ()))]
        if table == rates.POLICY:
            return [("policy", first, last)]
        if table == rates.MEETINGS:
            return [("policy", first, shift(last, 50)), ("meetings", first, shift(last, 50))]
        if table == rates.YIELDS:
            return [("yields", first, last)]
        if table in (fundamentals.HOLDINGS, fundamentals.FACTS):
            return [(f"{table} {self.place.series}", first, last)]
        if table == references.INDEX:
            # a price of a month is held against the closes of its days
            return [("index", first, last), ("bars", f"{first}-01", f"{last}-31")]
        name = "published" if table == references.PUBLISHED else table
        return [(f"{name} {self.place.day()}", "", "9")]


def shift(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def overlap(one: Iterable[Span], other: Iterable[Span]) -> bool:
    return any(a[0] == b[0] and a[1] <= b[2] and b[1] <= a[2] for a in one for b in other)


def candidates(kind: Kind, series: str, position: Position, size: Size, random: np.random.Generator) -> Iterable[Place]:
    """Places of one position, the first choice first."""
    days, length = history(kind.table, series), kind.length(size)
    first, last = kind.before, len(days) - length - kind.after
    tag = f"{kind.name}_{series.strip('^').replace(' ', '')}"
    if position == "middle":
        # where the history goes on beyond the last day it is left to other tables
        inner = range(first + 1, last)
        indexes = [int(k) for k in random.permutation(list(inner))] if len(inner) else [first]
        indexes = [k for k in indexes if days[k] <= kind.last_day][:400]
    else:
        # the first and the last place at which the fault can be told, and those beside them
        indexes = list(range(first, last + 1))[:150] if position == "start" else list(range(last, first - 1, -1))[:150]
    for at in indexes:
        place = Place(series, days, at, length, f"{tag}_{days[at].split('|')[0]}")
        if 0 <= at <= last and (kind.fits is None or kind.fits(place)):
            yield place


def batches(
    wanted: Sequence[tuple[Kind, Position, Size]], seed: int, most_batches: int | None = None
) -> list[list[Case]]:
    """Cases in as few batches as touch each other nowhere. A position that is taken everywhere gives way to another.

    Args:
        most_batches: further batches are opened only while there are fewer.
    """
    random = np.random.default_rng(seed)
    found: list[list[Case]] = []
    taken: list[list[Span]] = []
    # what takes most room is placed first
    for kind, position, size in sorted(
        wanted, key=lambda one: (one[0].lanes is None, -one[0].length(one[2]) - one[0].pad)
    ):
        others = [other for other in POSITIONS if other != position]
        case = None
        for chosen in (position, *others):
            case = _place(kind, chosen, size, random, found, taken, most_batches)
            if case is not None:
                break
        assert case is not None, f"{kind.name}: no place for it"
    return found


def _place(
    kind: Kind, position: Position, size: Size, random: np.random.Generator, found: list[list[Case]],
    taken: list[list[Span]], most_batches: int | None,
) -> Case | None:  # fmt: skip
    series = [kind.series[int(k)] for k in random.permutation(len(kind.series))][:12]
    first: Case | None = None
    for one in series:
        for number, place in enumerate(candidates(kind, one, position, size, random)):
            case = Case(kind, position, size, place)
            first = first or case
            for batch, spans in zip(found, taken, strict=True):
                if not overlap(case.lanes, spans):
                    batch.append(case)
                    spans.extend(case.lanes)
                    return case
            if number >= (200 if position == "middle" else 3):
                break
    if first is None or (most_batches is not None and len(found) >= most_batches):
        return None
    found.append([first])
    taken.append(list(first.lanes))
    return first


# --- what must come of it


def named_rows(check: str, outcome: Outcome) -> Named:
    """What a check names: findings of a market check."""
    return {(series, day) for found, series, day in outcome.findings if found == check}


def is_told(check: str, row: tuple[str, str], outcome: Outcome) -> bool:
    """Whether a check that is no market check names a row: in quarantine, or among the rows of a test."""
    wanted = {word for value in row for word in value.split(" ") if word}
    quarantined = (json.loads(text) for found, text in outcome.rejected if found == check)
    objected = outcome.objections.get(check, [])
    return any(
        wanted <= {word for value in one.values() for word in str(value).split(" ")}
        for one in (*quarantined, *objected)
    )


def missed(expected: dict[Case, Named], outcome: Outcome) -> dict[Case, Named]:
    """Faults with the rows that their check does not name."""
    found = {}
    for case, rows in expected.items():
        check = case.kind.check
        named = named_rows(check, outcome)
        lost = {row for row in rows if row not in named and not is_told(check, row, outcome)}
        if lost:
            found[case] = lost
    return found


def too_much(expected: dict[Case, Named], outcome: Outcome) -> dict[Case, Named]:
    """Faults with rows at their place that their check names and that are right."""
    found = {}
    for case, rows in expected.items():
        first, last = case.window
        mine = {series.split(" ")[0] for series, _ in rows}
        extra = {
            (series, day) for series, day in named_rows(case.kind.check, outcome)
            if first <= day <= last and series.split(" ")[0] in mine and (series, day) not in rows
        }  # fmt: skip
        if extra:
            found[case] = extra
    return found


def false_alarms(touched: dict[Case, set[str]], outcome: Outcome) -> dict[Case, Named]:
    """Near-misses that their check names all the same.

    Args:
        touched: series that the near-miss touched.
    """
    found: dict[Case, Named] = defaultdict(set)
    for case, mine in touched.items():
        first, last = case.window
        for series, day in named_rows(case.kind.check, outcome):
            if series in mine and shift_key(first, 0) <= day <= shift_key(last, 31):
                found[case].add((series, day))
    return dict(found)


RELATED = {
    prices.TABLE: {prices.TABLE},
    flows.TABLE: {flows.TABLE, prices.TABLE},
    rates.FUTURES: {rates.FUTURES, rates.POLICY, rates.MEETINGS},
    rates.POLICY: {rates.POLICY, rates.MEETINGS, rates.FUTURES, rates.YIELDS},
    rates.MEETINGS: {rates.MEETINGS},
    rates.YIELDS: {rates.YIELDS},
    fundamentals.HOLDINGS: {fundamentals.HOLDINGS, fundamentals.FACTS},
    fundamentals.FACTS: {fundamentals.HOLDINGS, fundamentals.FACTS},
    references.INDEX: {references.INDEX, prices.TABLE},
    references.MEMBERSHIPS: {references.MEMBERSHIPS},
    references.IDENTIFIERS: {references.IDENTIFIERS},
}
"""Table of a check -> tables whose faults it may tell of as well."""
FAR_DAYS = {
    "rates_target_against_decisions": 60,
    "futures_final_settle": 35,
    "index_price_against_closes": 35,
    "facts_period": 400,
    "facts_share_counts": 400,
    "facts_scale": 400,
    "holdings_company_value": 800,
    "holdings_rows": 800,
}
"""Days by which a check may name another day than that of the fault: a month by its ends, a company by its filings."""


@cache
def table_of() -> dict[str, str]:
    """Raw table by market check."""
    with (REPO / "dbt" / "seeds" / "market_checks.csv").open(encoding="utf-8") as opened:
        return {row["check_id"]: row["table_name"] for row in csv.DictReader(opened)}


def unexplained(cases: Sequence[Case], outcome: Outcome) -> set[tuple[str, str, str]]:
    """Findings that no fault of the batch lies near: false alarms that planting made elsewhere."""
    left = set()
    for check, series, day in outcome.findings:
        # a published figure is held against sums of months, of all tables
        related = RELATED.get(table_of()[check])
        far = FAR_DAYS.get(check, 0)
        if related is not None and not any(
            case.kind.table in related
            and (shift_key(case.window[0], -far) <= day <= shift_key(case.window[1], far + 5) or not case.kind.pad)
            for case in cases
        ):
            left.add((check, series, day))
    return left


def shift_key(key: str, days: int) -> str:
    """A day moved; a month as its first day; other keys stay."""
    if len(key) == 7:
        key += "-01"
    return shift(key, days) if len(key) == 10 and key[4] == "-" else key


def plant(cases: Sequence[Case]) -> tuple[Delivery, dict[Case, Named]]:
    delivery = Delivery()
    return delivery, {case: case.kind.plant(delivery, case.place) for case in cases}


def plant_near(cases: Sequence[Case]) -> tuple[Delivery, dict[Case, set[str]]]:
    """Near-misses at the places of the faults, and the series that each fault would be named under."""
    scratch = Delivery()
    touched = {case: {series for series, _ in case.kind.plant(scratch, case.place)} for case in cases}
    delivery = Delivery()
    for case in cases:
        case.kind.near(delivery, case.place)
    return delivery, touched
