"""The one client of the live source: polite, patient and bounded.

Per host a rate limit; per request attempts with backoff, jitter and `Retry-After`; per build a budget of seconds.
Answers are read as a stream against a size limit, unpacked. A host that keeps failing is left alone for the rest of
the build, so one dead service costs minutes and not hours.

Belongs here: sending one request and judging the answer as HTTP.
Does not belong here: what is inside an answer (`checks`, providers), and which requests to send (`source`).
"""

import email.utils
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from dagster_project import __version__
from dagster_project.errors import SourceError
from dagster_project.sources.live.config import LiveConfig

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger("smallcap.live")

PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers after which another attempt makes sense."""
REFUSING_STATUSES = frozenset({401, 403})
"""Answers to a client that is not wanted; as it fails, so is the host left alone."""
KEPT_HEADERS = ("content-type", "etag", "last-modified", "date")
"""Headers that matter later: what came, when, and what a conditional request needs."""
FAILURES_UNTIL_LEFT_ALONE = 3
SEC_ALLOWS_PER_SECOND = 10
SLOWEST_ANSWER_TIMEOUTS = 10
"""A whole answer may take this many time-outs: one that drips for ever is given up."""
LONGEST_BACKOFF_SECONDS = 30.0
REMEMBERED_BYTES = 100_000_000
"""Answers of this build that are kept for a second request of the same address (a file that fills two tables)."""
BROWSER = "chrome"


@dataclass(frozen=True)
class Response:
    """An answer with status 200. `address` is without secrets."""

    address: str
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


class _PassingError(Exception):
    """This attempt failed; another one may not."""

    def __init__(self, reason: str, wait_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds


@dataclass(frozen=True)
class _Letter:
    """One request as it is sent, and its address as it may be shown."""

    address: str
    headers: Mapping[str, str]
    secret_query: Mapping[str, str]
    as_browser: bool

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc

    @property
    def base(self) -> str:
        return f"{urlsplit(self.address).scheme}://{self.host}"

    @property
    def target(self) -> str:
        secret = urlencode(self.secret_query)
        return self.address + ("&" if "?" in self.address else "?") + secret if secret else self.address

    def words(self, error: Exception) -> str:
        """What went wrong, without secrets."""
        text = str(error).split("\n")[0].split(" See https://curl.se")[0].removesuffix(".")
        for value in self.secret_query.values():
            text = text.replace(value, "***")
        return f"{type(error).__name__}: {text}" if text else type(error).__name__


class StatusError(SourceError):
    """An answer with another status than 200 that no further attempt changes."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class MissingError(StatusError):
    """The service says that there is nothing under this address (status 404)."""


