"""Questions to a published build whose text people can take along and run themselves.

Belongs here: putting days and names into SQL as literals, and the answer with its question.
Does not belong here: any particular question.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from dagster_project.brief.model import Record, records
from dagster_project.charts.model import Chart
from dagster_project.errors import SmallcapError
from dagster_project.warehouse.ddl import sql_text

if TYPE_CHECKING:
    import duckdb

Literal = date | str | int | Sequence[date] | Sequence[str]


@dataclass(frozen=True)
class Answer:
    """Rows and the question that gave them, complete as it stands."""

    sql: str
    rows: list[Record]

    @property
    def first(self) -> Record | None:
        return self.rows[0] if self.rows else None


Figure = tuple[Chart, Answer]
"""A chart with the question behind it."""


@dataclass(frozen=True)
class Day:
    """A day of a published build: what is asked on it may use `{day}` and the pair of the headline.

    Attributes:
        reader: Connection of `open_reader`.
        day: The session.
        pair: Row of dim_pair of the headline with small_name and large_name.
    """

    reader: "duckdb.DuckDBPyConnection"
    day: date
    pair: Record

    @property
    def names(self) -> tuple[str, str]:
        return self.pair["small_name"], self.pair["large_name"]

    def ask(self, sql: str, **literals: Literal) -> Answer:
        """Run a question; `{day}`, `{pair}` and the literals named are put in.

        Raises:
            WarehouseError: the build has no such table or column: another version published it.
        """
        given = {"day": self.day, "pair": self.pair["pair_id"], **literals}
        text = textwrap.dedent(sql).strip().format(**{name: _literal(value) for name, value in given.items()})
        return Answer(text, records(self.reader, text))


def open_day(reader: "duckdb.DuckDBPyConnection", day: date) -> Day:
    """The day with the headline pair of the build.

    Raises:
        SmallcapError: the build has no headline pair.
    """
    pairs = records(
        reader,
        """
        select pair.pair_id, pair.small_symbol, pair.large_symbol, small.name as small_name, large.name as large_name
        from marts.dim_pair as pair
        inner join marts.dim_security as small on pair.small_symbol = small.symbol
        inner join marts.dim_security as large on pair.large_symbol = large.symbol
        where pair.is_headline
        """,
    )
    if not pairs:
        raise SmallcapError("The published build names no headline pair, so there is no page to make.")
    return Day(reader, day, pairs[0])


def _literal(value: Literal) -> str:
    if isinstance(value, date):
        return f"date '{value}'"
    if isinstance(value, str):
        return sql_text(value)
    if isinstance(value, int):
        return str(value)
    return f"[{', '.join(_literal(item) for item in value)}]"
