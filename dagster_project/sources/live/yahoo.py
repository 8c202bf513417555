"""Yahoo Finance: daily bars with dividends and splits, and fed funds futures where the exchange fails.

The chart service, asked by yfinance (`yfinance_charts`) and read by ourselves from what it answered: prices adjusted
for splits and not for dividends, that is its `auto_adjust=False`, with actions. Final about 18:00 New York time. For
personal use by Yahoo's terms: payloads stay private.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from dagster_project.errors import SourceError
from dagster_project.sources.live.checks import as_text, first_bytes, read_json, refuse_other_than
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.provider import Look, Request, State
from dagster_project.sources.live.ranges import Days, days_to_fetch, lacking_days, widest
from dagster_project.sources.live.universe import universe
from dagster_project.sources.live.yfinance_charts import CHART_PATH, fetch_charts
from dagster_project.sources.table_file import TextTable

if TYPE_CHECKING:
    from dagster_project.sources.live.http import Client, Response

NAME = "yahoo"
TABLES: tuple[str, ...] = ("daily_bars", "fed_funds_futures")
FIRST_DAY = date(1980, 1, 2)
NEW_YORK, CHICAGO = TIME_ZONES = ("America/New_York", "America/Chicago")
FUTURES_ENDING = ".CBT"
EXPECTED = 'JSON {"chart": {"result": [...]}} of daily bars'
PRICES = ("open", "high", "low", "close", "volume")
MONTH_CODES = "FGHJKMNQUVXZ"
CONTRACTS_AHEAD = 12
"""Contract months after the current one: a year of meetings; farther ones hardly trade."""
FUTURES_HISTORY_DAYS = 730
EXCHANGE_KEEPS_DAYS = 6
"""The exchange itself gives the last five business days; only what is older comes from here unasked."""


def plan(table: str, state: State, config: LiveConfig, look: Look) -> Iterable[Request]:
    """One request per symbol that lacks days; futures beyond the reach of the exchange, or when it failed."""
    if table == "fed_funds_futures":
        return _futures(state, config)
    requests = []
    for one in universe():
        days = days_to_fetch(state, state.span(NAME, one.symbol), FIRST_DAY, config.refetched_days)
        if days:
            requests.append(_request(config, table, one.symbol, days, f"{one.symbol}.json", one.symbol))
    return requests


def fetch_batch(requests: Sequence[Request], client: "Client") -> "Mapping[str, Response | SourceError]":
    """Charts of the same days through yfinance; by name of the request what came, or why nothing did."""
    first, last = requests[0].first_day, requests[0].last_day
    assert first is not None and last is not None, "every chart is asked for with its days"
    names = {_yahoo_symbol(request.name): request.name for request in requests}
    zones = {symbol: CHICAGO if symbol.endswith(FUTURES_ENDING) else NEW_YORK for symbol in names}
    return {names[symbol]: found for symbol, found in fetch_charts(client, zones, first, last).items()}


def check(request: Request, content: bytes) -> None:
    """Refuse what is no chart, and the chart of another symbol."""
    refuse_other_than(content, EXPECTED, (b"{",))
    asked = _yahoo_symbol(request.name)
    answered = as_text(_meta(content).get("symbol"))
    if answered != asked:
        raise SourceError(f"expected the chart of {asked}, found that of {answered}.")


def parse(table: str, name: str, content: bytes) -> TextTable:
    """Rows of `daily_bars`, or of `fed_funds_futures` (closes of a contract month).

    A dividend or split on a day without a bar keeps its row, without prices.
    """
    result = _result(content)
    meta = _meta(content)
    if as_text(meta.get("dataGranularity")) != "1d":
        raise SourceError(f"expected daily bars, found bars of {as_text(meta.get('dataGranularity'))}.")
    zone = as_text(meta.get("exchangeTimezoneName"))
    if zone not in TIME_ZONES:
        raise SourceError(f"expected an exchange in {' or '.join(TIME_ZONES)}, found {zone}.")
    days = [_day(moment, zone) for moment in _list(result, "timestamp")]
    if not days:
        raise SourceError("expected daily bars, there is not one. The days asked for may not be there yet.")
    [quotes] = _single(result, "quote")
    columns = {column: [as_text(value) for value in _list(quotes, column)] for column in PRICES}
    if any(len(values) != len(days) for values in columns.values()):
        sizes = ", ".join(f"{column} {len(values)}" for column, values in columns.items())
        raise SourceError(f"expected {len(days)} values for {len(days)} days, found {sizes}: cut off?")
    if table == "fed_funds_futures":
        return TextTable.of_columns(
            {
                "contract_month": [str(_contract_month(name))] * len(days),
                "session_date": days,
                "settle": columns["close"],
                "volume": columns["volume"],
            }
        )
    adjusted = [as_text(value) for value in _list(_single(result, "adjclose")[0], "adjclose")]
    if len(adjusted) != len(days):
        raise SourceError(f"expected {len(days)} adjusted closes, found {len(adjusted)}: cut off?")
    dividends, splits = _events(result, "dividends", zone, _amount), _events(result, "splits", zone, _ratio)
    more = sorted((dividends.keys() | splits.keys()) - set(days))
    return TextTable.of_columns(
        {
            "symbol": [_yahoo_symbol(name)] * (len(days) + len(more)),
            "session_date": [*days, *more],
            **{column: [*values, *[None] * len(more)] for column, values in columns.items()},
            "dividend": [dividends.get(day, "0") for day in (*days, *more)],
            "split_ratio": [splits.get(day, "1") for day in (*days, *more)],
            "vendor_adj_close": [*adjusted, *[None] * len(more)],
        }
    )


def probe(config: LiveConfig, today: date, look: Look) -> Iterable[Request]:
    """Two weeks of one fund."""
    return [
        _request(config, "daily_bars", "SPY", Days(today - timedelta(days=14), today, None), "SPY.json", "SPY"),
    ]


def contract_symbol(month: date) -> str:
    """Yahoo's symbol of a 30-day fed funds future: `ZQM17.CBT` is June 2017."""
    return f"ZQ{MONTH_CODES[month.month - 1]}{month.year % 100:02d}{FUTURES_ENDING}"


