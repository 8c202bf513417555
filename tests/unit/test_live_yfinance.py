"""Charts through yfinance against a loopback Yahoo: its cookie and crumb, our manners, and nothing left behind."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yfinance

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.contracts.validate import validate
from dagster_project.errors import SourceError
from dagster_project.sources.live import yahoo, yfinance_charts
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.http import Client, Response
from dagster_project.sources.live.yfinance_charts import CHART_PATH, CRUMB_PATH, Charts, fetch_charts
from tests.helpers import REPO, clean_environment
from tests.internet.internet import QUICK
from tests.internet.loopback import Answer, Asked, Loopback
from tests.internet.market import Market
from tests.internet.services import YAHOO_COOKIE, YAHOO_CRUMB, unauthorized
from tests.internet.services import yahoo as answer_charts
from tests.internet.services import yahoo_cookie as answer_cookie

PAYLOADS = REPO.parent / "shared" / "payloads" / "yahoo_chart"
recorded = pytest.mark.skipif(not PAYLOADS.is_dir(), reason=f"no recorded payloads in {PAYLOADS}")
MARKET = Market(datetime(2017, 5, 31, 22, 30))
ZONES = dict.fromkeys(("IWM", "SPY", "^RUT"), "America/New_York")
FIRST, LAST = date(2017, 3, 1), date(2017, 5, 31)
FRAME_COLUMNS = {
    "Open": "open", "High": "high", "Low": "low", "Close": "close", "Adj Close": "vendor_adj_close",
    "Volume": "volume", "Dividends": "dividend", "Stock Splits": "split_ratio",
}  # fmt: skip


class Yahoo:
    """The two hosts of Yahoo, each with an answer that a test may replace."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.chart: Callable[[Asked], Answer] = lambda asked: answer_charts(MARKET, asked)
        self.cookie: Callable[[Asked], Answer] = lambda asked: answer_cookie(MARKET, asked)
        self.main = Loopback(lambda asked: self.chart(asked))
        self.giver = Loopback(lambda asked: self.cookie(asked))

    def client(self, **changes: object) -> Client:
        config = {**QUICK, "yahoo_address": self.main.address, "yahoo_cookie_address": self.giver.address, **changes}
        return Client(LiveConfig.model_validate(config), cache_dir=self.directory / "yfinance")

    def fetch(self, client: Client | None = None, **changes: object) -> Charts:
        return fetch_charts(client or self.client(**changes), ZONES, FIRST, LAST)

    @property
    def charts_asked(self) -> list[Asked]:
        return [asked for asked in self.main.asked if asked.path.startswith(CHART_PATH)]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Yahoo]:
    MARKET.rows("daily_bars")  # simulated now, not during a request
    found = Yahoo(tmp_path)
    with found.main, found.giver:
        yield found


def whole(found: object) -> Response:
    assert isinstance(found, Response), found
    return found


def reasons(found: Charts) -> list[str]:
    assert all(isinstance(one, SourceError) for one in found.values()), found
    return [str(one) for one in found.values()]


def test_a_batch_asks_for_cookie_and_crumb_once_and_for_one_chart_per_symbol(service: Yahoo) -> None:
    client = service.client()
    for symbol, found in service.fetch(client).items():
        frame = yahoo.parse("daily_bars", f"{symbol}.json", whole(found).content).frame
        assert set(frame["symbol"]) == {symbol}
        assert (frame["session_date"].min(), frame["session_date"].max()) == (str(FIRST), str(LAST))
    assert [asked.path for asked in service.giver.asked] == ["/"]
    assert [asked.path for asked in service.main.asked if not asked.path.startswith(CHART_PATH)] == [CRUMB_PATH]
    assert sorted(asked.path.rsplit("/", 1)[-1] for asked in service.charts_asked) == ["%5ERUT", "IWM", "SPY"]
    for asked in service.charts_asked:
        assert asked.query["crumb"] == YAHOO_CRUMB and f"A3={YAHOO_COOKIE}" in asked.headers["cookie"]
        assert (asked.query["interval"], asked.query["events"]) == ("1d", "div,splits,capitalGains")
        assert "Mozilla" in asked.headers["user-agent"]
    service.fetch(client)
    assert client.asked.total() == 5, "an answer of this build is not asked for again"


def test_an_answer_of_an_earlier_build_is_no_answer(service: Yahoo) -> None:
    first = whole(service.fetch()["IWM"]).content
    service.chart = lambda asked: Answer(answer_charts(MARKET, asked).content.replace(b'"IWM"', b'"XXX"'))
    assert whole(service.fetch()["IWM"]).content == first.replace(b'"IWM"', b'"XXX"') != first


