"""The `live` source: asks the providers of a table, fetches within the limits, and looks at what came.

Belongs here: putting providers, client and state together behind `sources.base.Source`.
Does not belong here: anything about one service, the archive, databases.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.contracts.validate import RefusedError, refuse_other_shape, validate
from dagster_project.sources.base import Fetched, PayloadRef, Plan, SourceError
from dagster_project.sources.files import FilesSource
from dagster_project.sources.live.http import Client, MissingError, Response
from dagster_project.sources.live.provider import (
    BatchProvider,
    NotConfiguredError,
    PastPayload,
    Provider,
    Request,
    State,
)
from dagster_project.sources.live.registry import PROVIDERS, provider

if TYPE_CHECKING:
    from dagster_project.sources.table_file import TextTable

States = Callable[[str, str], State]
"""State of a table (first argument) for a provider (second)."""


class LiveSource:
    """Public services, and the inbox beside them: a user's own figures come on top of what services give.

    One object per table and build; the client is shared by the whole build.
    """

    mode = FilesSource.mode
    is_simulated = False

    def __init__(self, client: Client, states: States, inbox: FilesSource) -> None:
        self._client = client
        self._states = states
        self._inbox = inbox
        self._requests: dict[PayloadRef, Request] = {}
        self._past: dict[PayloadRef, PastPayload] = {}
        self._batched: dict[PayloadRef, Response | SourceError] = {}
        """What came in a batch and was not fetched yet."""

    def plan(self, tables: Iterable[str]) -> Plan:
        """What each provider of `tables` would ask for now. A provider that cannot plan does not stop the others."""
        failures: dict[str, str] = {}
        skipped: dict[str, str] = {}
        tables = list(tables)
        for table in tables:
            for name in PROVIDERS:
                one = provider(name)
                if table not in one.TABLES:
                    continue
                state = self._states(table, name)
                try:
                    requests = list(one.plan(table, state, self._client.config, self._look))
                except NotConfiguredError as error:
                    skipped[name] = error.setting
                    continue
                except SourceError as error:
                    failures[name] = str(error)
                    continue
                for request in requests:
                    ref = _reference(name, request)
                    self._requests[ref] = request
                    if request.name in state.payloads:
                        self._past[ref] = state.payloads[request.name]
        own = self._inbox.plan(tables)
        return Plan((*self._requests, *own.payloads), own.remarks, failures, skipped)

    def fetch(self, ref: PayloadRef) -> Fetched | None:
        """The first address whose answer passes and reaches the last day due; else the answer that reaches farthest;
        else one that only the parser refuses, in doubt. None when nothing has changed: an address that says so is
        believed, but where a day is due the others are asked for it.

        Raises:
            SourceError: no address gave this payload; says why for each.
        """
        if not ref.provider:
            return self._inbox.fetch(ref)
        request, one = self._requests[ref], provider(ref.provider)
        reasons: list[str] = []
        late: list[tuple[str, Fetched]] = []
        is_unchanged = False
        doubtful: list[Fetched] = []
        for address in request.addresses:
            try:
                response = (
                    self._from_batch(ref) if request.is_batched else self._ask(request, address, self._past.get(ref))
                )
            except MissingError as error:
                if request.may_be_missing:
                    return None
                reasons.append(str(error))
                continue
            except SourceError as error:
                reasons.append(str(error))
                continue
            if response is None:
                is_unchanged = True
                if request.last_day is None:
                    return None
                continue
            try:
                with _named(address):
                    one.check(request, response.content)
                    if _has_no_choice(request):
                        return _fetched(response)
                    newest = _newest(request, _read(one, request, response.content))
            except _UnreadableError as error:
                reasons.append(str(error))
                doubtful.append(_fetched(response, doubt=str(error)))
            except SourceError as error:
                reasons.append(str(error))
            else:
                fetched = _fetched(response)
                if request.last_day is None or newest >= str(request.last_day):
                    return fetched
                late.append((newest, fetched))
        newest, farthest = max(late, key=lambda found: found[0], default=("", None))
        if farthest and not (is_unchanged and newest <= str(request.newest_held)):
            return farthest
        if is_unchanged:
            return None
        if doubtful:
            return doubtful[0]
        raise SourceError(" | ".join(reasons))

    def _ask(self, request: Request, address: str, past: PastPayload | None) -> Response | None:
        known = past.headers if past and past.address == address else {}
        return self._client.get(address, request.headers, request.secret_query, request.as_browser, known)

    def _from_batch(self, ref: PayloadRef) -> Response:
        """What came of one request of a batch; the first of them sends it."""
        if ref not in self._batched:
            batch = {other: self._requests[other] for other in self._requests if _batch(other) == _batch(ref)}
            found = send_batch(provider(ref.provider), list(batch.values()), self._client)
            self._batched |= {other: found[request.name] for other, request in batch.items()}
        answer = self._batched.pop(ref)
        if isinstance(answer, SourceError):
            raise answer
        return answer

    def _look(self, request: Request) -> bytes:
        reasons = []
        for address in request.addresses:
            try:
                response = self._ask(request, address, None)
            except SourceError as error:
                reasons.append(str(error))
                continue
            assert response is not None, "nothing is known, so nothing can be unchanged"
            return response.content
        raise SourceError(" | ".join(reasons))


def send_batch(one: Provider, requests: Sequence[Request], client: Client) -> Mapping[str, Response | SourceError]:
    """Send requests of the same table and days together; by name what came, or why nothing did."""
    return cast(BatchProvider, one).fetch_batch(requests, client)


class _UnreadableError(SourceError):
    """The payload is what was asked for, and the parser or the contract cannot use it."""


@contextmanager
def _named(address: str) -> Iterator[None]:
    """Put the address before the reason."""
    try:
        yield
    except SourceError as error:
        raise type(error)(f"{address}: {error}") from error


def _reference(name: str, request: Request) -> PayloadRef:
    return PayloadRef(
        table=request.table, name=request.name, origin=request.addresses[0], provider=name,
        first_day=request.first_day, last_day=request.last_day, stands_in_for=request.only_if_failed or "",
    )  # fmt: skip


def _batch(ref: PayloadRef) -> tuple[object, ...]:
    """What requests of one batch have in common."""
    return ref.provider, ref.table, ref.first_day, ref.last_day, ref.stands_in_for


def _has_no_choice(request: Request) -> bool:
    """Whether its rows cannot change what is done with it: no other address, nothing to compare with. Ingestion reads
    it anyway, and thousands of such payloads (company facts) would be parsed twice."""
    return len(request.addresses) == 1 and not (request.series or request.last_day or request.newest_held)


def _fetched(response: Response, doubt: str = "") -> Fetched:
    return Fetched(response.content, response.address, {"status": str(response.status), **response.headers}, doubt)


def _read(one: Provider, request: Request, content: bytes) -> "TextTable":
    """The table of a payload whose shape is that of its contract.

    Raises:
        _UnreadableError: it has another shape.
    """
    contract = CONTRACTS[request.table]
    try:
        table = one.parse(request.table, request.name, content)
        refuse_other_shape(validate(contract, table.frame, one.NAME), len(table.frame))
    except (SourceError, RefusedError) as error:
        raise _UnreadableError(str(error)) from error
    return table


def _newest(request: Request, table: "TextTable") -> str:
    """The last day in a payload, ISO 8601.

    Raises:
        SourceError: it holds series that were not asked for, or ends before what is held.
    """
    contract = CONTRACTS[request.table]
    if request.series and contract.series:
        found = set(table.frame[contract.series[0]].dropna()) - set(request.series)
        if found:
            raise SourceError(
                f"expected {', '.join(request.series)}, found {', '.join(sorted(found))[:200]} as well: another's file."
            )
    newest = str(table.frame[contract.time_column].dropna().max())
    if request.newest_held and newest < str(request.newest_held):
        raise SourceError(
            f"expected days up to {request.last_day or 'now'}, it ends on {newest} and {request.newest_held} is held "
            "already: the service went back in time. Nothing was taken; the next build asks again."
        )
    return newest