def _futures(state: State, config: LiveConfig) -> list[Request]:
    requests = []
    window = state.due - timedelta(days=EXCHANGE_KEEPS_DAYS)
    whole = widest(list(state.spans.values()))
    # A month that comes new into reach has no history worth a request: the exchange settles it from its first day on.
    begin = whole.last_day + timedelta(days=1) if whole else state.due - timedelta(days=FUTURES_HISTORY_DAYS)
    for ahead in range(CONTRACTS_AHEAD + 1):
        months = state.due.year * 12 + state.due.month - 1 + ahead
        month = date(months // 12, months % 12 + 1, 1)
        symbol = contract_symbol(month)
        held = widest([span for (_, series), span in state.spans.items() if series == str(month)])
        before = lacking_days(held, begin, window - timedelta(days=1))
        if before:
            requests.append(_request(config, "fed_funds_futures", symbol, before, f"{symbol}.json", str(month)))
        # All days that the exchange still gives, whatever is held: its own rows count before these.
        recent = Days(window, state.due, None)
        requests.append(
            _request(config, "fed_funds_futures", symbol, recent, f"{symbol}.recent.json", str(month), "cme")
        )
    return requests


def _request(
    config: LiveConfig, table: str, symbol: str, days: Days, name: str, series: str, only_if_failed: str | None = None
) -> Request:
    return Request(
        table=table, name=name, addresses=(f"{config.yahoo_address}{CHART_PATH}{quote(symbol)}",),
        first_day=days.first, last_day=days.last, newest_held=days.newest_held, series=(series,), is_batched=True,
        only_if_failed=only_if_failed,
    )  # fmt: skip


def _yahoo_symbol(name: str) -> str:
    return name.removesuffix(".json").removesuffix(".recent")


def _contract_month(name: str) -> date:
    symbol = _yahoo_symbol(name)
    return date(2000 + int(symbol[3:5]), MONTH_CODES.index(symbol[2]) + 1, 1)


def _result(content: bytes) -> dict[str, Any]:
    answer = read_json(content, EXPECTED)
    chart = answer.get("chart") if isinstance(answer, dict) else None
    if not isinstance(chart, dict):
        raise SourceError(f"expected {EXPECTED}, something else came: {first_bytes(content)}.")
    if chart.get("error"):
        raise SourceError(f"expected {EXPECTED}, Yahoo answers {as_text(chart['error'])}.")
    result = chart.get("result")
    if not isinstance(result, list) or len(result) != 1 or not isinstance(result[0], dict):
        raise SourceError(f"expected {EXPECTED} with one result, something else came: {first_bytes(content)}.")
    return result[0]


def _meta(content: bytes) -> dict[str, Any]:
    meta = _result(content).get("meta")
    if not isinstance(meta, dict):
        raise SourceError(f"expected {EXPECTED} with meta, it is not there: {first_bytes(content)}.")
    return meta


def _list(parent: dict[str, Any], key: str) -> list[Any]:
    found = parent.get(key, [])
    if not isinstance(found, list):
        raise SourceError(f"expected {EXPECTED} with a list {key}, found {as_text(found)}.")
    return found


def _single(result: dict[str, Any], key: str) -> list[dict[str, Any]]:
    indicators = result.get("indicators")
    found = indicators.get(key) if isinstance(indicators, dict) else None
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
        raise SourceError(f"expected {EXPECTED} with indicators.{key}, found {as_text(found)}.")
    return found


def _day(moment: Any, zone: str) -> str:
    """The day of a timestamp at the exchange."""
    try:
        return f"{datetime.fromtimestamp(int(moment), ZoneInfo(zone)):%Y-%m-%d}"
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise SourceError(f"expected a timestamp in seconds, found {as_text(moment)} ({error}).") from error


def _events(result: dict[str, Any], key: str, zone: str, value: Any) -> dict[str, str | None]:
    """Values of the events of one kind by day; those of one day are put together by `value`."""
    events = result.get("events") or {}
    found = events.get(key) if isinstance(events, dict) else None
    if found is None and isinstance(events, dict):
        return {}
    if not isinstance(found, dict) or not all(isinstance(event, dict) for event in found.values()):
        raise SourceError(f"expected {EXPECTED} with events.{key} by time, found {as_text(found or events)}.")
    by_day: dict[str, list[dict[str, Any]]] = {}
    for event in found.values():
        by_day.setdefault(_day(event.get("date"), zone), []).append(event)
    return {day: value(events_of_day) for day, events_of_day in by_day.items()}


def _amount(events: list[dict[str, Any]]) -> str | None:
    """The dividend of a day; two of one day are paid both."""
    amounts = [as_text(event.get("amount")) for event in events]
    if len(amounts) == 1:
        return amounts[0]
    try:
        return repr(sum(float(amount or "") for amount in amounts))
    except ValueError:
        return " and ".join(str(amount) for amount in amounts)


def _ratio(events: list[dict[str, Any]]) -> str | None:
    """New shares for one old share."""
    try:
        [event] = events
        return repr(float(event["numerator"]) / float(event["denominator"]))
    except (ValueError, TypeError, KeyError, ZeroDivisionError):
        return as_text([event.get("splitRatio") for event in events])
