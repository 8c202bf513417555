"""US Treasury: the daily par yield curve, one CSV per calendar year. Public domain; out in the evening."""

import re
from collections.abc import Iterable
from datetime import date

from dagster_project.errors import SourceError
from dagster_project.sources.live.checks import first_bytes, iso_date, read_csv, refuse_other_than
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.provider import Look, Request, State
from dagster_project.sources.live.ranges import days_to_fetch, widest
from dagster_project.sources.table_file import TextTable

NAME = "treasury"
TABLES: tuple[str, ...] = ("treasury_yields",)
FIRST_DAY = date(1990, 1, 2)
"""The curve begins here."""
EXPECTED = "CSV with Date and one column per maturity (1 Mo, 10 Yr)"
MATURITY = re.compile(r"(\d{1,2}(?:\.\d)?) ?(mo|yr)(?:nth|ear)?s?", re.IGNORECASE)
"""The header has changed over the years: `1 Mo`, `1.5 Month`, `30 Yr`."""


def plan(table: str, state: State, config: LiveConfig, look: Look) -> Iterable[Request]:
    """One request per year with missing days."""
    span = widest([span for (provider, _), span in state.spans.items() if provider == NAME])
    days = days_to_fetch(state, span, FIRST_DAY, config.refetched_days)
    if days is None:
        return []
    return [_request(config, year, state.due, days.newest_held) for year in range(days.first.year, days.last.year + 1)]


def check(request: Request, content: bytes) -> None:
    """Refuse what does not begin with the header."""
    refuse_other_than(content, EXPECTED, (b"Date", b'"Date"'))


def parse(table: str, name: str, content: bytes) -> TextTable:
    """Rows of `treasury_yields`. A maturity without a yield on a day (empty, N/A) was not quoted and is no row."""
    header, *rows = read_csv(content, EXPECTED)
    maturities = [MATURITY.fullmatch(title.strip()) for title in header[1:]]
    if header[0].strip() != "Date" or not maturities or not all(maturities):
        raise SourceError(f"expected {EXPECTED}, the header is {', '.join(header)[:200]}.")
    if not rows:
        raise SourceError(f"expected {EXPECTED} and rows, there is not one row: {first_bytes(content)}.")
    ragged = next((row for row in rows if len(row) != len(header)), None)
    if ragged is not None:
        raise SourceError(
            f"expected {len(header)} fields in every row, found {len(ragged)} in {', '.join(ragged)[:200]!r}: cut off?"
        )
    tenors = [f"{float(found[1]):g}{found[2].lower()}" for found in maturities if found]
    cells = [
        (iso_date(row[0], "%m/%d/%Y"), tenor, cell)
        for row in rows
        for tenor, cell in zip(tenors, row[1:], strict=True)
        if cell.strip() not in ("", "N/A")
    ]
    if not cells:
        raise SourceError(f"expected {EXPECTED}, there is not one yield: {first_bytes(content)}.")
    return TextTable.of_columns(
        dict(zip(("rate_date", "tenor", "par_yield_pct"), map(list, zip(*cells, strict=True)), strict=True))
    )


def probe(config: LiveConfig, today: date, look: Look) -> Iterable[Request]:
    """The current year; in the first days of January the last one."""
    return [_request(config, today.year if today.timetuple().tm_yday > 7 else today.year - 1, today, None)]


def _request(config: LiveConfig, year: int, due: date, newest_held: date | None) -> Request:
    path = f"/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv/{year}/all"
    query = f"type=daily_treasury_yield_curve&field_tdr_date_value={year}&page&_format=csv"
    return Request(
        table="treasury_yields",
        name=f"{year}.csv",
        addresses=(f"{config.treasury_address}{path}?{query}",),
        first_day=date(year, 1, 1),
        last_day=min(date(year, 12, 31), due),
        newest_held=newest_held if newest_held and newest_held.year == year else None,
    )
