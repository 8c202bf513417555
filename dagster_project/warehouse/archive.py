"""The archive of payloads: the system of record from which the warehouse can be made again.

Belongs here: payload files named by their hash, and the ledger that says when each was observed.
Does not belong here: what is inside a payload, and DuckDB.
"""

import gzip
import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from dagster_project.errors import WarehouseError
from dagster_project.sources.base import PayloadRef

if TYPE_CHECKING:
    from io import BufferedReader

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Now, as a naive UTC timestamp with microseconds."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class LedgerEntry:
    """One observation of one payload, in the order of `seq`."""

    seq: int
    table: str
    name: str
    source: str
    origin: str
    sha256: str
    size_bytes: int
    observed_at: str
    """Naive UTC, ISO 8601 with microseconds; strictly increasing with `seq`."""
    accept_removals: bool = False
    kind: Literal["reading", "release", "drop", "prune"] = "reading"
    """A reading of a payload, or a decision of a person: about rows of it that are in quarantine, or to give it up."""
    lines: tuple[int, ...] = ()
    """Lines of the payload that a decision is about, where they never came into raw."""
    judged_rows: tuple[int, ...] = ()
    """Rows of the payload (raw's payload_row) that a decision is about, where a rule of dbt judged them."""
    note: str = ""
    provider: str = ""
    """Provider of the live source whose parser reads the payload; empty for table files."""
    first_day: str = ""
    last_day: str = ""
    """Days that the payload speaks for, ISO 8601; empty where it speaks for all of its rows."""
    response: Mapping[str, str] = field(default_factory=dict)
    """Of an answer of a service: its status and the headers that matter."""


