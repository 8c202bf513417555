"""The client of the live source against a loopback server: patience, limits, secrets."""

import email.utils
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from dagster_project.errors import SourceError
from dagster_project.sources.live import http
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.http import Client
from tests.internet.loopback import Answer, Asked, Loopback, zipped

KEY = "planted-key-4711"
Serve = Callable[..., Loopback]


def config(**changes: object) -> LiveConfig:
    values: dict[str, object] = {
        "requests_per_second": 1000, "timeout_seconds": 0.4, "attempts": 3, "first_wait_seconds": 0.01,
        "budget_seconds": 20,
    }  # fmt: skip
    return LiveConfig.model_validate(values | changes)


@pytest.fixture
def serve() -> Iterator[Serve]:
    running: list[Loopback] = []

    def start(*answers: Answer) -> Loopback:
        """Answers in turn; the last one for ever."""
        left = list(answers)

        def answer(_: Asked) -> Answer:
            return left.pop(0) if len(left) > 1 else left[0]

        running.append(Loopback(answer).__enter__())
        return running[-1]

    yield start
    for service in running:
        service.__exit__(None, None, None)


@pytest.mark.parametrize("as_browser", [False, True])
def test_an_answer_with_the_headers_that_matter(serve: Serve, as_browser: bool) -> None:
    service = serve(Answer(b"a,b\n1,2\n", headers={"ETag": '"x"', "X-Other": "1", "Content-Type": "text/csv"}))
    response = Client(config()).get(f"{service.address}/data?x=1", as_browser=as_browser)
    assert response is not None
    assert (response.content, response.status) == (b"a,b\n1,2\n", 200)
    assert response.headers["etag"] == '"x"' and response.headers["content-type"] == "text/csv"
    assert "x-other" not in response.headers
    agent = service.asked[0].headers["user-agent"]
    assert ("Mozilla" in agent) if as_browser else agent.startswith("smallcap-watch/")


@pytest.mark.parametrize("as_browser", [False, True])
@pytest.mark.parametrize(
    "fault",
    [Answer(status=429), Answer(status=503), Answer(wire="reset"), Answer(wire="timeout"),
     Answer(b"half of it is lost", wire="truncated")],
    ids=["429", "503", "reset", "timeout", "truncated"],
)  # fmt: skip
def test_a_passing_fault_is_tried_again(serve: Serve, fault: Answer, as_browser: bool) -> None:
    service = serve(fault, Answer(b"whole"))
    client = Client(config())
    response = client.get(service.address + "/x", as_browser=as_browser)
    assert response is not None and response.content == b"whole"
    assert client.asked.total() == len(service.asked) == 2


@pytest.mark.parametrize("as_browser", [False, True])
def test_attempts_end_and_the_message_names_the_address(serve: Serve, as_browser: bool) -> None:
    service = serve(Answer(status=500))
    with pytest.raises(SourceError, match=rf"^{service.address}/x: status 500\. Try again later"):
        Client(config()).get(service.address + "/x", as_browser=as_browser)
    assert len(service.asked) == 3


def test_another_status_ends_at_once(serve: Serve) -> None:
    service = serve(Answer(status=403))
    with pytest.raises(SourceError, match="expected status 200, got 403"):
        Client(config()).get(service.address + "/x")
    assert len(service.asked) == 1


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_waited_for(serve: Serve, as_date: bool) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=2)  # a header has whole seconds: at least one of them is left
    value = email.utils.format_datetime(moment, usegmt=True) if as_date else "1"
    service = serve(Answer(status=429, headers={"Retry-After": value}), Answer(b"x"))
    client = Client(config())
    client.get(service.address + "/x")
    assert client.seconds >= 0.7


