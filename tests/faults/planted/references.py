"""Faults of what the warehouse is held against: index workbook, published figures, memberships."""

from collections.abc import Callable

from tests.faults.planted.delivery import Delivery, simulated
from tests.faults.planted.fundamentals import later
from tests.faults.planted.kinds import Kind, Named, Place, Span, limit

INDEX, PUBLISHED = "index_fundamentals", "published_figures"
MEMBERSHIPS, IDENTIFIERS = "index_membership", "security_identifiers"
SP500 = "S&P 500"


def keys(place: Place) -> list[tuple[str, str]]:
    return [(SP500, month) for month in place.days]


def months(place: Place) -> Named:
    return {(SP500, f"{month}-01") for month in place.days}


def month_missing(d: Delivery, place: Place) -> Named:
    d.drop(INDEX, keys(place))
    return {(SP500, f"{place.day()}-01")}


def month_late(d: Delivery, place: Place) -> None:
    d.beside(INDEX, place.tag, d.drop(INDEX, keys(place)))


def times(column: str, factor: float) -> Callable[[Delivery, Place], Named]:
    def plant(d: Delivery, place: Place) -> Named:
        for key in keys(place):
            d.put(INDEX, key, **{column: float(d.get(INDEX, key, column)) * factor})
        return months(place)

    return plant


def cape_as_pe(d: Delivery, place: Place) -> Named:
    for key in keys(place):
        d.put(INDEX, key, pe_ttm=float(d.get(INDEX, key, "cape")))
    return months(place)


# --- published figures: a place is a row of the file, written topic|day|publisher


def key_of(place: Place) -> tuple[str, str, str]:
    topic, day, publisher = place.day().split("|")
    return topic, day, publisher


def value_times(factor: float) -> Callable[[Delivery, Place], Named]:
    def plant(d: Delivery, place: Place) -> Named:
        topic, day, publisher = key_of(place)
        d.put(PUBLISHED, key_of(place), value=float(d.get(PUBLISHED, key_of(place), "value")) * factor)
        return {(f"{topic}, {publisher}", day)}

    return plant


def misspelt(d: Delivery, place: Place) -> Named:
    topic, day, publisher = key_of(place)
    d.put(PUBLISHED, key_of(place), topic=f"{topic}_flwo")
    return {(f"{topic}_flwo, {publisher}", day)}


def unknown_fund(d: Delivery, place: Place) -> Named:
    topic, day, publisher = key_of(place)
    d.put(PUBLISHED, key_of(place), topic=f"x{topic}")
    return {(f"x{topic}, {publisher}", day)}


def of_another_publisher(d: Delivery, place: Place) -> None:
    d.put(PUBLISHED, key_of(place), source="another publisher")


def is_flow(place: Place) -> bool:
    return key_of(place)[0].endswith("_flow")


def is_probability(place: Place) -> bool:
    return key_of(place)[0].startswith("fedwatch")


def flow_lanes(place: Place) -> list[Span]:
    """What the figure is computed from: the fund's file since the year began."""
    topic, day, _ = key_of(place)
    return [
        (f"fund {topic.split('_')[0].upper()}", f"{day[:4]}-01-01", later(day, 2)),
        (f"published {place.day()}", "", "9"),
    ]


def probability_lanes(place: Place) -> list[Span]:
    _, day, _ = key_of(place)
    spans = [(lane, later(day, -60), later(day, 30)) for lane in ("futures", "policy", "meetings")]
    return [*spans, (f"published {place.day()}", "", "9")]


# --- memberships: a place is a member of the index that has one ticker


BEGIN = "2015-12-01"
DURING, AFTER = {"valid_from": "2016-06-01"}, {"valid_from": "2016-12-31"}
LAST_DAY_BEFORE = "2016-12-30"


def has_one_ticker(place: Place) -> bool:
    return place.day().startswith("SIM-S")


def _key(table: str, place: Place) -> tuple[str, str, str]:
    """Grain of the member's one row."""
    member_id = place.day()
    return ("IWM", member_id, BEGIN) if table == MEMBERSHIPS else (member_id, member_id.replace("-", ""), BEGIN)


def _series(key: tuple[str, str, str], table: str) -> str:
    """As checks call it: index and member, symbol and member."""
    return f"{key[0]} {key[1]}" if table == MEMBERSHIPS else f"{key[1]} {key[0]}"


