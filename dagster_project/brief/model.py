"""The shapes of the brief, and the words for its numbers.

Belongs here: `Table`, `Section`, `Brief`, reading rows as dictionaries, formatting with units.
Does not belong here: any particular domain (`prices`, `flows`, `rates`).
"""

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from dagster_project.errors import WarehouseError

if TYPE_CHECKING:
    import duckdb

Record = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """A table for people: `rows` hold text, the first column is left-aligned."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """What one domain has to say; `numbers` are the figures behind the sentences, for scripts."""

    title: str
    findings: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    numbers: tuple[Record, ...] = ()


@dataclass(frozen=True)
class Brief:
    """The brief of one day."""

    as_of: date
    build: Record
    headline: str
    sections: tuple[Section, ...]
    warnings: tuple[str, ...] = field(default=())

    def as_dict(self) -> Record:
        return asdict(self)


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


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th ..."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
