"""iShares (BlackRock): net asset values and share counts since inception, and the latest holdings, of each fund.

Both stand in the fund file, a SpreadsheetML file of some megabytes that is only offered whole; the holdings are also
offered as CSV. Out the morning after; share counts look one session late (docs/methodology.md). The terms bar
redistribution: payloads stay private.
"""

import re
from collections.abc import Iterable
from datetime import date

from dagster_project.errors import SourceError
from dagster_project.sources.live.checks import iso_date, read_csv, refuse_other_than
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.provider import Look, Request, State
from dagster_project.sources.live.spreadsheets import Rows, spreadsheet_ml, table_below
from dagster_project.sources.live.universe import Member, funds_of, member, same_name
from dagster_project.sources.table_file import TextTable

NAME = "ishares"
TABLES: tuple[str, ...] = ("fund_nav_shares", "fund_holdings")
DATE_FORMATS = ("%b %d, %Y", "%d-%b-%Y", "%B %d, %Y", "%b. %d, %Y")
NAV_COLUMNS = ("As Of", "NAV per Share", "Ex-Dividends", "Shares Outstanding")
HOLDINGS_COLUMNS = ("Ticker", "Name", "Sector", "Asset Class", "Market Value", "Weight (%)", "Price")
UNITS_COLUMNS = ("Shares", "Quantity")
"""The title of the number of units has changed."""
AS_OF = "Fund Holdings as of"
NO_VALUE = ("", "-", "--")


def plan(table: str, state: State, config: LiveConfig, look: Look) -> Iterable[Request]:
    """One request per fund that lacks the last day due; a fund file gives all days again."""
    requests = []
    for fund in funds_of(NAME):
        span = state.span(NAME, fund.symbol)
        if (table == "fund_holdings" and not fund.has_holdings) or (span and span.last_day >= state.due):
            continue
        requests.append(_request(table, fund, config, state.due, span.last_day if span else None))
    return requests


def check(request: Request, content: bytes) -> None:
    """Refuse what is neither SpreadsheetML nor the holdings CSV, and the file of another fund."""
    refuse_other_than(content, "a SpreadsheetML fund file or a holdings CSV")
    fund = member(_symbol(request.name))
    if not _is_xml(content):
        found = read_csv(content, "a holdings CSV")[0][0]
    else:
        sheets = spreadsheet_ml(content, ("Holdings", "Performance"))
        rows = [row[0] for row in [*sheets.get("Holdings", [])[:6], *sheets.get("Performance", [])[:2]] if row]
        found = next((row for row in rows if same_name(row, fund.fund_name)), "; ".join(rows)[:200])
    if not same_name(found, fund.fund_name):
        raise SourceError(
            f"expected the file of {fund.fund_name} ({fund.symbol}), found {found[:200]!r}. If the fund was renamed, "
            "change universe.csv."
        )


def parse(table: str, name: str, content: bytes) -> TextTable:
    """Rows of `fund_nav_shares` from the fund file, or of `fund_holdings` from either file."""
    symbol = _symbol(name)
    if table == "fund_nav_shares":
        return _nav_shares(symbol, spreadsheet_ml(content, ("Historical",))["Historical"])
    if _is_xml(content):
        return _holdings(symbol, spreadsheet_ml(content, ("Holdings",))["Holdings"], has_footer=False)
    return _holdings(symbol, read_csv(content, "a holdings CSV"), has_footer=True)


def probe(config: LiveConfig, today: date, look: Look) -> Iterable[Request]:
    """The holdings of the first fund, once from each address."""
    fund = funds_of(NAME)[0]
    whole = _request("fund_holdings", fund, config, today, None)
    return [
        Request(table=whole.table, name=whole.name, addresses=(address,), headers=whole.headers)
        for address in whole.addresses
    ]


