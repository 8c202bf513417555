"""What `smallcap doctor` looks at: installation, disk, archive, warehouse, published build, services."""

import platform
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from dagster_project.checks.freshness import expected_through
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.errors import BusyError, SmallcapError, SourceError
from dagster_project.settings import Settings
from dagster_project.warehouse.archive import Archive
from dagster_project.warehouse.connection import open_reader
from dagster_project.warehouse.lock import build_lock
from dagster_project.warehouse.publish import published_builds

if TYPE_CHECKING:
    from dagster_project.sources.live.http import Client
    from dagster_project.sources.live.provider import Provider, Request

SPACE_NEEDED_BYTES = 2 * 1024**3
"""Five published builds, the archive and the warehouse of the real history take well under this."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    subject: str
    is_ok: bool
    text: str


def examine(settings: Settings) -> list[Finding]:
    """Everything that can be looked at without changing data."""
    return [
        _python(),
        *_disk(settings),
        _inbox(settings),
        _lock(settings),
        _archive(settings),
        _published(settings),
    ]


def _python() -> Finding:
    good = (3, 11) <= sys.version_info[:2] < (3, 14)
    return Finding("python", good, f"{platform.python_version()} (3.11 to 3.13 is supported)")


def _disk(settings: Settings) -> list[Finding]:
    probe = settings.data_dir / ".doctor"
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        probe.write_text("probe")
        probe.unlink()
    except OSError as error:
        return [Finding("data directory", False, f"{settings.data_dir} cannot be written ({error.strerror})")]
    free = shutil.disk_usage(settings.data_dir).free
    return [
        Finding("data directory", True, f"{settings.data_dir} can be written"),
        Finding("disk space", free > SPACE_NEEDED_BYTES, f"{free / 1024**3:.1f} GiB free, 2 wanted"),
    ]


def _inbox(settings: Settings) -> Finding:
    if settings.source == "sample":
        return Finding("source", True, "sample: simulated, needs no inbox")
    if settings.source == "live":
        return Finding("source", True, f"live: public services; {settings.inbox_dir} may hold more")
    there = settings.inbox_dir.is_dir()
    return Finding("inbox", there, f"{settings.inbox_dir} {'is there' if there else 'is not a folder'}")


def _lock(settings: Settings) -> Finding:
    try:
        with build_lock(settings.lock_file):
            return Finding("lock", True, "no build is running")
    except BusyError as error:
        return Finding("lock", True, str(error))
    except OSError as error:
        return Finding("lock", False, f"{settings.lock_file} cannot be taken ({error.strerror})")


def _archive(settings: Settings) -> Finding:
    archive = Archive(settings.archive_dir)
    try:
        entries = archive.entries()
        given_up = archive.pruned(entries)
        for entry in entries:
            if entry.kind == "reading" and entry.seq not in given_up:
                archive.verified_file(entry)
    except SmallcapError as error:
        return Finding("archive", False, str(error))
    return Finding("archive", True, f"{settings.archive_dir}: {len(entries)} payloads, every hash fits")


def _published(settings: Settings) -> Finding:
    builds = published_builds(settings.builds_dir)
    if not builds:
        return Finding("published", True, "nothing is published yet")
    try:
        with open_reader(settings.published_file) as reader:
            [(build, mode, through)] = reader.execute(
                "select build_id, source_mode, data_through from meta.build"
            ).fetchall()
    except Exception as error:  # whatever a broken file or link raises is the finding
        return Finding("published", False, f"{settings.published_file}: {error}. Try `smallcap rollback`.")
    return Finding("published", True, f"{build}, source {mode}, data through {through}, builds kept: {len(builds)}")


@dataclass(frozen=True)
class Probe:
    """One small request to a service and what came of it."""

    mark: Literal["ok", "late", "BAD", "skip"]
    """`late`: good, and it ends before the last day due."""
    provider: str
    table: str
    host: str = ""
    seconds: float = 0.0
    size_bytes: int = 0
    rows: int = 0
    newest: str = ""
    due: str = ""
    """Last of the days asked for that should be out by now; empty for tables without a cadence."""
    text: str = ""
    """Why it is not ok."""


def probe_services(settings: Settings, now: datetime) -> Iterator[Probe]:
    """Try every service with one small request, one after the other; nothing is kept.

    Args:
        now: naive UTC.
    """
    from dagster_project.sources.live.http import Client
    from dagster_project.sources.live.provider import NotConfiguredError
    from dagster_project.sources.live.registry import PROVIDERS, provider

    client = Client(settings.live, cache_dir=settings.yfinance_dir)
    for name in PROVIDERS:
        one = provider(name)
        try:
            requests = list(one.probe(settings.live, now.date(), lambda request: _ask(client, request)))
        except SourceError as error:
            mark: Literal["BAD", "skip"] = "skip" if isinstance(error, NotConfiguredError) else "BAD"
            yield Probe(mark, name, one.TABLES[0], text=str(error))
            continue
        for request in requests:
            yield _probe(client, one, request, now)


def _probe(client: "Client", one: "Provider", request: "Request", now: datetime) -> Probe:
    from dagster_project.contracts.validate import RefusedError, refuse_other_shape, validate

    contract = CONTRACTS[request.table]
    due = expected_through(contract, now)
    due_text = f"{min(due, request.last_day or due)}" if due else ""
    asked = Probe("BAD", one.NAME, request.table, urlsplit(request.addresses[0]).netloc, due=due_text)
    begun, content = time.monotonic(), b""
    try:
        content = _ask(client, request, one)
        one.check(request, content)
        frame = one.parse(request.table, request.name, content).frame
        refuse_other_shape(validate(contract, frame, one.NAME), len(frame))
    except (SourceError, RefusedError) as error:
        asked = replace(asked, text=str(error))
    else:
        newest = str(frame[contract.time_column].dropna().max())
        asked = replace(asked, mark="late" if newest < due_text else "ok", rows=len(frame), newest=newest)
    return replace(asked, seconds=time.monotonic() - begun, size_bytes=len(content))


def _ask(client: "Client", request: "Request", one: "Provider | None" = None) -> bytes:
    if one and request.is_batched:
        from dagster_project.sources.live.source import send_batch

        found = send_batch(one, [request], client)[request.name]
        if isinstance(found, SourceError):
            raise found
        return found.content
    response = client.get(request.addresses[0], request.headers, request.secret_query, request.as_browser)
    assert response is not None, "nothing is known, so nothing can be unchanged"
    return response.content
