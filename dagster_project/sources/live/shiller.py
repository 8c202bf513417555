"""Provider `shiller`: Robert Shiller's workbook of the S&P 500 since 1871 (`ie_data.xls`, sheet Data).

The address of the workbook changes with every edition, so it is read off the page that links it. An edition restates
old months (earnings come late, CPI is revised), so its rows are a vintage, named after its last month with a price.

Belongs here: finding and reading the workbook.
Does not belong here: which edition counts on a day (stg_fundamentals__index_fundamental_vintages).
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from dagster_project.errors import SourceError
from dagster_project.sources.live.checks import first_bytes, refuse_other_than
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.provider import Look, Request, State
from dagster_project.sources.table_file import TextTable

if TYPE_CHECKING:
    import pandas as pd

NAME = "shiller"
TABLES = ("index_fundamentals",)

EXPECTED = "Shiller's workbook (Excel 97, sheet Data with Date, P, D, E, CPI, Rate GS10, CAPE)"
WORKBOOK_NAME = "ie_data.xls"
EXCEL_97 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SHEET = "Data"
HEADER_SEARCHED_ROWS = 30
MOST_ROWS = 10_000
MOST_COLUMNS = 60
DAYS_BETWEEN = 7
COLUMNS = {
    "price": ("P",), "dividend": ("D",), "earnings": ("E",), "cpi": ("CPI",), "gs10": ("Rate GS10", "GS10"),
    "cape": ("CAPE", "P/E10 or CAPE"),
}  # fmt: skip
"""Contract columns by the words over a column of the workbook; the first column with that word counts."""
LINK = re.compile(rb"""["'(]([^"'()<>\s]{1,2000}?ie_data\.xls[^"'()<>\s]{0,200})["')]""")


def plan(table: str, state: State, config: LiveConfig, look: Look) -> Iterable[Request]:
    """The workbook that the page links today, once a week."""
    past = state.payloads.get(WORKBOOK_NAME)
    if past is not None and state.now - past.observed_at < timedelta(days=DAYS_BETWEEN):
        return []
    page = f"{config.shiller_address}/"
    return [Request(table, WORKBOOK_NAME, (workbook_address(page, look(Request(table, "page.html", (page,)))),))]


def probe(config: LiveConfig, today: date, look: Look) -> Iterable[Request]:
    """The workbook that the page links: there is nothing smaller."""
    return plan(TABLES[0], State(datetime(today.year, today.month, today.day), today), config, look)


def check(request: Request, content: bytes) -> None:
    """It is an Excel 97 file at all."""
    refuse_other_than(content, EXPECTED, (EXCEL_97,))


def parse(table: str, name: str, content: bytes) -> TextTable:
    """One row per month with a price; `pe_ttm` and `dividend_yield_pct` from the price of the month.

    Raises:
        SourceError: not this workbook.
    """
    import pandas as pd

    check(Request(table, name, ()), content)
    cells = _cells(content)
    header = _header(cells, content)
    body = pd.DataFrame(
        {column: cells.iloc[header.row + 1 :, at] for column, at in header.columns.items()}
    ).reset_index(drop=True)
    numbers = body.apply(pd.to_numeric, errors="coerce").astype("float64")
    is_month = numbers["date"].between(1800, 2200) & numbers["price"].notna()
    numbers = numbers[is_month].reset_index(drop=True)
    if numbers.empty:
        raise SourceError(f"expected {EXPECTED}, found no month with a price below row {header.row + 1}.")
    months = _months(numbers["date"])
    derived = {
        "pe_ttm": numbers["price"] / numbers["earnings"].where(numbers["earnings"] > 0),
        "dividend_yield_pct": 100 * numbers["dividend"] / numbers["price"].where(numbers["price"] > 0),
    }
    values = {name: numbers[name] for name in COLUMNS} | derived
    return TextTable.of_columns(
        {"month": months, "vintage": [max(months)] * len(months)}
        | {name: [None if pd.isna(v) else repr(float(v)) for v in column] for name, column in values.items()}
    )


def workbook_address(page_address: str, page: bytes) -> str:
    """Address of the workbook that a page links.

    Raises:
        SourceError: no link to a workbook of that name.
    """
    links = [link.decode("ascii", errors="replace").replace("&amp;", "&") for link in LINK.findall(page)]
    for link in links:
        address: str = urljoin(page_address, link)
        if urlsplit(address).scheme in ("https", "http"):
            return address
    raise SourceError(
        f"{page_address}: expected a page with a link to {WORKBOOK_NAME}, found none in {first_bytes(page)}. "
        "The page may have moved: set SMALLCAP_LIVE__SHILLER_ADDRESS."
    )


def _cells(content: bytes) -> "pd.DataFrame":
    """Values of sheet Data as they are stored; formulas are not evaluated, and nothing outside the file is read."""
    import pandas as pd
    import xlrd

    try:
        with xlrd.open_workbook(file_contents=content, on_demand=True, logfile=_Silence()) as book:
            sheet = book.sheet_by_name(SHEET)
            if sheet.nrows > MOST_ROWS:
                raise SourceError(f"expected {EXPECTED} of at most {MOST_ROWS:,} rows, found {sheet.nrows:,}.")
            rows = [sheet.row_values(number, 0, MOST_COLUMNS) for number in range(sheet.nrows)]
    except SourceError:
        raise
    except Exception as error:  # xlrd fails in many ways on a damaged file, AssertionError and IndexError among them
        raise SourceError(
            f"expected {EXPECTED}, cannot be read ({type(error).__name__}: {str(error)[:80]}): {first_bytes(content)}."
        ) from error
    return pd.DataFrame(rows, dtype="object")


class _Silence:
    """Takes the remarks that xlrd prints about odd files."""

    def write(self, text: str) -> int:
        return len(text)


class _Header:
    """Where the table begins: the row of the column words and the column of each."""

    def __init__(self, row: int, columns: Mapping[str, int]) -> None:
        self.row, self.columns = row, columns


def _header(cells: "pd.DataFrame", content: bytes) -> _Header:
    for row in range(min(len(cells), HEADER_SEARCHED_ROWS)):
        words = [" ".join(str(cell).split()) for cell in cells.iloc[row]]
        if "Date" in words and "P" in words:
            places = {"date": words.index("Date")}
            for name, known in COLUMNS.items():
                found = [words.index(word) for word in known if word in words]
                if not found:
                    raise SourceError(f"expected {EXPECTED}, found no column {known[0]!r} among {words[:20]}.")
                places[name] = found[0]
            return _Header(row, places)
    raise SourceError(
        f"expected {EXPECTED}, found no row with Date and P among the first {HEADER_SEARCHED_ROWS}: "
        f"{first_bytes(content)}."
    )


def _months(dates: "pd.Series[Any]") -> list[str]:
    """Months written as a decimal: 1871.01 is January, 1871.1 October."""
    years = dates.round(2) // 1
    number = ((dates - years) * 100).round()
    return [f"{year:04.0f}-{month:02.0f}" for year, month in zip(years, number, strict=True)]