def _request(table: str, fund: Member, config: LiveConfig, due: date, newest_held: date | None) -> Request:
    new = (
        f"{config.blackrock_address}/varnish-api/blk-one01-product-data/product-data/api/v1/get-fund-document"
        f"?appSubType=ISHARES&appType=PRODUCT_PAGE&component=fundDownload&locale=en_US&portfolioId={fund.product_id}"
        "&targetSite=us-ishares&userType=individual"
    )
    product = f"{config.ishares_address}/us/products/{fund.product_id}/fund"
    old = f"{product}/1521942788811.ajax?fileType=xls&fileName={fund.symbol}_fund&dataType=fund"
    csv = f"{product}/1467271812596.ajax?fileType=csv&fileName={fund.symbol}_holdings&dataType=fund"
    is_nav = table == "fund_nav_shares"
    return Request(
        table=table,
        name=f"{fund.symbol}.fund.xls" if is_nav else f"{fund.symbol}.holdings",
        addresses=(new, old) if is_nav else (new, csv, old),
        last_day=due,
        newest_held=newest_held,
        series=(fund.symbol,),
        headers={"referer": f"{config.ishares_address}/us/products/{fund.product_id}/"},
        as_browser=True,
    )


def _symbol(name: str) -> str:
    return name.split(".")[0]


def _is_xml(content: bytes) -> bool:
    return content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _nav_shares(symbol: str, rows: Rows) -> TextTable:
    header, column = table_below(rows, NAV_COLUMNS, "sheet Historical")
    days = [_padded(row, rows[header]) for row in rows[header + 1 :] if any(row)]
    if not days:
        raise SourceError("expected days below the header of sheet Historical, there is not one.")

    def values(title: str) -> list[str | None]:
        return [_value(row[column[title]]) for row in days]

    return TextTable.of_columns(
        {
            "fund_symbol": [symbol] * len(days),
            "as_of_date": [iso_date(text, *DATE_FORMATS) for text in values("As Of")],
            "nav_usd": values("NAV per Share"),
            "shares_outstanding": values("Shares Outstanding"),
            "distribution_usd": values("Ex-Dividends"),
        }
    )


def _holdings(symbol: str, rows: Rows, has_footer: bool) -> TextTable:
    """The CSV ends with a blank and a disclaimer, each one cell: a file without them is cut off."""
    header, column = table_below(rows, HOLDINGS_COLUMNS, "holdings")
    titles = [cell.strip() for cell in rows[header]]
    units = next((titles.index(title) for title in UNITS_COLUMNS if title in titles), None)
    if units is None:
        raise SourceError(f"expected holdings with the column {' or '.join(UNITS_COLUMNS)}, found {', '.join(titles)}.")
    as_of = next((row[1] for row in rows[:header] if len(row) > 1 and row[0].strip() == AS_OF), None)
    day = iso_date(as_of, *DATE_FORMATS)
    if day is None or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
        raise SourceError(f"expected the line {AS_OF!r} with a date above the holdings, found {as_of!r}.")
    below = [row for row in rows[header + 1 :] if any(cell.strip() for cell in row)]
    end = next((number for number, row in enumerate(below) if len(row) == 1), len(below))
    if has_footer and end == len(below):
        raise SourceError("expected a disclaimer below the holdings, the file ends without one: cut off?")
    held = below[:end]
    ragged = next((row for row in held if has_footer and len(row) != len(titles)), None)
    if ragged is not None:
        shown = ", ".join(ragged)[:200]
        raise SourceError(f"expected {len(titles)} fields in every row, found {len(ragged)} in {shown!r}: cut off?")
    if not held:
        raise SourceError(f"expected holdings of {day}, there is not one.")
    held = [_padded(row, rows[header]) for row in held]

    def values(place: int) -> list[str | None]:
        return [_value(row[place]) for row in held]

    return TextTable.of_columns(
        {
            "fund_symbol": [symbol] * len(held),
            "as_of_date": [day] * len(held),
            "ticker": [row[column["Ticker"]].strip() for row in held],
            "name": values(column["Name"]),
            "sector": values(column["Sector"]),
            "asset_class": values(column["Asset Class"]),
            "weight_pct": [_number(text) for text in values(column["Weight (%)"])],
            "shares": [_number(text) for text in values(units)],
            "market_value_usd": [_number(text) for text in values(column["Market Value"])],
            "price_usd": [_number(text) for text in values(column["Price"])],
        }
    )


def _padded(row: list[str], header: list[str]) -> list[str]:
    return row + [""] * (len(header) - len(row))


def _value(text: str) -> str | None:
    return None if text.strip() in NO_VALUE else text.strip()


def _number(text: str | None) -> str | None:
    return text and text.replace(",", "").removeprefix("$")
