"""The workbook of a day: the tables of the brief for people who work in a spreadsheet.

Belongs here: reading a published build as of a day and writing one xlsx file, with number formats, units in headers,
sources in titles. Does not belong here: which tables there are (`export_sheets`), and any computing.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.errors import SmallcapError, WarehouseError
from dagster_project.warehouse.connection import open_reader
from dagster_project.warehouse.export_sheets import NOTES, SHEETS, Sheet
from dagster_project.warehouse.sessions import session_of

if TYPE_CHECKING:
    import duckdb

Result = tuple[list[str], list[tuple[Any, ...]]]
"""Names and rows of a query."""
Heading = tuple[str, str, str | None]
"""Words, unit and number format of a column."""

UNITS: dict[str, tuple[str, str]] = {
    "_pct_per_bp": ("% per bp", "0.0000"),
    "_pct": ("%", "0.00"),
    "_pp": ("pp", "+0.00;-0.00;0.00"),
    "_usd": ("USD", "#,##0;[Red]-#,##0"),
    "_bp": ("bp", "0.0"),
    "_days": ("days", "0"),
    "_sessions": ("sessions", "0"),
}
"""Unit and number format by the end of a column's name; the name is where the marts carry the unit."""
NAMES: dict[str, Heading] = {
    "net_flow_pct_aum": ("net flow", "% of assets", "0.00"),
    "outflow_pct_rank_in_own_history": ("weeks with a larger outflow", "%", "0.0"),
    "zscore_52w": ("z-score of 52 weeks", "sd", "0.00"),
    "percentile": ("percentile", "%", "0.0"),
    "built_at_utc": ("built at", "UTC", None),
}
"""Heading, unit and number format of columns whose name does not end in their unit."""
UNITS_IN_WORDS: dict[str, str] = {
    "percent": "0.00",
    "percentage points": UNITS["_pp"][1],
    "US dollars": UNITS["_usd"][1],
    "percent per basis point": UNITS["_pct_per_bp"][1],
    "rank": "0",
}
"""Number formats of claims, whose unit stands in a column of its own."""
FORMATS: dict[type, str] = {int: "0", float: "0.000", date: "yyyy-mm-dd", datetime: "yyyy-mm-dd hh:mm"}
HEADER_ROW = 4
LINE_POINTS = 15
LONGEST_COLUMN = 60
LIKE_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def export_workbook(database: Path, target: Path, as_of: str = "latest") -> date:
    """Write the workbook of a day from a published database; returns the session it speaks of.

    Args:
        target: the xlsx file, replaced when it is there.
        as_of: ISO date, or `latest`; a day without a session means the last session before it.

    Raises:
        SmallcapError: the date is none or lies outside the data, or the file cannot be written.
        WarehouseError: the build was published by another version and lacks the views.
    """
    if target.suffix.lower() != ".xlsx":
        raise SmallcapError(f"{target}: expected a name that ends in .xlsx.")
    if not target.parent.is_dir():
        raise SmallcapError(f"{target.parent} is not a folder. Create it, or name another file.")
    with open_reader(database) as reader:
        day = session_of(reader, as_of)
        [today] = _records(reader, "select * from today_as_of($day)", day)
        [build] = _records(reader, "select * from meta.build")
        words = _descriptions(reader)
        tables = {sheet: _table(reader, sheet.sql, day) for sheet in SHEETS}
    _write(target, day, today, build, tables, words)
    return day


# --- reading


def _table(reader: "duckdb.DuckDBPyConnection", sql: str, day: date | None = None) -> Result:
    import duckdb

    try:
        cursor = reader.execute(sql, {"day": day} if "$day" in sql else {})
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise WarehouseError(
            f"The published build is of another version ({str(error).splitlines()[0]}). Run `smallcap build`."
        ) from error
    return [column[0] for column in cursor.description or ()], cursor.fetchall()


def _records(reader: "duckdb.DuckDBPyConnection", sql: str, day: date | None = None) -> list[dict[str, Any]]:
    names, rows = _table(reader, sql, day)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _descriptions(reader: "duckdb.DuckDBPyConnection") -> dict[tuple[str, str], str]:
    """What the catalogue says about every column, by relation and column."""
    _, rows = _table(reader, "select table_name, column_name, description from meta.catalogue")
    return {(table, column): text for table, column, text in rows if text}


# --- writing


