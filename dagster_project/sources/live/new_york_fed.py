"""New York Fed: the effective federal funds rate and the target range in force, from the Markets Data API.

Public. A rate is published at 09:00 New York time of the next business day. Rows carry both ends of the target since
it is a range; days before that come from FRED.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from dagster_project.errors import SourceError
from dagster_project.sources.live.checks import as_text, first_bytes, read_json, refuse_other_than
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.provider import Look, Request, State
from dagster_project.sources.live.ranges import Days, days_to_fetch
from dagster_project.sources.table_file import TextTable

NAME = "new_york_fed"
TABLES: tuple[str, ...] = ("policy_rates",)
FIRST_DAY = date(2008, 12, 16)
"""First day of the target range, as its rows give it."""
EXPECTED = 'JSON {"refRates": [...]} of type EFFR'


def plan(table: str, state: State, config: LiveConfig, look: Look) -> Iterable[Request]:
    """One request for all missing days."""
    days = days_to_fetch(state, state.span(NAME), FIRST_DAY, config.refetched_days)
    return [] if days is None else [_request(config, days)]


def check(request: Request, content: bytes) -> None:
    """Refuse what is no JSON object."""
    refuse_other_than(content, EXPECTED, (b"{",))


def parse(table: str, name: str, content: bytes) -> TextTable:
    """Rows of `policy_rates`. Where a day stands there twice, its revised rate counts (`revisionIndicator`)."""
    answer = read_json(content, EXPECTED)
    rates = answer.get("refRates") if isinstance(answer, dict) else None
    if not isinstance(rates, list) or not all(isinstance(rate, dict) for rate in rates):
        raise SourceError(f"expected {EXPECTED}, the list is not there: {first_bytes(content)}.")
    if not rates:
        raise SourceError(f"expected {EXPECTED}, the list is empty. The days asked for may not be published yet.")
    lacking = {"effectiveDate", "type", "percentRate"} - set().union(*rates)
    if lacking:
        raise SourceError(f"expected {EXPECTED}, no entry has {', '.join(sorted(lacking))}: {first_bytes(content)}.")
    rates = [rate for rate in rates if rate.get("type") == "EFFR"]
    revised = {as_text(rate.get("effectiveDate")) for rate in rates if rate.get("revisionIndicator")}
    kept = [
        rate for rate in rates if rate.get("revisionIndicator") or as_text(rate.get("effectiveDate")) not in revised
    ]
    if not kept:
        raise SourceError(f"expected {EXPECTED}, no entry has that type: {first_bytes(content)}.")
    fields = {
        "rate_date": "effectiveDate", "effr_pct": "percentRate", "target_lower_pct": "targetRateFrom",
        "target_upper_pct": "targetRateTo",
    }  # fmt: skip
    return TextTable.of_columns({column: [as_text(rate.get(key)) for rate in kept] for column, key in fields.items()})


def probe(config: LiveConfig, today: date, look: Look) -> Iterable[Request]:
    """The last two weeks."""
    return [_request(config, Days(today - timedelta(days=14), today, None))]


def _request(config: LiveConfig, days: Days) -> Request:
    query = f"startDate={days.first}&endDate={days.last}"
    return Request(
        table="policy_rates",
        name="effr.json",
        addresses=(f"{config.new_york_fed_address}/api/rates/unsecured/effr/search.json?{query}",),
        first_day=days.first,
        last_day=days.last,
        newest_held=days.newest_held,
    )
