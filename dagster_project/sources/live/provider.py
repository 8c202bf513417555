"""What a provider of the live source is, and the plain data that it plans with.

A provider is a module `sources/live/<name>.py` with the attributes and functions of `Provider`; `registry.py`
lists them. To plan it gets `State` and answers with `Request`s; the source sends them, shows what came to `check`,
archives it, and ingestion reads it with `parse`.

Belongs here: the protocol and the shapes of its arguments.
Does not belong here: sending requests (`http`), anything about one service, the archive, databases.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

from dagster_project.errors import SourceError

if TYPE_CHECKING:
    from dagster_project.sources.live.config import LiveConfig
    from dagster_project.sources.live.http import Client, Response
    from dagster_project.sources.table_file import TextTable


class NotConfiguredError(SourceError):
    """A provider is not asked because a setting without a default is missing; says which."""

    def __init__(self, message: str, setting: str) -> None:
        super().__init__(message)
        self.setting = setting


@dataclass(frozen=True)
class Request:
    """One payload to ask for."""

    table: str
    """Contract table that it fills. A payload that fills two tables is two requests with the same addresses; it
    travels once."""
    name: str
    """Name of the payload, stable from build to build: `IVV.fund.xls`. A later payload of the same name revises the
    earlier one over the days that both cover. `parse` gets it, so it holds what the bytes do not say (the fund)."""
    addresses: tuple[str, ...]
    """Addresses of the same payload, tried in turn until one passes `check`; without secrets."""
    first_day: date | None = None
    last_day: date | None = None
    """Days asked for, both included. The payload speaks for these days only: nothing before or after them counts as
    removed, and rows outside of them are left out. None: from its first row on, up to its last one."""
    newest_held: date | None = None
    """The last day held of it: a payload that ends before it is refused (the service went back in time)."""
    series: tuple[str, ...] = ()
    """Values of the table's first series column that may be in it; others are another fund's file, and refused."""
    headers: Mapping[str, str] = field(default_factory=dict)
    secret_query: Mapping[str, str] = field(default_factory=dict)
    """Query parameters that are added when sending and never written down (keys)."""
    as_browser: bool = False
    """Send it the way a browser does (TLS and headers): for services that refuse other clients."""
    is_batched: bool = False
    """Its provider is a `BatchProvider`, which sends it together with the others of the same days."""
    may_be_missing: bool = False
    """Status 404 says that there is no such payload yet (a company without reports), and is no failure."""
    only_if_failed: str | None = None
    """A fallback: asked for only when a request of this provider for the same table has failed in this build."""


@dataclass(frozen=True)
class Span:
    """First and last day that raw holds of one series."""

    first_day: date
    last_day: date


@dataclass(frozen=True)
class PastPayload:
    """A payload that the archive has under a name: its last reading."""

    observed_at: datetime
    """Naive UTC."""
    address: str
    sha256: str
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of that answer that a conditional request needs."""


@dataclass(frozen=True)
class State:
    """What is held and what is due when the build runs; made by `steps`, so a plan is a function of plain data."""

    now: datetime
    """Naive UTC."""
    due: date
    """Last NYSE session whose rows of this table were available at `now`, by the contract's lag (for a table without
    a cadence: the last session that has closed). Later days are unsettled and never asked for."""
    asked: Span | None = None
    """Days that a person wants fetched again, whatever is held; None: what is missing and its tail."""
    spans: Mapping[tuple[str, str], Span] = field(default_factory=dict)
    """By provider (`source` of the rows) and value of the table's first series column (`""` where it has none)."""
    payloads: Mapping[str, PastPayload] = field(default_factory=dict)
    """Payloads of this provider and table that are archived, by name."""
    tickers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Tickers of the equities in the latest holdings held of each fund, by fund symbol."""

    def span(self, provider: str, series: str = "") -> Span | None:
        """What is held of one series of one provider."""
        return self.spans.get((provider, series))


Look = Callable[[Request], bytes]
"""Fetch something a plan depends on (a list of filings) through the same client, within the same limits. The
plan judges it (HTML, cut off, other shape: SourceError), and it is not archived: what must be there for a rebuild is a
request of the plan."""


class Provider(Protocol):
    """A module of `sources/live/`. Nothing in it keeps state; heavy libraries are imported inside functions."""

    NAME: str
    """Column `source` of its rows, and its folder in the archive."""
    TABLES: tuple[str, ...]
    """Contract tables that it can fill."""

    def plan(self, table: str, state: State, config: "LiveConfig", look: Look) -> Iterable[Request]:
        """What to ask for now: what is missing, and a tail that may have been revised; few requests.

        Raises:
            NotConfiguredError: a setting that it needs is missing; it is left out.
            SourceError: this provider cannot be planned for (a setting is wrong, `look` failed).
        """
        ...

    def check(self, request: Request, content: bytes) -> None:
        """Refuse at the door what is not this payload at all, whatever its status: HTML, cut off, another fund's.

        Rows are not judged here. After it the source itself parses, and refuses series that were not asked for and
        payloads that end before `newest_held`. A payload that passes here and cannot be parsed is archived and then
        refused, so that a mended parser can still read it.

        Raises:
            SourceError: the message says what was expected and shows the first bytes (`checks.first_bytes`); the
                source puts the address before it.
        """
        ...

    def parse(self, table: str, name: str, content: bytes) -> "TextTable":
        """The rows of one payload for one table: text columns named as in its contract, values as they came.

        Pure: the same bytes give the same rows in a rebuild years later, without settings, clock or network. A row
        that looks wrong is kept: the contract decides about it. Every row carries the keys of its contract.

        Raises:
            SourceError: the bytes do not have the expected shape; says what was expected and what came.
        """
        ...

    def probe(self, config: "LiveConfig", today: date, look: Look) -> Iterable[Request]:
        """One small request per service behind this provider, for `smallcap doctor --network`.

        Raises:
            NotConfiguredError, SourceError: as `plan`.
        """
        ...


class BatchProvider(Provider, Protocol):
    """A provider whose requests a library sends, several at once, through the same client."""

    def fetch_batch(self, requests: Sequence[Request], client: "Client") -> "Mapping[str, Response | SourceError]":
        """Ask for payloads of the same table and days; by name of the request what came, or why nothing did."""
        ...
