"""The shapes of the brief, and the words for its numbers.

Belongs here: `Table`, `Section`, `Brief`, reading rows as dictionaries, formatting with units.
Does not belong here: any particular domain (`claims`, `prices`, `flows`, `rates` ...).
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from dagster_project.errors import WarehouseError

if TYPE_CHECKING:
    import duckdb

    from dagster_project.brief.claims import Claim

Record = dict[str, Any]

GLUE = "\ue000"
"""A character that no text has; it is as wide as a blank and no line is broken there."""
UNIT_AFTER_NUMBER = re.compile(r"(?<=\d) (?=%|pp\b|bp\b|sd\b|m USD)|(?<=\d m) (?=USD)")


@dataclass(frozen=True)
class Table:
    """A table for people: `rows` hold text; an empty title is left out.

    `align` has `l` or `r` for each column; without it the first stands left and the others right. A column on the
    right is never broken over lines.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    align: str = ""

    def alignment(self) -> str:
        return self.align or "l" + "r" * (len(self.header) - 1)


@dataclass(frozen=True)
class Section:
    """What one domain has to say; `numbers` are the figures behind the sentences, for scripts.

    `stale` says why the domain has nothing fresh on the day; empty when it has.
    """

    title: str
    findings: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    numbers: tuple[Record, ...] = ()
    stale: str = ""


@dataclass(frozen=True)
class Brief:
    """The brief of one day. Only `later` holds what was known after the day."""

    as_of: date
    framing: str
    build: Record
    headline: str
    claims: tuple["Claim", ...]
    sections: tuple[Section, ...]
    later: Section
    warnings: tuple[str, ...] = field(default=())

    @property
    def stale(self) -> tuple[str, ...]:
        """The domains without anything fresh on the day, each with the reason."""
        return tuple(f"{section.title.lower()} ({section.stale})" for section in self.sections if section.stale)

    def as_dict(self) -> Record:
        """The brief for scripts; keys and their order are stable."""
        return {
            "as_of": self.as_of,
            "framing": self.framing,
            "source_mode": self.build["source_mode"],
            "is_simulated": self.build["is_simulated"],
            "build": self.build,
            "headline": self.headline,
            "stale": self.stale,
            "claims": [claim.as_dict() for claim in self.claims],
            "sections": [asdict(section) for section in self.sections],
            "warnings": self.warnings,
            "later": asdict(self.later),
        }


def records(reader: "duckdb.DuckDBPyConnection", query: str, *parameters: object) -> list[Record]:
    """Rows of a query as dictionaries.

    Raises:
        WarehouseError: the build has no such table or column: another version published it.
    """
    import duckdb

    try:
        cursor = reader.execute(query, list(parameters))
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise WarehouseError(
            f"The published build is of another version ({str(error).splitlines()[0]}). Run `smallcap build`."
        ) from error
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def pct(value: float | None, signed: bool = True) -> str:
    """Percent with two digits, `-` when missing."""
    return "-" if value is None else f"{value:{'+' if signed else ''}.2f} %"


def odds(value: float | None) -> str:
    """A probability in percent with one digit."""
    return "-" if value is None else f"{value:.1f} %"


def pp(value: float | None) -> str:
    """Percentage points with two digits."""
    return "-" if value is None else f"{value:+.2f} pp"


def millions(value: float | None) -> str:
    """Dollars as signed millions."""
    return "-" if value is None else f"{value / 1e6:+,.1f} m USD"


def basis_points(value: float | None) -> str:
    """Basis points with one digit."""
    return "-" if value is None else f"{value:+.1f} bp"


def per_basis_point(value: float | None) -> str:
    """Percent per basis point."""
    return "-" if value is None else f"{value:+.4f} % per bp"


def number(value: float | None, digits: int = 2) -> str:
    """A plain number, such as a ratio or a t."""
    return "-" if value is None else f"{value:.{digits}f}"


def figure(value: float | None, unit: str) -> str:
    """A figure of the ledger in its unit; a unit without words of its own follows the number."""
    if value is None:
        return "-"
    if unit == "percent":
        return f"{value:.1f} %" if abs(value) >= 10 else f"{value:.2f} %"
    words: dict[str, Callable[[float], str]] = {
        "percentage points": pp,
        "US dollars": millions,
        "percent per basis point": per_basis_point,
        "basis points": basis_points,
    }
    if unit in words:
        return words[unit](value)
    return {"ratio": f"{value:.2f}x", "rank": f"rank {value:.0f}", "standard deviations": f"{value:+.1f} sd"}.get(
        unit, f"{value:g} {unit}"
    )


def threshold(value: float, unit: str) -> str:
    """A figure without the digits that a round number does not need."""
    return re.sub(r"\.0+(?= |x|$)", "", figure(value, unit)) if value else "0"


def ordinal(rank: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th ..."""
    if rank % 100 in (11, 12, 13):
        return f"{rank}th"
    return f"{rank}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(rank % 10, 'th') }"


def glued(text: str) -> str:
    """The text with numbers held to their units, for breaking it into lines; `unglued` makes blanks of it again."""
    return UNIT_AFTER_NUMBER.sub(GLUE, text)


def unglued(text: str) -> str:
    """The text of `glued` with its blanks."""
    return text.replace(GLUE, " ")


def sentence(text: str) -> str:
    """The text with a capital and a full stop."""
    return text[:1].upper() + text[1:].rstrip(".") + "."