class Client:
    """Sends requests for the length of one build. Not for several threads."""

    def __init__(
        self,
        config: LiveConfig,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        cache_dir: Path | None = None,
    ) -> None:
        self.config = config
        self.cache_dir = cache_dir
        """Where a library that asks through this client may keep files."""
        self.asked: Counter[str] = Counter()
        """Requests sent by host, repeated ones included."""
        self._clock, self._sleep = clock, sleep
        self._started: float | None = None
        self._next_turn: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._remembered: OrderedDict[str, Response] = OrderedDict()

    @property
    def seconds(self) -> float:
        """Seconds since the first request."""
        return 0.0 if self._started is None else self._clock() - self._started

    @property
    def summary(self) -> str:
        """How much was asked and how long it took, in words."""
        hosts = "".join(f", {host} {count}" for host, count in self.asked.items())
        return f"{self.asked.total()} requests, {self.seconds:.0f} of {self.config.budget_seconds:g} seconds{hosts}"

    def get(
        self,
        address: str,
        headers: Mapping[str, str] | None = None,
        secret_query: Mapping[str, str] | None = None,
        as_browser: bool = False,
        known: Mapping[str, str] | None = None,
    ) -> Response | None:
        """Fetch one address; None when the service says that it has not changed.

        Args:
            secret_query: query parameters for sending only; no message, log or result shows them.
            as_browser: use a client with the TLS and headers of a browser.
            known: kept headers of an earlier answer (`etag`, `last-modified`) that the caller still has.

        Raises:
            MissingError: status 404.
            StatusError: another status than 200 that is no passing one.
            SourceError: no usable answer after all attempts, or the limits of this build are reached.
        """
        if address in self._remembered:
            return self._remembered[address]
        sent = {} if as_browser else {"user-agent": f"smallcap-watch/{__version__}"}
        sent |= {name.lower(): value for name, value in (headers or {}).items()} | _conditions(known or {})
        letter = _Letter(address, sent, secret_query or {}, as_browser)
        host = letter.host
        if self._failures.get(host, 0) >= FAILURES_UNTIL_LEFT_ALONE:
            # Without the path, so that a host is told of once however many payloads it was to give.
            raise SourceError(
                f"{letter.base}: not asked any more, it failed {FAILURES_UNTIL_LEFT_ALONE} times in a row in this "
                "build. The next build asks again."
            )
        try:
            response = self._attempts(letter)
        except _PassingError as error:
            self._count_failure(host)
            raise SourceError(f"{address}: {error}. Try again later.") from None
        except StatusError as error:
            if error.status in REFUSING_STATUSES:
                self._count_failure(host)
            raise
        self._failures[host] = 0
        if response is not None:
            self._remember(response)
        return response

    def _count_failure(self, host: str) -> None:
        self._failures[host] = self._failures.get(host, 0) + 1

    def _attempts(self, letter: _Letter) -> Response | None:
        import stamina

        stamina.instrumentation.set_on_retry_hooks([])  # they print; attempts are logged here

        def retried(error: Exception) -> bool | float:
            if not isinstance(error, _PassingError):
                return False
            wait = error.wait_seconds
            if wait is not None and wait > min(self._left(), self.config.longest_wait_seconds):
                return False
            logger.info("%s: %s, trying again", letter.address, error)
            return True if wait is None else max(wait, self.config.first_wait_seconds)

        for attempt in stamina.retry_context(
            on=retried, attempts=self.config.attempts, timeout=max(self._left(), 0.001),
            wait_initial=self.config.first_wait_seconds, wait_max=LONGEST_BACKOFF_SECONDS,
            wait_jitter=self.config.first_wait_seconds,
        ):  # fmt: skip
            with attempt:
                self._take_turn(letter)
                self.asked[letter.host] += 1
                return self._send_as_browser(letter) if letter.as_browser else self._send(letter)
        raise AssertionError("stamina ends with a result or an error")

    def _left(self) -> float:
        return self.config.budget_seconds - self.seconds

    def _take_turn(self, letter: _Letter) -> None:
        """Wait until this host may be asked again."""
        if self._started is None:
            self._started = self._clock()
        is_sec = letter.address.startswith((self.config.sec_address, self.config.sec_data_address))
        rate = self.config.sec_requests_per_second if is_sec else self.config.requests_per_second
        if letter.host.endswith("sec.gov"):
            rate = min(rate, SEC_ALLOWS_PER_SECOND)
        wait = self._next_turn.get(letter.host, 0.0) - self._clock()
        if self._left() <= max(wait, 0):
            raise SourceError(
                f"{letter.base}: not asked any more, the {self.config.budget_seconds:g} seconds for requests of this "
                "build are used up. The next build asks for the rest; or raise SMALLCAP_LIVE__BUDGET_SECONDS."
            )
        if wait > 0:
            self._sleep(wait)
        self._next_turn[letter.host] = self._clock() + 1 / rate

    def _send(self, letter: _Letter) -> Response | None:
        import httpx

        try:
            with self._plain.stream("GET", letter.target, headers=dict(letter.headers)) as answer:
                return self._judged(letter.address, answer.status_code, answer.headers, answer.iter_bytes())
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.TooManyRedirects) as error:
            raise self._wrong_address(letter, error) from None
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise _PassingError(letter.words(error)) from None

    def _send_as_browser(self, letter: _Letter) -> Response | None:
        from curl_cffi.requests.exceptions import InvalidURL, RequestException

        try:
            answer = self._browser.get(letter.target, headers=dict(letter.headers), stream=True)
            try:
                return self._judged(letter.address, answer.status_code, answer.headers, answer.iter_content())
            finally:
                answer.close()
        except InvalidURL as error:
            raise self._wrong_address(letter, error) from None
        except RequestException as error:
            raise _PassingError(letter.words(error)) from None

    @staticmethod
    def _wrong_address(letter: _Letter, error: Exception) -> SourceError:
        return SourceError(f"{letter.address}: cannot be asked ({letter.words(error)}). Check the setting of its host.")

    def _judged(
        self, address: str, status: int, headers: Mapping[str, str], chunks: Iterable[bytes]
    ) -> Response | None:
        """The answer, read within the limits; None for "not modified"."""
        if status == 304:
            return None
        if status in PASSING_STATUSES:
            raise _PassingError(f"status {status}", _retry_after(headers.get("retry-after")))
        if status != 200:
            kind = MissingError if status == 404 else StatusError
            raise kind(
                f"{address}: expected status 200, got {status}. The address may have moved, or this client is refused.",
                status,
            )
        content = self._read(address, chunks)
        kept = {name: headers[name] for name in KEPT_HEADERS if name in headers}
        return Response(address, content, kept, status)

    def _read(self, address: str, chunks: Iterable[bytes]) -> bytes:
        most = int(self.config.max_payload_mb * 1_000_000)
        deadline = self._clock() + min(self._left(), SLOWEST_ANSWER_TIMEOUTS * self.config.timeout_seconds)
        content = bytearray()
        for chunk in chunks:
            content += chunk
            if len(content) > most:
                raise SourceError(
                    f"{address}: larger than {self.config.max_payload_mb:g} MB unpacked, not read further. If that is "
                    "right, raise SMALLCAP_LIVE__MAX_PAYLOAD_MB."
                )
            if self._clock() > deadline:
                raise _PassingError(f"the answer is too slow, {len(content):,} bytes came in time")
        return bytes(content)

    @cached_property
    def _plain(self) -> "httpx.Client":
        import httpx

        # At INFO httpx logs whole addresses, keys included.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        return httpx.Client(timeout=self.config.timeout_seconds, follow_redirects=True, max_redirects=5)

    @cached_property
    def _browser(self) -> Any:
        from curl_cffi.requests import Session

        return Session(impersonate=BROWSER, timeout=self.config.timeout_seconds, max_redirects=5)

    def _remember(self, response: Response) -> None:
        self._remembered[response.address] = response
        while sum(len(kept.content) for kept in self._remembered.values()) > REMEMBERED_BYTES:
            self._remembered.popitem(last=False)


def _conditions(known: Mapping[str, str]) -> dict[str, str]:
    names = {"etag": "if-none-match", "last-modified": "if-modified-since"}
    return {sent: known[kept] for kept, sent in names.items() if kept in known}


def _retry_after(value: str | None) -> float | None:
    """Seconds to wait by a `Retry-After` header: a number, or an HTTP date; None where it says neither."""
    if not value:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