def _write(
    target: Path,
    day: date,
    today: Mapping[str, Any],
    build: Mapping[str, Any],
    tables: Mapping[Sheet, Result],
    words: Mapping[tuple[str, str], str],
) -> None:
    from openpyxl import Workbook  # type: ignore[import-untyped]

    workbook = Workbook()
    workbook.properties.title = f"Smallcap Watch as of {day}"
    workbook.properties.creator = f"Smallcap Watch {build['version']}, build {build['build_id']}"
    warning = "SIMULATED DATA. " if build["is_simulated"] else ""
    about = workbook.active
    about.title = "About"
    _write_about(about, day, build, tables, warning)
    _write_today(workbook.create_sheet("Today"), today, words, warning)
    for sheet, result in tables.items():
        _write_sheet(workbook.create_sheet(sheet.name), sheet, day, result, words, warning)
    partial = target.with_name(f".{target.name}.partial")
    try:
        workbook.save(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _write_about(page: Any, day: date, build: Mapping[str, Any], tables: Mapping[Sheet, Result], warning: str) -> None:
    """What the workbook is: day, build, source mode, the sheets with their sources."""
    _write_title(page, f"{warning}Smallcap Watch as of {day}", "Are small caps being left behind?")
    facts = [
        ("As of", day),
        ("Data", "SIMULATED: made by the sample simulation" if build["is_simulated"] else "real"),
        ("Source mode", build["source_mode"]),
        ("Build", build["build_id"]),
        ("Built at (UTC)", f"{build['built_at_utc']:%Y-%m-%d %H:%M}"),
        ("Data through", build["data_through"]),
        ("Version", f"{build['version']}, revision {build['git_revision'] or 'unknown'}"),
        ("Look-ahead", f"Nothing here was known only after {day}; sheets of the build tell its state."),
        ("Signs", "Gaps: above zero small caps lead. Flows: positive is money coming in. Units stand in the headers."),
        ("Definitions", "docs/methodology.md; what a column means stands in the note on its header."),
        ("Terms", "Nothing here is investment advice; for the data see DATA-TERMS.md."),
    ]
    row = HEADER_ROW
    for name, value in facts:
        _put(page, row, 1, name, bold=True)
        _put(page, row, 2, value).alignment = _alignment(horizontal="left")
        row += 1
    for column, header in enumerate(("Sheet", "Shows", "Source", "Rows"), start=1):
        _put_header(page, row + 1, column, header)
    for number, (sheet, (_, rows)) in enumerate(tables.items(), start=row + 2):
        about_build = " (of the build)" if sheet.is_of_the_build else ""
        _put_row(page, number, (sheet.name, f"{sheet.title}{about_build}", sheet.source, len(rows)), [None] * 4)
    _lay_out(page, [16, LONGEST_COLUMN, LONGEST_COLUMN, 8])


def _write_today(page: Any, today: Mapping[str, Any], words: Mapping[tuple[str, str], str], warning: str) -> None:
    """The five cards and the count of verdicts, one figure per row."""
    _write_title(page, f"{warning}The session of {today['as_of_date']}", "Source: view v_today, macro today_as_of(day)")
    for column, header in enumerate(("Figure", "Value", "Unit", "Meaning"), start=1):
        _put_header(page, HEADER_ROW, column, header)
    for row, (name, value) in enumerate(today.items(), start=HEADER_ROW + 1):
        header, unit, number_format = _heading(name)
        _put_row(page, row, (header, value, unit, words.get(("v_today", name))), [None, number_format, None, None])
        page.cell(row, 2).alignment = _alignment(horizontal="right")
        page.cell(row, 3).alignment = _alignment(horizontal="left", indent=1)
    _lay_out(page, [28, 18, 14, LONGEST_COLUMN])
    page.freeze_panes = page.cell(HEADER_ROW + 1, 2)


def _write_sheet(
    page: Any, sheet: Sheet, day: date, result: Result, words: Mapping[tuple[str, str], str], warning: str
) -> None:
    from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]

    names, rows = result
    when = "state of the build" if sheet.is_of_the_build else f"as known on {day}"
    _write_title(page, f"{warning}{sheet.title}; {when}", f"Source: {sheet.source}")
    headings = [_heading(name) for name in names]
    for column, (name, (header, unit, _)) in enumerate(zip(names, headings, strict=True), start=1):
        notes = (words[table, name] for table in sheet.relations if (table, name) in words)
        note = next(notes, NOTES.get(name, ""))
        _put_header(page, HEADER_ROW, column, f"{header} ({unit})" if unit else header, note)
    for row, values in enumerate(rows, start=HEADER_ROW + 1):
        _put_row(page, row, values, _formats(names, headings, values))
    if not rows:
        _put(page, HEADER_ROW + 1, 1, sheet.without_rows)
    _lay_out(page, [_width(page.cell(HEADER_ROW, i + 1).value, [row[i] for row in rows]) for i in range(len(names))])
    page.freeze_panes = page.cell(HEADER_ROW + 1, 2)
    page.auto_filter.ref = f"A{HEADER_ROW}:{get_column_letter(len(names))}{HEADER_ROW + max(len(rows), 1)}"