def test_a_crumb_that_is_refused_is_left_out(service: Yahoo) -> None:
    def chart(asked: Asked) -> Answer:
        return unauthorized("Invalid Crumb") if "crumb" in asked.query else answer_charts(MARKET, asked)

    service.chart = lambda asked: Answer(b"old crumb") if asked.path == CRUMB_PATH else chart(asked)
    assert {len(whole(found).content) > 1000 for found in service.fetch().values()} == {True}
    assert ["crumb" in asked.query for asked in service.charts_asked] == [True, False, False, False]


@pytest.mark.parametrize(
    "crumb",
    [Answer(status=429), Answer(status=500), Answer(status=401), Answer(wire="reset"), Answer(wire="timeout"),
     Answer(b"Too Many Requests"), Answer(b"<!DOCTYPE html><html></html>"), Answer()],
    ids=["429", "500", "401", "reset", "timeout", "limited", "html", "empty"],
)  # fmt: skip
def test_without_a_crumb_the_charts_come_all_the_same(service: Yahoo, crumb: Answer) -> None:
    def chart(asked: Asked) -> Answer:
        is_empty = asked.query.get("crumb") == ""
        return crumb if asked.path == CRUMB_PATH else unauthorized("?") if is_empty else answer_charts(MARKET, asked)

    service.chart = chart
    for found in service.fetch().values():
        whole(found)
    assert sum(asked.path == CRUMB_PATH for asked in service.main.asked) <= QUICK["attempts"]


@pytest.mark.parametrize("cookie", [Answer(status=500), Answer(wire="reset"), Answer(b"no cookie")], ids=str)
def test_without_a_cookie_the_charts_come_all_the_same(service: Yahoo, cookie: Answer) -> None:
    service.cookie = lambda asked: cookie
    for found in service.fetch().values():
        whole(found)
    assert len(service.giver.asked) <= QUICK["attempts"]


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_a_client_that_is_refused_says_so_and_stops(service: Yahoo, status: int) -> None:
    service.chart = lambda asked: Answer(b"no", status)
    told = reasons(service.fetch())
    assert any(f"status 200, got {status}" in one or f"status {status}." in one for one in told), told
    assert any("not asked any more, it failed 3 times in a row" in one for one in told)
    assert all(one.startswith(service.main.address) for one in told)
    assert len(service.main.asked) <= 3 * QUICK["attempts"]  # type: ignore[operator]


def test_retry_after_is_waited_for(service: Yahoo) -> None:
    answers = [Answer(status=429, headers={"retry-after": "1"})]
    service.chart = lambda asked: (
        answers.pop() if answers and asked.path.startswith(CHART_PATH) else answer_charts(MARKET, asked)
    )
    client = service.client()
    for found in service.fetch(client).values():
        whole(found)
    assert client.seconds >= 1


def test_the_limits_of_a_build_hold(service: Yahoo) -> None:
    assert all("larger than 0.001 MB" in one for one in reasons(service.fetch(max_payload_mb=0.001)))
    client = service.client(requests_per_second=10)
    service.fetch(client)
    assert client.seconds >= 0.3, "crumb and three charts of one host"
    assert all("used up" in one for one in reasons(service.fetch(budget_seconds=1e-9)))


def test_a_symbol_that_yahoo_does_not_know_is_asked_for_once(service: Yahoo) -> None:
    client = service.client()
    found = fetch_charts(client, {"ZQX99.CBT": "America/Chicago", "IWM": "America/New_York"}, FIRST, LAST)
    assert "expected status 200, got 404" in str(found["ZQX99.CBT"]) and whole(found["IWM"])
    assert len(service.charts_asked) == 2


def test_what_yfinance_cannot_read_is_kept_as_it_came(service: Yahoo) -> None:
    for content in (b"<html>", b"", b'{"chart": {"result": [{"meta": {}}], "error": null}}', b"\xff\xfe\x00"):
        service.chart = lambda asked, content=content: Answer(content)  # type: ignore[misc]
        assert {whole(found).content for found in service.fetch().values()} == {content}


