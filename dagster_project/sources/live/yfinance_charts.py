"""Yahoo's charts, asked for by yfinance through our client.

yfinance knows how Yahoo wants to be asked: its cookie, its crumb, what to try when one is refused. Rates, attempts,
time, size and secrets stay those of `http`, because yfinance gets a session whose every request our client sends. The
charts are kept as they came; the frames that yfinance makes of them are not used.

Belongs here: handing requests and answers over between yfinance and `http.Client`.
Does not belong here: which charts are asked for, and reading them (`yahoo`).
"""

import logging
import warnings
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from dagster_project.errors import SourceError
from dagster_project.sources.live.http import REFUSING_STATUSES, Client, Response, StatusError

if TYPE_CHECKING:
    from pathlib import Path

CHART_PATH = "/v8/finance/chart/"
CRUMB_PATH = "/v1/test/getcrumb"
TO_DO = "Try again later; if it goes on, remove yfinance's own files in"

Charts = dict[str, Response | SourceError]
"""By symbol what came, or why nothing did."""


def fetch_charts(client: Client, zones: Mapping[str, str], first: date, last: date) -> Charts:
    """Daily charts of several symbols over the same days, both included, with dividends and splits, prices not
    adjusted for dividends: one call of `yfinance.download`, which asks for one after the other.

    Args:
        zones: time zone of the exchange of each symbol. yfinance would ask Yahoo for each of them.
    """
    import yfinance
    from yfinance.cache import get_tz_cache
    from yfinance.data import YfData

    _set_up(client.cache_dir)
    session, charts = _session(client)
    charts.clear()
    reason = "yfinance did not ask for it"
    try:
        for symbol, zone in zones.items():
            get_tz_cache().store(symbol, zone)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yfinance.download(
                list(zones), start=str(first), end=str(last + timedelta(days=1)), auto_adjust=False, actions=True,
                threads=False, progress=False, session=session,
            )  # fmt: skip
    except Exception as error:  # a frame it cannot make is no loss: what was recorded until then is what counts
        reason = f"yfinance failed ({type(error).__name__}: {error})"
    finally:
        YfData.cache_get.cache_clear()  # it answers for the whole process, and a chart of yesterday is no answer today
    address = f"{client.config.yahoo_address}{CHART_PATH}"
    return {
        symbol: charts.get(symbol, SourceError(f"{address}{quote(symbol)}: {reason}. {TO_DO} {client.cache_dir}"))
        for symbol in zones
    }


@cache
def _set_up(cache_dir: "Path | None") -> None:
    """Keep yfinance's files within the data directory, and its log out of ours: it has the crumb, and failures are told
    by us."""
    import yfinance

    if cache_dir is None:
        raise ValueError("a client that asks through yfinance needs a cache_dir")
    cache_dir.mkdir(parents=True, exist_ok=True)
    yfinance.set_tz_cache_location(str(cache_dir))
    logging.getLogger("yfinance").disabled = True


class _NotGivenError(ConnectionError):
    """No answer for yfinance, which takes it for a passing failure of the network and goes on with what it has."""


@lru_cache(maxsize=1)
def _session(client: Client) -> tuple[Any, Charts]:
    """The session of a build, and the charts that came through it."""
    from curl_cffi.requests import Response as Answer
    from curl_cffi.requests import Session
    from yfinance.data import YfData

    charts: Charts = {}
    ask = _asker(client, charts)

    class Recording(Session[Answer]):
        """What yfinance takes for a session of a browser; the browser itself is the client's."""

        def request(self, method: Any, url: str, params: Any = None, **_: Any) -> Answer:  # type: ignore[override]
            status, content = ask(method, url, dict(params or {}))
            answer = Answer()
            answer.url, answer.status_code, answer.content = url, status, content
            return answer

    session = Recording()
    # Cookie and crumb belong to a session, and yfinance keeps them for the process.
    YfData(session).__init__(session)
    return session, charts


def _asker(client: Client, charts: Charts) -> Callable[[str, str, dict[str, Any]], tuple[int, bytes]]:
    """Sends what yfinance asks for; returns status and content, and keeps charts."""
    config = client.config
    bases = {
        "query1.finance.yahoo.com": config.yahoo_address,
        "query2.finance.yahoo.com": config.yahoo_address,
        "fc.yahoo.com": config.yahoo_cookie_address,
    }
    asides: dict[str, tuple[int, bytes] | str] = {}
    """What came of the cookie and the crumb: asked for once in a build, also where nothing came."""

    def send(address: str, crumb: str | None) -> Response:
        response = client.get(address, secret_query={"crumb": crumb} if crumb else None, as_browser=True)
        assert response is not None, "nothing is known, so nothing can be unchanged"
        return response

    def chart(address: str, symbol: str, crumb: str | None) -> tuple[int, bytes]:
        try:
            response = send(address, crumb)
        except SourceError as error:
            charts[symbol] = error
            if isinstance(error, StatusError) and error.status in REFUSING_STATUSES:
                return error.status, b"{}"  # yfinance tries again with another cookie and crumb, or without
            raise _NotGivenError(str(error)) from None
        charts[symbol] = response
        return response.status, response.content

    def aside(address: str, is_crumb: bool) -> tuple[int, bytes] | str:
        try:
            response = send(address, None)
        except StatusError as error:
            # The page that gives the cookie is an error page; an error page is no crumb.
            return str(error) if is_crumb else (error.status, b"")
        except SourceError as error:
            return str(error)
        return response.status, response.content

    def ask(method: str, url: str, query: dict[str, Any]) -> tuple[int, bytes]:
        parts = urlsplit(url)
        base = bases.get(parts.netloc)
        if base is None or method != "GET":
            # Its other way to a cookie agrees to Yahoo's terms in the user's name.
            raise _NotGivenError(f"{method} {parts.netloc} is not asked")
        crumb = query.pop("crumb", None)
        address = base + quote(unquote(parts.path)) + (f"?{urlencode(query)}" if query else "")
        if parts.path.startswith(CHART_PATH):
            return chart(address, unquote(parts.path.removeprefix(CHART_PATH)), crumb)
        if address not in asides:
            asides[address] = aside(address, parts.path == CRUMB_PATH)
        found = asides[address]
        if isinstance(found, str):
            raise _NotGivenError(found)
        return found

    return ask
