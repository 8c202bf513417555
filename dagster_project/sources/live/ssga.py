"""State Street (SPDR): net asset values and share counts since inception, one workbook per fund.

Out the day after. Redistribution is not granted: payloads stay private, derived figures are published.
"""

from collections.abc import Iterable
from datetime import date

from dagster_project.errors import SourceError
from dagster_project.sources.live.checks import iso_date, refuse_other_than
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.provider import Look, Request, State
from dagster_project.sources.live.spreadsheets import table_below, workbook
from dagster_project.sources.live.universe import Member, funds_of
from dagster_project.sources.table_file import TextTable

NAME = "ssga"
TABLES: tuple[str, ...] = ("fund_nav_shares",)
COLUMNS = ("Date", "NAV", "Shares Outstanding")
DATE_FORMATS = ("%d-%b-%Y", "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y")


def plan(table: str, state: State, config: LiveConfig, look: Look) -> Iterable[Request]:
    """One request per fund that lacks the last day due; a workbook gives all days again."""
    requests = []
    for fund in funds_of(NAME):
        span = state.span(NAME, fund.symbol)
        if span is None or span.last_day < state.due:
            requests.append(_request(fund, config, state.due, span.last_day if span else None))
    return requests


def check(request: Request, content: bytes) -> None:
    """Refuse what is no workbook, and the workbook of another fund."""
    refuse_other_than(content, "an .xlsx workbook", (b"PK",))
    [symbol] = request.series
    rows = workbook(content)
    header, _ = table_below(rows, COLUMNS, "sheet navhist")
    above = [cell.strip() for row in rows[:header] for cell in row if cell.strip()]
    if symbol not in above:
        raise SourceError(f"expected {symbol} above the table of its workbook, found {'; '.join(above)[:200]!r}.")


def parse(table: str, name: str, content: bytes) -> TextTable:
    """Rows of `fund_nav_shares`: those below the header, up to the disclaimer (text where a date stands)."""
    rows = workbook(content)
    header, column = table_below(rows, COLUMNS, "sheet navhist")
    days = []
    for row in rows[header + 1 :]:
        if not any(cell.strip() for cell in row):
            continue
        day = iso_date(row[column["Date"]], *DATE_FORMATS)
        if day == row[column["Date"]] and not any(row[column[title]].strip() for title in COLUMNS[1:]):
            break
        days.append((day, row))
    if not days:
        raise SourceError("expected days below the header of sheet navhist, there is not one.")
    symbol = name.split(".")[0]
    return TextTable.of_columns(
        {
            "fund_symbol": [symbol] * len(days),
            "as_of_date": [day for day, _ in days],
            "nav_usd": [row[column["NAV"]].strip() for _, row in days],
            "shares_outstanding": [row[column["Shares Outstanding"]].strip().replace(",", "") for _, row in days],
        }
    )


def probe(config: LiveConfig, today: date, look: Look) -> Iterable[Request]:
    """The workbook of the last fund of the list; there is nothing smaller."""
    return [_request(funds_of(NAME)[-1], config, today, None)]


def _request(fund: Member, config: LiveConfig, due: date, newest_held: date | None) -> Request:
    path = f"/library-content/products/fund-data/etfs/us/navhist-us-en-{fund.product_id}.xlsx"
    return Request(
        table="fund_nav_shares",
        name=f"{fund.symbol}.navhist.xlsx",
        addresses=(f"{config.ssga_address}{path}",),
        last_day=due,
        newest_held=newest_held,
        series=(fund.symbol,),
        as_browser=True,
    )