def spell(table: str, row: dict[str, object]) -> Callable[[Delivery, Place], Named]:
    """A further spell of the member, or of its symbol under another member; one that comes after ends the first."""

    def plant(d: Delivery, place: Place) -> Named:
        first, second, _ = key = _key(table, place)
        if row == AFTER:
            d.put(table, key, valid_to=LAST_DAY_BEFORE)
        if table == IDENTIFIERS:
            first = f"OTHER{place.day()[-3:]}"
        names = ("index_id", "member_id") if table == MEMBERSHIPS else ("member_id", "symbol")
        d.add(table, dict(zip(names, (first, second), strict=True)) | row)
        return {(_series((first, second, ""), table), str(row["valid_from"]))}

    return plant


def ends(table: str, day: str) -> Callable[[Delivery, Place], Named]:
    def plant(d: Delivery, place: Place) -> Named:
        key = _key(table, place)
        d.put(table, key, valid_to=day)
        return {(_series(key, table), BEGIN)}

    return plant


ROWS = tuple(
    "|".join(key)
    for key in simulated()[PUBLISHED][["topic", "as_of", "source"]].astype(str).itertuples(index=False, name=None)
)


def index(name: str, check: str, what: str, plant: object, near: object, **how: object) -> Kind:
    return Kind(name, INDEX, check, what, plant, near, (SP500,), **({"before": 0, "pad": 0} | how))


def published(name: str, check: str, what: str, plant: object, near: object, **how: object) -> Kind:
    return Kind(name, PUBLISHED, check, what, plant, near, ("published",),
                **({"before": 0, "pad": 0, "lengths": (1, 1)} | how))  # fmt: skip


def member(table: str, name: str, check: str, what: str, plant: object, near: object) -> Kind:
    return Kind(name, table, check, what, plant, near, ("members",), before=0, pad=0, lengths=(1, 1),
                fits=has_one_ticker)  # fmt: skip


PE_NEAR = times("pe_ttm", 1 + 0.9 * limit("index_ratio.maximum_pct") / 100)
KINDS = (
    index("index_month_missing", "index_gap", "a month without a row", month_missing, month_late, before=1, after=1),
    index("index_price_of_one_day", "index_price_against_closes", "a price that is not the month's mean",
          times("price", 1.006), times("price", 1 + 0.8 * limit("index_price_against_closes.maximum_pct") / 100)),
    index("pe_off", "index_ratio", "a P/E that is not price over earnings", times("pe_ttm", 1.05), PE_NEAR),
    index("cape_as_pe", "index_ratio", "CAPE in the column of P/E", cape_as_pe, PE_NEAR),
    published("published_sign", "flows_published", "an outflow told as an inflow", value_times(-1),
              value_times(1.045), fits=is_flow, lanes=flow_lanes),
    published("published_in_billions", "flows_published", "billions as millions", value_times(0.001),
              value_times(0.96), fits=is_flow, lanes=flow_lanes),
    published("published_probability", "published_disagrees", "a probability of another meeting", value_times(0.5),
              value_times(1.02), fits=is_probability, lanes=probability_lanes),
    published("published_topic_misspelt", "published_unknown_topic", "a topic that nothing knows", misspelt,
              of_another_publisher),
    published("published_fund_unknown", "published_unknown_topic", "flows of a fund that nothing knows", unknown_fund,
              of_another_publisher, fits=is_flow),
    member(MEMBERSHIPS, "membership_overlaps", "membership_spells", "a spell inside another",
           spell(MEMBERSHIPS, DURING), spell(MEMBERSHIPS, AFTER)),
    member(MEMBERSHIPS, "membership_ends_first", "membership_spells", "a spell that ends before it begins",
           ends(MEMBERSHIPS, "2015-11-30"), ends(MEMBERSHIPS, BEGIN)),
    member(IDENTIFIERS, "symbol_of_two", "membership_symbols", "one symbol, two members",
           spell(IDENTIFIERS, DURING), spell(IDENTIFIERS, AFTER)),
    member(IDENTIFIERS, "symbol_ends_first", "membership_symbols", "a spell of a symbol that ends before it begins",
           ends(IDENTIFIERS, "2015-11-30"), ends(IDENTIFIERS, BEGIN)),
)  # fmt: skip
