"""CME Group: daily settlements of 30-day fed funds futures. Licensed data: payloads stay private.

The exchange keeps about five business days, so every session is archived when it is due; older ones come from Yahoo,
which also stands in when the exchange refuses us. The service answers clients that look like a browser.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta

from dagster_project.errors import SourceError
from dagster_project.sources.live.checks import as_text, first_bytes, iso_date, read_json, refuse_other_than
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.provider import Look, Request, State
from dagster_project.sources.live.ranges import widest
from dagster_project.sources.live.yahoo import EXCHANGE_KEEPS_DAYS
from dagster_project.sources.table_file import TextTable

NAME = "cme"
TABLES: tuple[str, ...] = ("fed_funds_futures",)
PRODUCT = 305
EXPECTED = 'JSON {"settlements": [{"month": "MAY 17", "settle": "99.095"}]}'
MONTH = re.compile(r"([A-Z]{3}) (\d{2})")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JLY", "AUG", "SEP", "OCT", "NOV", "DEC")
NOT_SETTLED = ("", "-")


def plan(table: str, state: State, config: LiveConfig, look: Look) -> Iterable[Request]:
    """One request per session that the exchange still gives and that is not held yet. A day on which it failed is asked
    for again, though Yahoo stood in: what that has are closes."""
    held = widest([span for (provider, _), span in state.spans.items() if provider == NAME])
    days = _sessions(state.due - timedelta(days=EXCHANGE_KEEPS_DAYS), state.due)
    asked = {day: _request(config, day) for day in days}
    return [
        request
        for day, request in asked.items()
        if request.name not in state.payloads or held is None or day > held.last_day
    ]


def check(request: Request, content: bytes) -> None:
    """Refuse what is no JSON object, and the settlements of another day."""
    refuse_other_than(content, EXPECTED, (b"{",))
    answer = read_json(content, EXPECTED)
    day = iso_date(as_text(answer.get("tradeDate")), "%m/%d/%Y")
    if day is not None and day != str(request.first_day):
        raise SourceError(f"expected the settlements of {request.first_day}, found those of {day}.")


def parse(table: str, name: str, content: bytes) -> TextTable:
    """Rows of `fed_funds_futures`. A month without a settlement did not settle and is no row; nor is the total."""
    answer = read_json(content, EXPECTED)
    found = answer.get("settlements") if isinstance(answer, dict) else None
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and {"month", "settle"} <= set(one) for one in found
    ):
        raise SourceError(f"expected {EXPECTED}, something else came: {first_bytes(content)}.")
    settled = [
        one for one in found if as_text(one["month"]) != "Total" and (as_text(one["settle"]) or "") not in NOT_SETTLED
    ]
    if not settled:
        raise SourceError(f"expected {EXPECTED}, no month has a settlement. The day may not be settled yet.")
    return TextTable.of_columns(
        {
            "contract_month": [_month(as_text(one["month"])) for one in settled],
            "session_date": [name.removesuffix(".json")] * len(settled),
            "settle": [as_text(one["settle"]) for one in settled],
            "volume": [_count(as_text(one.get("volume"))) for one in settled],
            "open_interest": [_count(as_text(one.get("openInterest"))) for one in settled],
        }
    )


def probe(config: LiveConfig, today: date, look: Look) -> Iterable[Request]:
    """The session before the last one."""
    return [_request(config, _sessions(today - timedelta(days=10), today)[-2])]


def _request(config: LiveConfig, day: date) -> Request:
    path = f"/CmeWS/mvc/Settlements/Futures/Settlements/{PRODUCT}/FUT?tradeDate={day:%m/%d/%Y}"
    return Request(
        table="fed_funds_futures",
        name=f"{day}.json",
        addresses=(f"{config.cme_address}{path}",),
        first_day=day,
        last_day=day,
        headers={
            "referer": f"{config.cme_address}/markets/interest-rates/stirs/30-day-federal-fund.settlements.html",
            "x-requested-with": "XMLHttpRequest",
        },
        as_browser=True,
    )


def _sessions(first: date, last: date) -> list[date]:
    import numpy as np

    from dagster_project.contracts.availability import nyse_sessions

    days = nyse_sessions(first.year - 1, last.year + 1)
    inside = days[(days >= np.datetime64(first)) & (days <= np.datetime64(last))]
    return [date.fromisoformat(str(day)) for day in inside.astype("datetime64[D]")]


def _month(text: str | None) -> str | None:
    """First day of a contract month; what is no month stays as it is, for the contract to reject."""
    found = MONTH.fullmatch((text or "").strip().upper().replace("JUL", "JLY"))
    if found is None or found[1] not in MONTHS:
        return text
    return f"20{found[2]}-{MONTHS.index(found[1]) + 1:02d}-01"


def _count(text: str | None) -> str | None:
    return None if (text or "").strip() in NOT_SETTLED else (text or "").replace(",", "")
