"""Results of a SQL query as a table, CSV or JSON."""

import csv
import json
import math
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

Rows = Sequence[Sequence[Any]]


def print_rows(names: Sequence[str], rows: Rows, limit: int, console: "Console") -> None:
    """At most `limit` rows as a table, with the number of those left out.

    A table that is wider than the terminal is shown row by row, one line per column.
    """
    shown = [[_shown(value) for value in row] for row in rows[:limit]]
    widths = [max([len(name), *(len(row[i]) for row in shown)]) for i, name in enumerate(names)]
    if console.is_terminal and sum(widths) + 3 * len(widths) + 1 > console.width:
        _print_records(names, shown, console)
    else:
        _print_table(names, rows, shown, console)
    if len(rows) > limit:
        console.print(f"{len(rows) - limit} of {len(rows)} rows are not shown; use --limit or --format csv")


def _print_table(names: Sequence[str], rows: Rows, shown: list[list[str]], console: "Console") -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table()
    for position, name in enumerate(names):
        numeric = any(isinstance(row[position], int | float) for row in rows[: len(shown)])
        table.add_column(escape(name), justify="right" if numeric else "left", no_wrap=True)
    for row in shown:
        table.add_row(*(escape(value) for value in row))
    console.print(table)


def _print_records(names: Sequence[str], shown: list[list[str]], console: "Console") -> None:
    from rich.markup import escape

    indent = max(len(name) for name in names)
    for number, row in enumerate(shown, start=1):
        console.print(f"[dim]row {number}[/dim]")
        for name, value in zip(names, row, strict=True):
            console.print(f"  [bold]{escape(name):{indent}}[/bold]  {escape(value)}")


def write_csv(names: Sequence[str], rows: Rows, file: IO[str]) -> None:
    """All rows as CSV with a header; empty fields for nulls."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)


def write_json(names: Sequence[str], rows: Rows, file: IO[str]) -> None:
    """All rows as a JSON array of objects; dates and instants as ISO text, NaN and infinity as null."""
    values = [{name: _json_value(value) for name, value in zip(names, row, strict=True)} for row in rows]
    json.dump(values, file, indent=2, default=str, allow_nan=False)
    file.write("\n")


def _json_value(value: Any) -> Any:
    """JSON knows neither NaN nor infinity: they become null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)
