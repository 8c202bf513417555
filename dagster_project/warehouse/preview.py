"""What a person wants to see of a table at a glance: rows, date range, first and last rows."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

PREVIEW_ROWS = 5
PLOT_POINTS = 240


@dataclass(frozen=True)
class Preview:
    """`sample` is a Markdown table of the last rows by date (the first ones where there is no date)."""

    rows: int
    first_day: date | None
    last_day: date | None
    sample: str


def preview(connection: "duckdb.DuckDBPyConnection", relation: str) -> Preview:
    """Look at a table or view such as `marts.price_levels`."""
    columns = connection.execute(f"describe {relation}").fetchall()
    days = [name for name, kind, *_ in columns if kind == "DATE"]
    # The last date of a grain is its session: event tables start with the day that explains the row.
    day = next((name for name in ("session_date", "as_of_date", "watch_date", "rate_date") if name in days), None)
    day = day or (days[0] if days else None)
    bounds = f'min("{day}"), max("{day}")' if day else "null, null"
    [(rows, first, last)] = connection.execute(f"select count(*), {bounds} from {relation}").fetchall()
    order = f'order by "{day}" desc' if day else ""
    found = connection.execute(f"select * from {relation} {order} limit {PREVIEW_ROWS}").fetchall()
    header = [name for name, *_ in columns]
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(_shown(value) for value in row) + " |" for row in found]
    return Preview(int(rows), first, last, "\n".join(lines))


def column_names(connection: "duckdb.DuckDBPyConnection") -> dict[str, list[str]]:
    """The columns of every table and view, by names such as `marts.price_levels`."""
    rows = connection.execute(
        "select schema_name || '.' || table_name, list(column_name order by column_index) from duckdb_columns() "
        "where not internal group by all"
    ).fetchall()
    return {relation: list(names) for relation, names in rows}


def plot_points(
    connection: "duckdb.DuckDBPyConnection", relation: str, time: str, value: str, where: str
) -> list[tuple[date, float]]:
    """The last value of each of at most 240 stretches of equally many rows, in order of time."""
    return connection.execute(
        f"""
        with chosen as (
            select * from (select * from {relation} where {where}) where "{value}" is not null
        ), stretches as (
            select "{time}" as day, "{value}" as value, ntile({PLOT_POINTS}) over (order by "{time}") as stretch
            from chosen
        )
        select max(day), arg_max(value, day) from stretches group by stretch order by 1
        """
    ).fetchall()


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value).replace("|", "\\|")