def _heading(name: str) -> Heading:
    """Words, unit and number format of a column, from its name."""
    if name in NAMES:
        return NAMES[name]
    for ending, (unit, number_format) in UNITS.items():
        if name.endswith(ending):
            return name.removesuffix(ending).replace("_", " "), unit, number_format
    return name.replace("_", " "), "", None


def _formats(names: Sequence[str], headings: Sequence[Heading], values: Sequence[Any]) -> list[str | None]:
    """Number formats of a row: by column, and for the figures of claims by the unit beside them."""
    by_unit = UNITS_IN_WORDS.get(values[names.index("unit")]) if "unit" in names else None
    return [
        by_unit if name in ("value", "threshold") and by_unit else number_format
        for name, (_, _, number_format) in zip(names, headings, strict=True)
    ]


# --- cells


def _write_title(page: Any, title: str, source: str) -> None:
    _put(page, 1, 1, title, bold=True)
    _put(page, 2, 1, source)


def _put_header(page: Any, row: int, column: int, text: str, note: str = "") -> None:
    from openpyxl.comments import Comment  # type: ignore[import-untyped]
    from openpyxl.styles import PatternFill  # type: ignore[import-untyped]

    cell = _put(page, row, column, text, bold=True)
    cell.fill = PatternFill("solid", fgColor="DDE4EC")
    cell.alignment = _alignment(wrap_text=True)
    if note:
        cell.comment = Comment(_text(note), "Smallcap Watch", height=160, width=320)


def _put_row(page: Any, row: int, values: Sequence[Any], formats: Sequence[str | None]) -> None:
    """Write the cells of a row; long text is wrapped, and the row is as high as its longest."""
    lines = 1
    for column, (value, number_format) in enumerate(zip(values, formats, strict=True), start=1):
        is_long = isinstance(value, str) and len(value) > LONGEST_COLUMN
        _put(page, row, column, value, number_format).alignment = _alignment(wrap_text=is_long)
        if is_long:
            lines = max(lines, math.ceil(1.1 * len(value) / LONGEST_COLUMN))  # words do not fill their lines
    page.row_dimensions[row].height = lines * LINE_POINTS


def _put(page: Any, row: int, column: int, value: Any, number_format: str | None = None, bold: bool = False) -> Any:
    """Write a value with its format; text is text, also where it begins like a formula."""
    from openpyxl.styles import Font

    cell = page.cell(row, column)
    if isinstance(value, str):
        cell.value = _text(value)
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(LIKE_A_FORMULA)  # stays text when somebody edits the cell
    elif not (isinstance(value, float) and not math.isfinite(value)):
        cell.value = value
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        cell.number_format = number_format if number_format and is_number else FORMATS.get(type(value), "General")
    cell.font = Font(name="Calibri", size=11, bold=bold)
    return cell


def _alignment(**wanted: Any) -> Any:
    from openpyxl.styles import Alignment

    return Alignment(vertical="top", **wanted)


def _text(value: str) -> str:
    """The text without the control characters that a workbook cannot hold."""
    return NOT_IN_XML.sub("", value)


def _width(header: str, values: Sequence[Any]) -> int:
    """Characters that a column needs: its longest text up to a limit, and the words of its header."""
    words = max(len(word) for word in header.split()) + 4  # room for the arrow of the filter
    texts = max((len(value) for value in values if isinstance(value, str)), default=0)
    return min(max(words, texts, 14 if any(isinstance(value, float) for value in values) else 11), LONGEST_COLUMN)


def _lay_out(page: Any, widths: Sequence[int]) -> None:
    """Set column widths, and print on as many pages as the sheet is long, never wider than one."""
    from openpyxl.utils import get_column_letter

    for column, width in enumerate(widths, start=1):
        page.column_dimensions[get_column_letter(column)].width = width + 1
    headers = [len(str(page.cell(HEADER_ROW, column).value)) for column in range(1, len(widths) + 1)]
    lines = max(math.ceil(1.3 * header / width) for header, width in zip(headers, widths, strict=True))
    page.row_dimensions[HEADER_ROW].height = lines * LINE_POINTS
    page.page_setup.orientation = "landscape"
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"
