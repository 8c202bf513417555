"""Giving up archived payloads on purpose: what that frees, and what no rebuild can bring back.

Belongs here: choosing payloads, counting what they alone hold, removing their files.
Does not belong here: asking the person (`archive_cli`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.warehouse.archive import Archive, Clock, LedgerEntry, utc_now

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Prunable:
    """Payloads of one table that may go, and what only they can bring back."""

    table: str
    entries: tuple[LedgerEntry, ...]
    size_bytes: int
    """Freed on disk."""
    vintages: int
    """Vintages in raw that a rebuild would not have any more."""
    first_day: str
    last_day: str


def prunable(connection: "duckdb.DuckDBPyConnection", archive: Archive, before: datetime) -> list[Prunable]:
    """Payloads observed before an instant (naive UTC), by table.

    The last reading and the last accepted reading of every payload stay whatever their age: the next one is compared
    with them. So do payloads with rows that a person decided about, and what was never taken in.
    """
    entries = archive.entries()
    gone = archive.pruned(entries)
    kept = {
        seq for (seq,) in connection.execute(
            """
            select max(payload_seq) from ops.payload_log group by table_name, source, name
            union
            select max(payload_seq) from ops.payload_log where status = 'accepted' group by table_name, source, name
            """
        ).fetchall()
    }  # fmt: skip
    decided = {(entry.table, entry.sha256) for entry in entries if entry.kind in ("release", "drop")}
    taken_in = {seq for (seq,) in connection.execute("select payload_seq from ops.payload_log").fetchall()}
    chosen = {
        entry.seq: entry for entry in entries
        if entry.kind == "reading" and datetime.fromisoformat(entry.observed_at) < before
        and entry.seq in taken_in - kept and entry.seq not in gone and (entry.table, entry.sha256) not in decided
    }  # fmt: skip
    needed = {archive.payload_file(entry) for entry in entries if entry.seq not in chosen and entry.seq not in gone}
    found = []
    for contract in CONTRACTS.values():
        own = tuple(e for e in chosen.values() if e.table == contract.table and archive.payload_file(e) not in needed)
        if not own:
            continue
        files = {archive.payload_file(entry) for entry in own}
        [(vintages, first, last)] = connection.execute(
            f'select count(*), min("{contract.time_column}"), max("{contract.time_column}") from raw.{contract.table} '
            "where list_contains(?, payload_seq)",
            [[entry.seq for entry in own]],
        ).fetchall()
        size = sum(file.stat().st_size for file in files if file.exists())
        found.append(Prunable(contract.table, own, size, vintages, str(first or ""), str(last or "")))
    return found


def prune(archive: Archive, chosen: list[Prunable], note: str, clock: Clock = utc_now) -> None:
    """Write to the ledger which payloads were given up, then remove their files."""
    for one in chosen:
        for entry in one.entries:
            archive.give_up(entry, note, clock)
    for one in chosen:
        for entry in one.entries:
            archive.payload_file(entry).unlink(missing_ok=True)