def test_a_retry_after_beyond_the_limit_ends_the_attempts(serve: Serve) -> None:
    service = serve(Answer(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(SourceError, match="status 429"):
        Client(config()).get(service.address + "/x")
    assert len(service.asked) == 1


def reason(client: Client, address: str) -> str:
    with pytest.raises(SourceError) as told:
        client.get(address)
    return str(told.value)


def test_a_host_that_keeps_failing_is_left_alone(serve: Serve) -> None:
    dead, alive = serve(Answer(status=500)), serve(Answer(b"x"))
    client = Client(config())
    for number in range(6):
        with pytest.raises(SourceError):
            client.get(f"{dead.address}/{number}")
    assert len(dead.asked) == 9  # three requests of three attempts
    words = {reason(client, f"{dead.address}/{path}") for path in ("x", "y?z=1")}
    assert words == {
        f"{dead.address}: not asked any more, it failed 3 times in a row in this build. The next build asks again."
    }, "the same words for every payload of the host, so that they are said once"
    assert client.get(alive.address + "/x") is not None


def test_the_budget_of_a_build_ends_requests(serve: Serve) -> None:
    service = serve(Answer(b"x"))
    now = [0.0]
    client = Client(config(budget_seconds=10), clock=lambda: now[0])
    client.get(service.address + "/1")
    now[0] = 10.5
    with pytest.raises(SourceError, match="10 seconds for requests of this build are used up"):
        client.get(service.address + "/2")
    assert len(service.asked) == 1


def test_requests_to_one_host_keep_their_distance(serve: Serve) -> None:
    one, other = serve(Answer(b"x")), serve(Answer(b"x"))
    now, slept = [0.0], list[float]()
    client = Client(config(requests_per_second=2), clock=lambda: now[0], sleep=slept.append)
    client.get(one.address + "/1")
    client.get(other.address + "/1")
    assert slept == []
    client.get(one.address + "/2")
    assert slept == [0.5]


def test_the_sec_has_its_own_rate(serve: Serve) -> None:
    service = serve(Answer(b"x"))
    slept = list[float]()
    settings = config(sec_data_address=service.address, sec_requests_per_second=8, requests_per_second=1)
    client = Client(settings, clock=lambda: 0.0, sleep=slept.append)
    client.get(service.address + "/1")
    client.get(service.address + "/2")
    assert slept == [0.125]


@pytest.mark.parametrize("as_browser", [False, True])
def test_a_large_answer_is_not_read_to_its_end(serve: Serve, as_browser: bool) -> None:
    service = serve(zipped(b"\0" * 5_000_000))
    with pytest.raises(SourceError, match="larger than 1 MB unpacked"):
        Client(config(max_payload_mb=1)).get(service.address + "/bomb", as_browser=as_browser)
    assert len(service.asked) == 1


def test_an_answer_that_drips_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "SLOWEST_ANSWER_TIMEOUTS", 1)
    service = serve(Answer(b"x" * 5000, wire="drip"))
    with pytest.raises(SourceError, match="too slow"):
        Client(config(timeout_seconds=1, attempts=1)).get(service.address + "/x")


def test_what_has_not_changed_is_not_sent(serve: Serve) -> None:
    service = serve(Answer(status=304))
    known = {"etag": '"x"', "last-modified": "Wed, 24 May 2017 22:00:00 GMT"}
    assert Client(config()).get(service.address + "/x", known=known) is None
    assert service.asked[0].headers["if-none-match"] == '"x"'
    assert service.asked[0].headers["if-modified-since"] == "Wed, 24 May 2017 22:00:00 GMT"


def test_one_address_travels_once_per_build(serve: Serve) -> None:
    service = serve(Answer(b"x"))
    client = Client(config())
    assert client.get(service.address + "/x") == client.get(service.address + "/x")
    assert len(service.asked) == 1


@pytest.mark.parametrize("fault", ["", "reset", "timeout", "truncated"])
def test_a_key_is_sent_and_never_shown(
    serve: Serve, fault: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    service = serve(Answer(b"x", wire=fault))  # type: ignore[arg-type]
    logging.getLogger("httpx").setLevel(logging.NOTSET)
    with caplog.at_level(logging.INFO):
        try:
            response = Client(config()).get(service.address + "/x?y=1", secret_query={"api_key": KEY})
        except SourceError as error:
            shown = f"{error}{error.__cause__}"
        else:
            shown = repr(response)
    assert service.asked[0].query == {"y": "1", "api_key": KEY}
    assert KEY not in shown + caplog.text + "".join(capfd.readouterr())


@pytest.mark.parametrize("address", ["http://", "nonsense", "ftp://127.0.0.1/x", "http://127.0.0.1:1/x"])
@pytest.mark.parametrize("as_browser", [False, True])
def test_an_address_that_cannot_be_asked_is_an_error_in_words(address: str, as_browser: bool) -> None:
    with pytest.raises(SourceError, match=address):
        Client(config(attempts=1)).get(address, as_browser=as_browser)
