"""Provider `sec_tickers`: which ticker belongs to which company, as the SEC lists it today.

`files/company_tickers.json` has no history and no dates, so each payload is a list of its own: valid from the last
closed session when it was fetched. A list is fetched again when the last one is older than `DAYS_BETWEEN`.

Belongs here: the list, and looking a ticker up in it.
Does not belong here: identifiers of securities in a fund (`sec_nport`).
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from dagster_project.errors import SourceError
from dagster_project.sources.live.checks import first_bytes, read_json, refuse_other_than
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.provider import Look, Request, State
from dagster_project.sources.live.sec import company_id, sec_headers
from dagster_project.sources.table_file import TextTable

NAME = "sec_tickers"
TABLES = ("security_identifiers",)

EXPECTED = "SEC company tickers (JSON objects with cik_str, ticker and title)"
FEWEST = 1000
"""The real list has about 10,000 companies; a short one is cut off."""
DAYS_BETWEEN = 7


def plan(table: str, state: State, config: LiveConfig, look: Look) -> Iterable[Request]:
    """One list a week; the day in its name is the session it stands for."""
    latest = max((_day(name) for name in state.payloads), default=None)
    if latest is not None and state.due - latest < timedelta(days=DAYS_BETWEEN):
        return []
    return [tickers_request(state, config)]


def tickers_request(state: State, config: LiveConfig) -> Request:
    """The list as of now; other providers of the SEC look companies up in it."""
    name = f"company_tickers.{state.due:%Y-%m-%d}.json"
    return Request(TABLES[0], name, (f"{config.sec_address}/files/company_tickers.json",), headers=sec_headers(config))


def probe(config: LiveConfig, today: date, look: Look) -> Iterable[Request]:
    """The list itself: it has no smaller part."""
    address = f"{config.sec_address}/files/company_tickers.json"
    return [Request(TABLES[0], f"company_tickers.{today:%Y-%m-%d}.json", (address,), headers=sec_headers(config))]


def check(request: Request, content: bytes) -> None:
    """It is a long list of companies."""
    found = read_tickers(content)
    if len(found) < FEWEST:
        raise SourceError(f"expected {EXPECTED}, at least {FEWEST:,}, found {len(found):,}: it looks cut off.")


def parse(table: str, name: str, content: bytes) -> TextTable:
    """One row per ticker: the company as `member_id`, valid from the day in the name of the payload.

    Raises:
        SourceError: not this list, or no day in the name.
    """
    found = read_tickers(content)
    return TextTable.of_columns(
        {
            "member_id": [cik for cik, _ in found],
            "symbol": [ticker for _, ticker in found],
            "valid_from": [f"{_day(name):%Y-%m-%d}"] * len(found),
        }
    )


def read_tickers(content: bytes) -> list[tuple[str, str]]:
    """Company (`CIK##########`) and ticker in the order of the list, the largest companies first.

    Raises:
        SourceError: not this list.
    """
    refuse_other_than(content, EXPECTED, (b"{",))
    found = read_json(content, EXPECTED)
    if not isinstance(found, dict) or not found:
        raise SourceError(f"expected {EXPECTED}, none came: {first_bytes(content)}.")
    return [_company(number, entry) for number, entry in found.items()]


def ciks_by_symbol(tickers: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Company by `symbol_key` of its ticker; a key of two companies is nobody's."""
    found: dict[str, set[str]] = {}
    for cik, ticker in tickers:
        found.setdefault(symbol_key(ticker), set()).add(cik)
    return {key: next(iter(ciks)) for key, ciks in found.items() if len(ciks) == 1}


def symbol_key(ticker: str) -> str:
    """One spelling for BRK.B, BRK-B and BRK/B, the same as in stg_fundamentals__fund_holdings."""
    return ticker.upper().translate(str.maketrans("", "", ".-/ "))


def _company(number: str, entry: object) -> tuple[str, str]:
    ticker = entry.get("ticker") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(ticker, str) or not ticker.strip() or not ticker.isascii():
        raise SourceError(f"expected {EXPECTED}, found at {number[:20]!a}: {ascii(entry)[:80]}. The shape changed.")
    return company_id(entry.get("cik_str")), ticker.strip()


def _day(name: str) -> date:
    """The session that a list stands for, from its name."""
    try:
        return date.fromisoformat(name.split(".")[1])
    except (IndexError, ValueError) as error:
        raise SourceError(f"expected a name such as company_tickers.2026-01-02.json, found {name!r}.") from error
