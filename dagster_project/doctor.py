"""What `smallcap doctor` looks at: installation, disk, archive, warehouse, published build."""

import platform
import shutil
import sys
from dataclasses import dataclass

from dagster_project.errors import BusyError, SmallcapError
from dagster_project.settings import Settings
from dagster_project.warehouse.archive import Archive
from dagster_project.warehouse.connection import open_reader
from dagster_project.warehouse.lock import build_lock
from dagster_project.warehouse.publish import published_builds

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
    if settings.source != "files":
        return Finding("source", True, f"{settings.source}: simulated, needs no inbox")
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
        for entry in entries:
            archive.read(entry)
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
