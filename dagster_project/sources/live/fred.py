"""FRED of the St. Louis Fed: policy rates before the target was a range, and what stands in for two other services.

Keyless CSV for ranges. With a key (SMALLCAP_LIVE__FRED_API_KEY) recent yields come from the API with the day on which
FRED first had each value. Values are revised ones where no vintage is asked for.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from dagster_project.errors import SourceError
from dagster_project.sources.live.checks import as_text, first_bytes, read_csv, read_json, refuse_other_than
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.provider import Look, Request, State
from dagster_project.sources.live.ranges import Days, lacking_days, widest
from dagster_project.sources.table_file import TextTable

NAME = "fred"
TABLES: tuple[str, ...] = ("policy_rates", "treasury_yields")
POLICY_SERIES = ("DFF", "DFEDTAR", "DFEDTARL", "DFEDTARU")
"""All seven-day series: FRED gives series of one frequency as one table."""
YIELD_SERIES = {
    "DGS1MO": "1mo", "DGS3MO": "3mo", "DGS6MO": "6mo", "DGS1": "1yr", "DGS2": "2yr", "DGS3": "3yr", "DGS5": "5yr",
    "DGS7": "7yr", "DGS10": "10yr", "DGS20": "20yr", "DGS30": "30yr",
}  # fmt: skip
POLICY_FIRST_DAY, RANGE_FIRST_DAY = date(2000, 7, 3), date(2008, 12, 16)
"""The New York Fed's own series begins on the first, its target range on the second."""
YIELDS_FIRST_DAY = date(1990, 1, 2)
LONGEST_VINTAGE_RANGE_DAYS = 366
"""The API refuses ranges with more than 2,000 vintages."""
MISSING = (".", "")


def plan(table: str, state: State, config: LiveConfig, look: Look) -> Iterable[Request]:
    """The early policy rates once; beyond that only what another service failed to give."""
    if table == "treasury_yields":
        return _yields(state, config)
    requests = []
    span = state.span(NAME)
    if span is None or span.first_day >= RANGE_FIRST_DAY:
        last = RANGE_FIRST_DAY - timedelta(days=1)
        requests.append(_policy_request(config, "policy_before_range.csv", Days(POLICY_FIRST_DAY, last, None)))
    held = [found for found in (state.span("new_york_fed"), span) if found and found.last_day >= RANGE_FIRST_DAY]
    days = lacking_days(widest(held), RANGE_FIRST_DAY, state.due)
    if days:
        requests.append(_policy_request(config, "policy.csv", days, only_if_failed="new_york_fed"))
    return requests


def check(request: Request, content: bytes) -> None:
    """Refuse what is neither CSV with a date column nor, for the API, JSON."""
    if request.name.endswith(".json"):
        refuse_other_than(content, 'JSON {"observations": [...]}', (b"{",))
    else:
        refuse_other_than(
            content, "CSV with observation_date and one column per series", (b"observation_date", b"DATE")
        )


def parse(table: str, name: str, content: bytes) -> TextTable:
    """Rows of `policy_rates`, or of `treasury_yields` from CSV or, per series, from the API."""
    if name.endswith(".json"):
        return _vintages(name.removesuffix(".json"), content)
    series = POLICY_SERIES if table == "policy_rates" else tuple(YIELD_SERIES)
    days, values = _table(content, series)
    return _policy_rates(days, values) if table == "policy_rates" else _par_yields(days, values)


def probe(config: LiveConfig, today: date, look: Look) -> Iterable[Request]:
    """Two weeks, as CSV and, with a key, from the API."""
    days = Days(today - timedelta(days=14), today, None)
    found = [_policy_request(config, "policy.csv", days)]
    return [*found, _vintage_request(config, "DGS10", days)] if config.fred_api_key else found


def observations(content: bytes) -> list[dict[str, Any]]:
    """The observations of an answer of the API: `date`, `value` (`.` where there is none), `realtime_start`.

    Raises:
        SourceError: the list is not there, or an entry lacks one of these.
    """
    expected = 'JSON {"observations": [...]} with date, value and realtime_start'
    answer = read_json(content, expected)
    found = answer.get("observations") if isinstance(answer, dict) else None
    needed = {"date", "value", "realtime_start"}
    if not isinstance(found, list) or not all(isinstance(one, dict) and needed <= set(one) for one in found):
        raise SourceError(f"expected {expected}, something else came: {first_bytes(content)}.")
    return found


def _yields(state: State, config: LiveConfig) -> list[Request]:
    held = [span for (provider, _), span in state.spans.items() if provider in ("treasury", NAME)]
    days = lacking_days(widest(held), YIELDS_FIRST_DAY, state.due)
    if days is None:
        return []
    if config.fred_api_key and (days.last - days.first).days <= LONGEST_VINTAGE_RANGE_DAYS:
        return [_vintage_request(config, series, days) for series in YIELD_SERIES]
    return [_csv_request(config, "treasury_yields", "yields.csv", tuple(YIELD_SERIES), days, "treasury")]