class Archive:
    """`DIR/ledger.jsonl` and `DIR/<table>/<sha256>.<ending>`, of services `DIR/<provider>/<sha256>.gz`;
    appended to, never changed. The hash is that of the payload as it came.

    The payload file is complete before its ledger line is written, and a line torn by a crash is cut
    off at the next start, so the ledger never names bytes that are not there.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ledger_file = directory / "ledger.jsonl"

    def entries(self) -> list[LedgerEntry]:
        """All entries in order.

        Raises:
            WarehouseError: a line in the middle of the ledger is not readable.
        """
        if not self.ledger_file.exists():
            return []
        lines = self.ledger_file.read_bytes().split(b"\n")
        found = []
        for number, line in enumerate(lines[:-1], start=1):
            try:
                fields = json.loads(line)
                lists = {name: tuple(fields.get(name, ())) for name in ("lines", "judged_rows")}
                found.append(LedgerEntry(**fields | lists))
            except (ValueError, TypeError, AttributeError) as error:
                raise WarehouseError(
                    f"{self.ledger_file} line {number}: not a ledger entry ({error}). Restore the file from a backup; "
                    "the archive is the system of record."
                ) from error
        return found

    def payload_file(self, entry: LedgerEntry) -> Path:
        return self._file(entry)

    def read(self, entry: LedgerEntry) -> bytes:
        """Bytes of an archived payload, verified against their hash.

        Raises:
            WarehouseError: the file is gone or has changed.
        """
        path = self.verified_file(entry)
        return gzip.decompress(path.read_bytes()) if entry.provider else path.read_bytes()

    def verified_file(self, entry: LedgerEntry) -> Path:
        """The file of an archived payload, which has the hash that its entry tells.

        Raises:
            WarehouseError: the file is gone or has changed.
        """
        path = self.payload_file(entry)
        try:
            with gzip.open(path) if entry.provider else path.open("rb") as file:
                found = hashlib.file_digest(cast("BufferedReader", file), "sha256").hexdigest()
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or error
            raise WarehouseError(f"{path}: archived payload of {entry.name} cannot be read ({reason}).") from error
        if found != entry.sha256:
            raise WarehouseError(
                f"{path}: archived payload of {entry.name} has changed; its hash does not fit its name."
            )
        return path

    def add(
        self,
        ref: PayloadRef,
        content: bytes | Path,
        source: str,
        clock: Clock = utc_now,
        accept_removals: bool = False,
        even_if_unchanged: bool = False,
        response: Mapping[str, str] | None = None,
    ) -> LedgerEntry | None:
        """Archive a payload, or a copy of a file, and write its ledger line; None when it is what was read last time.

        Raises:
            WarehouseError: the file was written to while it was copied.
        """
        entries = self.entries()
        sha256, size_bytes = _hash_and_size(content)
        same = (ref.table, ref.name, source)
        readings = (entry for entry in reversed(entries) if entry.kind == "reading")
        last = next((entry for entry in readings if (entry.table, entry.name, entry.source) == same), None)
        if last and last.sha256 == sha256 and not even_if_unchanged:
            return None
        entry = LedgerEntry(
            seq=0,
            table=ref.table,
            name=ref.name,
            source=source,
            origin=ref.origin,
            sha256=sha256,
            size_bytes=size_bytes,
            observed_at="",
            accept_removals=accept_removals,
            provider=ref.provider,
            first_day=ref.first_day.isoformat() if ref.first_day else "",
            last_day=ref.last_day.isoformat() if ref.last_day else "",
            response=dict(response or {}),
        )
        path = self._file(entry)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            for left in path.parent.glob("*.partial"):  # by a build that was killed here; there is one writer
                left.unlink()
            partial = path.with_name(path.name + ".partial")
            _write_durably(
                partial, gzip.compress(content, mtime=0) if isinstance(content, bytes) and ref.provider else content
            )
            if isinstance(content, Path) and _hash_and_size(partial)[0] != sha256:
                partial.unlink()
                raise WarehouseError(f"{content} is being written to. Build again when it is whole.")
            partial.rename(path)
        return self._write(entry, entries, clock)

    def decide(
        self,
        reading: LedgerEntry,
        kind: Literal["release", "drop"],
        lines: Iterable[int],
        note: str,
        clock: Clock = utc_now,
        judged_rows: Iterable[int] = (),
    ) -> LedgerEntry:
        """Write down a decision about rows of a reading that are in quarantine."""
        entry = replace(
            reading, kind=kind, lines=tuple(sorted(lines)), judged_rows=tuple(sorted(judged_rows)), note=note,
            accept_removals=False,
        )  # fmt: skip
        return self._write(entry, self.entries(), clock)

    def give_up(self, reading: LedgerEntry, note: str, clock: Clock = utc_now) -> LedgerEntry:
        """Write down that a payload was given up; `judged_rows` of the entry has the place of its reading."""
        entry = replace(reading, kind="prune", lines=(), judged_rows=(reading.seq,), note=note, accept_removals=False)
        return self._write(entry, self.entries(), clock)

    @staticmethod
    def pruned(entries: Iterable[LedgerEntry]) -> frozenset[int]:
        """Places of readings whose payloads were given up."""
        return frozenset(seq for entry in entries if entry.kind == "prune" for seq in entry.judged_rows)

    def _write(self, entry: LedgerEntry, entries: list[LedgerEntry], clock: Clock) -> LedgerEntry:
        """Give the entry its place and instant, both after every other's, and append it."""
        observed = clock()
        if entries:
            observed = max(observed, datetime.fromisoformat(entries[-1].observed_at) + timedelta(microseconds=1))
        seq = entries[-1].seq + 1 if entries else 1
        placed = replace(entry, seq=seq, observed_at=observed.isoformat(timespec="microseconds"))
        self._append(json.dumps(asdict(placed)).encode() + b"\n")
        return placed

    def _file(self, entry: LedgerEntry) -> Path:
        if entry.provider:  # one file may fill two tables
            return self.directory / entry.provider / f"{entry.sha256}.gz"
        return self.directory / entry.table / f"{entry.sha256}.{entry.name.split('.', 1)[-1]}"

    def _append(self, line: bytes) -> None:
        self.ledger_file.parent.mkdir(parents=True, exist_ok=True)
        with self.ledger_file.open("ab+") as ledger:
            end = ledger.seek(0, os.SEEK_END)
            if end:
                ledger.seek(0)
                whole = ledger.read().rfind(b"\n") + 1
                ledger.truncate(whole)
            ledger.write(line)
            ledger.flush()
            os.fsync(ledger.fileno())


def _hash_and_size(content: bytes | Path) -> tuple[str, int]:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest(), len(content)
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()


def _write_durably(path: Path, content: bytes | Path) -> None:
    with path.open("wb") as file:
        if isinstance(content, Path):
            with content.open("rb") as original:
                shutil.copyfileobj(original, file, 1 << 20)
        else:
            file.write(content)
        file.flush()
        os.fsync(file.fileno())
