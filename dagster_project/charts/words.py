"""Numbers as people read them on charts and on the page: with their unit and a true minus sign.

Belongs here: formatting of single figures.
Does not belong here: sentences about a domain.
"""

from datetime import date

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
HELD = "\N{NO-BREAK SPACE}"
"""Between a number and its unit, which no line break parts."""


def number(value: float | None, digits: int = 2, signed: bool = False) -> str:
    """A plain number, `-` as a dash when it is missing; what rounds to zero has no sign."""
    if value is None:
        return NOTHING
    text = f"{value:+,.{digits}f}" if signed else f"{value:,.{digits}f}"
    if not text.strip("+-0.,"):
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def percent(value: float | None, digits: int = 1, signed: bool = True) -> str:
    """Percent, signed unless it is a share."""
    return NOTHING if value is None else f"{number(value, digits, signed)}{HELD}%"


def points(value: float | None, digits: int = 2) -> str:
    """Percentage points."""
    return NOTHING if value is None else f"{number(value, digits, signed=True)}{HELD}pp"


def dollars(value: float | None, signed: bool = True) -> str:
    """US dollars in the unit that leaves one to four digits before the point: bn or m."""
    if value is None:
        return NOTHING
    billions = abs(value) >= 9_999.95e6
    return f"{number(value / (1e9 if billions else 1e6), 1, signed)}{HELD}{'bn' if billions else 'm'}{HELD}USD"


def span(one: float | None, other: float | None, digits: int = 1) -> str:
    """Two percentages as a range, or as one where they agree to the digit."""
    known = sorted(value for value in (one, other) if value is not None)
    if not known:
        return NOTHING
    low, high = number(known[0], digits), number(known[-1], digits)
    return f"{low}{HELD}%" if low == high else f"{low}\N{EN DASH}{high}{HELD}%"


def ordinal(rank: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th ..."""
    if rank % 100 in (11, 12, 13):
        return f"{rank}th"
    return f"{rank}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(rank % 10, 'th') }"


def worst(rank: int) -> str:
    """`worst`, `2nd worst`, ..."""
    return "worst" if rank == 1 else f"{ordinal(rank)} worst"


def expired(as_of: date, valid_through: date) -> str:
    """Why baskets of a day decide nothing any more."""
    return f"Undecidable today: the last baskets, of {as_of}, were valid through {valid_through}"


def spoken(name: str) -> str:
    """The name of a table, column or check as words."""
    return name.replace("__", ": ").replace("_", " ")