def _policy_request(config: LiveConfig, name: str, days: Days, only_if_failed: str | None = None) -> Request:
    return _csv_request(config, "policy_rates", name, POLICY_SERIES, days, only_if_failed)


def _csv_request(
    config: LiveConfig, table: str, name: str, series: tuple[str, ...], days: Days, only_if_failed: str | None
) -> Request:
    query = f"id={','.join(series)}&cosd={days.first}&coed={days.last}"
    return Request(
        table=table, name=name, addresses=(f"{config.fred_address}/graph/fredgraph.csv?{query}",),
        first_day=days.first, last_day=days.last, only_if_failed=only_if_failed,
    )  # fmt: skip


def _vintage_request(config: LiveConfig, series: str, days: Days) -> Request:
    assert config.fred_api_key is not None
    query = (
        f"file_type=json&series_id={series}&observation_start={days.first}&observation_end={days.last}"
        f"&realtime_start={days.first}&realtime_end=9999-12-31"
    )
    return Request(
        table="treasury_yields", name=f"{series}.json",
        addresses=(f"{config.fred_api_address}/fred/series/observations?{query}",),
        first_day=days.first, last_day=days.last, series=(YIELD_SERIES[series],), only_if_failed="treasury",
        secret_query={"api_key": config.fred_api_key.get_secret_value()},
    )  # fmt: skip


def _table(content: bytes, series: tuple[str, ...]) -> tuple[list[str], dict[str, list[str]]]:
    """Days and the values of each series as text; `.` and nothing stay as they came."""
    expected = f"CSV with observation_date and {', '.join(series)}"
    header, *rows = read_csv(content, expected)
    titles = [title.strip() for title in header]
    if titles[0] not in ("observation_date", "DATE") or not set(series) <= set(titles):
        raise SourceError(f"expected {expected}, the header is {', '.join(titles)[:200]}.")
    if not rows:
        raise SourceError(f"expected {expected} and rows, there is not one row.")
    ragged = next((row for row in rows if len(row) != len(header)), None)
    if ragged is not None:
        raise SourceError(
            f"expected {len(header)} fields in every row, found {len(ragged)} in {', '.join(ragged)[:200]!r}: cut off?"
        )
    columns = dict(zip(titles, zip(*rows, strict=True), strict=True))
    return list(columns[titles[0]]), {one: [value.strip() for value in columns[one]] for one in series}


def _policy_rates(days: list[str], values: dict[str, list[str]]) -> TextTable:
    """One row per weekday up to the last effective rate.

    DFF repeats Friday's rate on the weekend, where no rate is published; the targets are known some days ahead of it.
    """
    rates = values["DFF"]
    known = [number for number, rate in enumerate(rates) if rate not in MISSING]
    kept = [number for number in range(known[-1] + 1 if known else 0) if not _is_weekend(days[number])]
    if not kept:
        raise SourceError("expected effective rates (DFF), there is not one on a weekday. Try again later.")

    def lower(number: int) -> str | None:
        return _value(values["DFEDTARL"][number]) or _value(values["DFEDTAR"][number])

    return TextTable.of_columns(
        {
            "rate_date": [days[number] for number in kept],
            "effr_pct": [_value(rates[number]) for number in kept],
            "target_lower_pct": [lower(number) for number in kept],
            "target_upper_pct": [_value(values["DFEDTARU"][number]) for number in kept],
        }
    )


def _par_yields(days: list[str], values: dict[str, list[str]]) -> TextTable:
    """One row per yield; FRED writes `.` or nothing on holidays and for maturities not quoted."""
    cells = [
        (day, YIELD_SERIES[series], value)
        for series, found in values.items()
        for day, value in zip(days, found, strict=True)
        if value not in MISSING
    ]
    return _yield_rows(cells)


def _vintages(series: str, content: bytes) -> TextTable:
    found = observations(content)
    if series not in YIELD_SERIES:
        raise SourceError(f"expected one of the series {', '.join(YIELD_SERIES)}, the payload is named {series}.")
    kept = [one for one in found if one["value"] not in MISSING]
    cells = [(as_text(one["date"]), YIELD_SERIES[series], as_text(one["value"])) for one in kept]
    rows = _yield_rows(cells)
    rows.frame["available_at"] = [as_text(one["realtime_start"]) for one in kept]
    return rows


def _yield_rows(cells: Sequence[tuple[str | None, str, str | None]]) -> TextTable:
    if not cells:
        raise SourceError("expected yields, there is not one value. The days asked for may not be published yet.")
    days, tenors, values = zip(*cells, strict=True)
    return TextTable.of_columns({"rate_date": list(days), "tenor": list(tenors), "par_yield_pct": list(values)})


def _value(text: str) -> str | None:
    return None if text in MISSING else text


def _is_weekend(day: str) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", day)) and _weekday(day) >= 5


def _weekday(day: str) -> int:
    try:
        return date.fromisoformat(day).weekday()
    except ValueError:
        return 0
