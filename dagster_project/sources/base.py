"""What every source of raw data looks like to the rest of the warehouse.

Belongs here: the protocol and the reference to one payload.
Does not belong here: anything about one provider, and anything that opens a database.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol

from dagster_project.errors import SourceError as SourceError


@dataclass(frozen=True)
class PayloadRef:
    """One payload that a source offers: a file in the inbox, one response of a service.

    `name` is stable from build to build: two payloads with the same `table` and `name` are two
    readings of the same thing, and the later one revises the earlier one.
    """

    table: str
    """Contract table that the payload fills, for example `daily_bars`."""
    name: str
    """Name within the table, with the ending that tells the format: `indices.csv.gz`."""
    origin: str
    """Path or address, for messages."""
    provider: str = ""
    """Provider of the live source whose parser reads it, and the `source` of its rows; empty for table files."""
    first_day: date | None = None
    last_day: date | None = None
    """Days that the payload speaks for, both included; None where it speaks for all from, or up to, its own rows."""
    stands_in_for: str = ""
    """Fetched only when a payload of this provider for the same table could not be had."""


@dataclass(frozen=True)
class Fetched:
    """A payload as it came."""

    content: bytes | Path
    """The bytes; of a file that may be large the file itself, which the archive copies."""
    origin: str
    """Where it came from in the end: one of several addresses."""
    response: Mapping[str, str] = field(default_factory=dict)
    """Of an answer of a service: its status and the headers that matter later."""
    doubt: str = ""
    """Why its content cannot be used as it is; archived all the same, so that a mended parser can read it."""


@dataclass(frozen=True)
class Plan:
    """What a source offers now, and what it saw but cannot use (reported, never fatal)."""

    payloads: tuple[PayloadRef, ...]
    remarks: tuple[str, ...] = ()
    failures: Mapping[str, str] = field(default_factory=dict)
    """Providers for which nothing could be planned, with the reason."""
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Providers that are not asked, with the setting that is missing for it: no failure."""


class Source(Protocol):
    """A provider of payloads. Implementations are cheap to create and hold no connection."""

    mode: str
    """Default of column `source`: who delivered the rows of a payload that names no provider."""
    is_simulated: bool

    def plan(self, tables: Iterable[str]) -> Plan:
        """List the payloads on offer for `tables`, without fetching them.

        Raises:
            SourceError: nothing can be planned at all (for example no inbox).
        """
        ...

    def fetch(self, ref: PayloadRef) -> Fetched | None:
        """Fetch the bytes of one payload; None when it is known not to have changed.

        Raises:
            SourceError: this payload cannot be fetched.
        """
        ...
