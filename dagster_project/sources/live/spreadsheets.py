"""Rows of spreadsheets from untrusted bytes: SpreadsheetML (XML named .xls) and workbooks (.xlsx).

Belongs here: formats of files, read without entities, external parts or formulas and within limits of size.
Does not belong here: what a sheet means (providers).
"""

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any

from dagster_project.errors import SourceError
from dagster_project.sources.live.checks import first_bytes

SPREADSHEET = "{urn:schemas-microsoft-com:office:spreadsheet}"
BARE_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)")
"""Issuers write addresses with plain ampersands into attributes, which is no XML."""
LARGEST_UNPACKED_BYTES = 200_000_000
MOST_COLUMNS = 200

Rows = list[list[str]]


def spreadsheet_ml(content: bytes, sheets: tuple[str, ...]) -> Mapping[str, Rows]:
    """The named sheets of a SpreadsheetML file, cells as text; sheets that are not there are left out.

    Raises:
        SourceError: it is no such file, is cut off, or declares entities.
    """
    from defusedxml import ElementTree  # type: ignore[import-untyped]
    from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]

    while content.startswith(b"\xef\xbb\xbf"):  # one mark or two
        content = content[3:]
    repaired = BARE_AMPERSAND.sub(b"&amp;", content)
    found: dict[str, Rows] = {}
    name, rows = "", Rows()
    try:
        for event, element in ElementTree.iterparse(io.BytesIO(repaired), events=("start", "end"), forbid_dtd=True):
            if event == "start":
                if element.tag == f"{SPREADSHEET}Worksheet":
                    name, rows = element.get(f"{SPREADSHEET}Name", ""), []
            elif element.tag == f"{SPREADSHEET}Row":
                if name in sheets:
                    rows.append(_cells(element))
                element.clear()
            elif element.tag == f"{SPREADSHEET}Worksheet":
                if name in sheets:
                    found[name] = rows
                element.clear()
    except DefusedXmlException as error:
        raise SourceError(
            f"expected a plain SpreadsheetML file, it declares entities or a document type ({type(error).__name__}). "
            "Not read further."
        ) from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise SourceError(
            f"expected a whole SpreadsheetML file, cannot be read ({error}): {first_bytes(content)}. Cut off?"
        ) from error
    if not found:
        raise SourceError(f"expected the sheets {', '.join(sheets)}, none of them is there: {first_bytes(content)}.")
    return found


def workbook(content: bytes, sheet: str | None = None) -> Rows:
    """The rows of one sheet of an .xlsx workbook (the first one unless named), cells as text, dates as ISO.

    Formulas are not evaluated: a cell has the value that was stored with it, or none.

    Raises:
        SourceError: it is no such workbook, is too large unpacked, or has no such sheet.
    """
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    expected = "an .xlsx workbook"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            unpacked = sum(part.file_size for part in package.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise SourceError(f"expected {expected}, cannot be unpacked ({error}): {first_bytes(content)}.") from error
    if unpacked > LARGEST_UNPACKED_BYTES:
        raise SourceError(
            f"expected {expected}, it unpacks to {unpacked:,} bytes, more than {LARGEST_UNPACKED_BYTES:,}. Not read."
        )
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        if sheet is not None and sheet not in book.sheetnames:
            raise SourceError(f"expected sheet {sheet}, found {', '.join(book.sheetnames)[:200]}.")
        found = book[sheet] if sheet else book.worksheets[0]
        return [[_cell(value) for value in row] for row in found.iter_rows(max_col=MOST_COLUMNS, values_only=True)]
    except SourceError:
        raise
    except Exception as error:  # openpyxl lets through whatever its parts raise on damaged files
        raise SourceError(
            f"expected {expected}, cannot be read ({type(error).__name__}: {str(error)[:200]}): {first_bytes(content)}."
        ) from error


def table_below(rows: Rows, titles: tuple[str, ...], what: str) -> tuple[int, dict[str, int]]:
    """Row number of the header with all `titles`, and the column of each.

    Raises:
        SourceError: no row has all of them.
    """
    for number, row in enumerate(rows):
        cells = [cell.strip() for cell in row]
        if set(titles) <= set(cells):
            return number, {title: cells.index(title) for title in titles}
    shown = "; ".join(", ".join(cell for cell in row if cell)[:60] for row in rows[:12] if any(row))
    raise SourceError(f"expected {what} with the columns {', '.join(titles)}, found {shown[:400]}.")


def _cells(row: Any) -> list[str]:
    """Cells of a SpreadsheetML row; `ss:Index` skips columns."""
    cells: list[str] = []
    for cell in row.findall(f"{SPREADSHEET}Cell"):
        index = cell.get(f"{SPREADSHEET}Index")
        if index is not None:
            column = int(index)
            if not 1 <= column <= MOST_COLUMNS:
                raise ValueError(f"a cell in column {column}")
            cells += [""] * (column - 1 - len(cells))
        cells.append("".join("".join(data.itertext()) for data in cell.findall(f"{SPREADSHEET}Data")).strip())
    return cells


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if hasattr(value, "strftime"):
        return str(value.isoformat())
    return repr(value) if isinstance(value, float) else str(value)
