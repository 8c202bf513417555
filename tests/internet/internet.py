"""All public services at once on the loopback interface, with a fault for each of them at will."""

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType

from dagster_project.settings import Settings
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.yfinance_charts import CHART_PATH
from tests.internet.loopback import Answer, Asked, Loopback
from tests.internet.market import Market
from tests.internet.services import SERVICES, navhist

FAULTS = ("429", "500", "timeout", "reset", "truncated", "html", "schema", "other")
WEB_PAGE = Answer(b"<!DOCTYPE html><html><body>Please enable JavaScript</body></html>", headers={"content-type": "x"})
QUICK = {
    "requests_per_second": 10_000, "sec_requests_per_second": 10_000, "timeout_seconds": 0.7, "attempts": 2,
    "first_wait_seconds": 0.01, "sec_contact": "Tests tests@localhost",
}  # fmt: skip
"""Manners that fit a server on this machine, and tests of its faults."""
BY_HAND = {"timeout_seconds": 10}
"""Over `QUICK`: a busy machine is no fault."""


class Internet:
    """`with Internet(now) as internet`: services of `internet.market`, faults in `internet.faults[name]`."""

    def __init__(self, now: datetime, first_port: int = 0) -> None:
        self.market = Market(now)
        self.faults: dict[str, str] = {}
        self.services = {
            name: Loopback(lambda asked, name=name: self.answer(name, asked), first_port and first_port + number)
            for number, name in enumerate(SERVICES)
        }
        self._stack = ExitStack()

    def __enter__(self) -> "Internet":
        self.market.rows("daily_bars")  # simulated now, not during the first request
        for service in self.services.values():
            self._stack.enter_context(service)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def addresses(self) -> dict[str, str]:
        """Setting of each host and where it stands here."""
        return {SERVICES[name].setting: service.address for name, service in self.services.items()}

    def settings(self, directory: Path, **live: object) -> Settings:
        """Settings of a live build against these services, with everything below `directory`."""
        config = LiveConfig.model_validate({**self.addresses, **QUICK, **live})
        return Settings(_env_file=None, data_dir=directory / "data", source="live", live=config)

    def environment(self, directory: Path) -> dict[str, str]:
        """The same by hand, as variables of the environment."""
        values = {**self.addresses, **QUICK, **BY_HAND}
        named = {f"SMALLCAP_LIVE__{name.upper()}": str(value) for name, value in values.items()}
        return {"SMALLCAP_SOURCE": "live", "SMALLCAP_DATA_DIR": str(directory), **named}

    def requests(self) -> dict[str, int]:
        """How often each service was asked since the last time."""
        counts = {name: len(service.asked) for name, service in self.services.items() if service.asked}
        for service in self.services.values():
            service.asked.clear()
        return counts

    def answer(self, name: str, asked: Asked) -> Answer:
        """The answer of a service, or its fault."""
        fault = self.faults.get(name, "")
        if fault in ("429", "500"):
            return Answer(b"no", status=int(fault), headers={"retry-after": "0"})
        if fault in ("reset", "timeout"):
            return Answer(wire=fault)  # type: ignore[arg-type]
        if fault == "html":
            return WEB_PAGE
        if fault == "other":
            return SERVICES[name].answer(self.market, another(name, asked))
        if fault == "schema" and name == "ssga":
            return Answer(navhist(self.market, "SPY", ("Day", "Value", "Units", "Assets")))
        answer = SERVICES[name].answer(self.market, asked)
        if fault == "truncated":
            return Answer(answer.content, answer.status, answer.headers, wire="truncated")
        if fault == "schema":
            return Answer(plain(answer).replace(*SERVICES[name].renamed), answer.status)
        return answer


def plain(answer: Answer) -> bytes:
    """The content of an answer that may travel compressed."""
    import gzip

    return gzip.decompress(answer.content) if answer.headers.get("content-encoding") else answer.content


def another(name: str, asked: Asked) -> Asked:
    """The request that a confused service answers instead: another fund, symbol, day or year."""
    query = dict(asked.query)
    path = asked.path
    if name == "yahoo" and path.startswith(CHART_PATH):
        path = path.rsplit("/", 1)[0] + ("/IWM" if not path.endswith("IWM") else "/SPY")
    elif name in ("ishares", "blackrock"):
        other = "239726" if "239726" not in f"{path}{query}" else "239710"
        path = path.replace(path.split("/")[3], other) if path.startswith("/us/products") else path
        query |= {"portfolioId": other} if "portfolioId" in query else {}
    elif name == "ssga":
        path = path.replace("spy", "xxx").replace("mdy", "spy").replace("xxx", "mdy")
    elif name == "cme":
        query["tradeDate"] = "05/01/2017"
    elif name == "new_york_fed":
        query |= {"startDate": "2016-02-01", "endDate": "2016-02-12"}
    elif name == "treasury":
        query["field_tdr_date_value"] = "2016"
    return Asked(path, query, asked.headers)