def test_a_frame_that_fails_costs_no_chart(service: Yahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a release of yfinance failed over its own frames."""
    download = yfinance.download

    def failing(*arguments: Any, **named: Any) -> None:
        download(*arguments, **named)
        raise KeyError("Close")

    monkeypatch.setattr(yfinance, "download", failing)
    for found in service.fetch().values():
        whole(found)
    monkeypatch.setattr(yfinance, "download", lambda *_, **__: failing)
    assert all("yfinance did not ask for it" in one for one in reasons(service.fetch()))
    monkeypatch.setattr(yfinance.cache, "get_tz_cache", lambda: (service.directory / "none").read_bytes())
    assert all("yfinance failed (FileNotFoundError" in one for one in reasons(service.fetch()))


def test_nothing_is_agreed_to_in_the_name_of_the_user(service: Yahoo) -> None:
    ask = yfinance_charts._asker(service.client(), {})
    for method, url in (("GET", "https://guce.yahoo.com/consent"), ("POST", f"https://fc.yahoo.com{CRUMB_PATH}")):
        with pytest.raises(ConnectionError, match="is not asked"):
            ask(method, url, {})
    assert service.main.asked == service.giver.asked == []


def test_cookie_and_crumb_stay_out_of_messages_logs_and_files(
    service: Yahoo, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        shown = repr([(one.address, one.headers) for one in map(whole, service.fetch().values())])
        service.chart = lambda asked: Answer(wire="reset") if "crumb" in asked.query else answer_charts(MARKET, asked)
        shown += repr(reasons(service.fetch()))
    shown += caplog.text + "".join(capfd.readouterr())
    files = b"".join(file.read_bytes() for file in service.directory.rglob("*") if file.is_file())
    for secret in (YAHOO_COOKIE, YAHOO_CRUMB, YAHOO_CRUMB.replace("/", "%2F")):
        assert secret not in shown and secret.encode() not in files


def test_yfinance_leaves_files_in_its_directory_only_and_is_imported_when_needed(
    service: Yahoo, tmp_path: Path
) -> None:
    program = f"""
import sys
from datetime import date
from pathlib import Path
import dagster_project.definitions
from dagster_project.sources.live import yahoo
assert "yfinance" not in sys.modules and "curl_cffi" not in sys.modules, "imported before it is needed"
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.http import Client
from dagster_project.sources.live.yfinance_charts import fetch_charts
config = LiveConfig(yahoo_address="{service.main.address}", yahoo_cookie_address="{service.giver.address}")
client = Client(config, cache_dir=Path("{tmp_path / "own"}"))
found = fetch_charts(client, {{"IWM": "America/New_York"}}, date(2017, 5, 1), date(2017, 5, 31))
print(len(found["IWM"].content))
"""
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300, cwd=REPO,
        env=clean_environment(
            HOME=str(home), XDG_CACHE_HOME=str(home / "cache"), SMALLCAP_DATA_DIR=str(tmp_path / "data")
        ),
    )  # fmt: skip
    assert done.returncode == 0 and int(done.stdout) > 1000, done.stderr
    assert done.stderr == ""
    assert [file for file in home.rglob("*") if "yfinance" in str(file)] == []
    assert {file.suffix for file in (tmp_path / "own").iterdir()} <= {".db", ".db-wal", ".db-shm"}


def frame_and_rows(service: Yahoo, symbol: str, first: date, last: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What yfinance makes of a chart, and our rows of the same payload."""
    frames = []
    download = yfinance.download
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(yfinance, "download", lambda *given, **named: frames.append(download(*given, **named)))
        found = whole(fetch_charts(service.client(), {symbol: "America/New_York"}, first, last)[symbol])
    frame = frames[0].xs(symbol, level="Ticker", axis=1)[list(FRAME_COLUMNS)].rename(columns=FRAME_COLUMNS)
    frame["split_ratio"] = frame["split_ratio"].replace(0, 1)  # yfinance writes 0 for no split
    rows = validate(CONTRACTS["daily_bars"], yahoo.parse("daily_bars", f"{symbol}.json", found.content).frame, "yahoo")
    return frame, rows.rows.set_index("session_date")[list(FRAME_COLUMNS.values())]


def assert_equal(frame: pd.DataFrame, rows: pd.DataFrame) -> None:
    assert list(frame.index) == list(rows.index)
    for column in frame:
        assert frame[column].astype(float).tolist() == rows[column].astype(float).tolist(), column


@recorded
@pytest.mark.parametrize("file", sorted(PAYLOADS.glob("*.json")), ids=lambda file: file.stem)
def test_yfinance_reads_the_same_rows_off_a_recorded_chart(service: Yahoo, file: Path) -> None:
    content = json.dumps(json.loads(file.read_text())["response"]["bodyJson"]).encode()
    service.chart = lambda asked: Answer(content)
    _, symbol, *days = file.stem.replace("-to-", "-").split("-")
    first, last = (date(*map(int, days[at : at + 3])) for at in (0, 3))
    frame, rows = frame_and_rows(service, symbol, first, last)
    assert len(rows) == (49 if file.stem.startswith("chart-AAPL-2020-08-31") else 1)
    assert_equal(frame, rows)


def test_yfinance_reads_the_same_rows_off_a_simulated_chart(service: Yahoo) -> None:
    frame, rows = frame_and_rows(service, "IWM", date(2000, 1, 3), LAST)
    assert len(rows) > 4000 and (rows["dividend"] > 0).any()
    assert_equal(frame, rows)
