"""Rows in quarantine, and what a person decided about them.

Belongs here: listing open rows, writing decisions to the ledger, taking a released row in.
Does not belong here: putting rows into quarantine (`ingest`).

A decision belongs to the row as it was read: the same row in a later delivery of the same payload is
decided already, another value is a new question.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from dagster_project.contracts.model import Contract
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.contracts.validate import RefusedError, type_released
from dagster_project.errors import SmallcapError
from dagster_project.sources.table_file import read_table_file
from dagster_project.warehouse.archive import Archive, Clock, LedgerEntry, utc_now
from dagster_project.warehouse.vintages import Observation, append_news, is_simulated, stage_incoming

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


@dataclass(frozen=True)
class QuarantinedRow:
    """One problem of one row; `row_id` is `<table>:<payload_seq>:<line>`."""

    row_id: str
    name: str
    column: str | None
    value: str | None
    rule: str
    reason: str
    row_json: str
    decision: str
    note: str


def open_rows_sql(table: str) -> str:
    """Problems of the rows that stand in the payloads in force and were not decided upon."""
    return f"""
        select problem.* from quarantine.{table} as problem
        inner join (
            select payload_seq from ops.payload_log where table_name = '{table}'
            qualify row_number() over (partition by source, name order by payload_seq desc) = 1
        ) as in_force on problem.payload_seq = in_force.payload_seq
        where not exists (
            select 1 from ops.quarantine_decisions as decided
            where decided.table_name = '{table}' and decided.name = problem.name
                and decided.row_json = problem.row_json
        )
    """


def quarantined_rows(
    connection: "duckdb.DuckDBPyConnection", table: str | None = None, decided_too: bool = False
) -> list[QuarantinedRow]:
    """Rows in quarantine, those still open only unless asked for all."""
    found = []
    for name in [table] if table else CONTRACTS:
        relation = f"quarantine.{name}" if decided_too else f"({open_rows_sql(name)})"
        found += connection.execute(
            f"""
            select '{name}:' || problem.payload_seq || ':' || problem.line, problem.name, column_name, value, rule,
                reason, problem.row_json, coalesce(decided.decision, 'open'), coalesce(decided.note, '')
            from {relation} as problem
            left join ops.quarantine_decisions as decided
                on decided.table_name = '{name}' and decided.name = problem.name
                and decided.row_json = problem.row_json
            order by problem.payload_seq, problem.line, rule
            """
        ).fetchall()
    return [QuarantinedRow(*row) for row in found]


def decide(
    connection: "duckdb.DuckDBPyConnection",
    archive: Archive,
    decision: Literal["release", "drop"],
    row_ids: Iterable[str],
    note: str,
    clock: Clock = utc_now,
) -> list[LedgerEntry]:
    """Write decisions about open rows to the ledger; one entry per payload.

    Raises:
        SmallcapError: an identifier names no open row, or a row cannot be released; nothing is written.
    """
    wanted: dict[tuple[str, int], set[int]] = {}
    still_open = {row.row_id for row in quarantined_rows(connection)}
    for row_id in row_ids:
        if row_id not in still_open:
            raise SmallcapError(f"{row_id} is no open row in quarantine; `smallcap quarantine list` names them.")
        table, payload, line = row_id.split(":")
        wanted.setdefault((table, int(payload)), set()).add(int(line))
    readings = {entry.seq: entry for entry in archive.entries()}
    if decision == "release":
        for (table, seq), lines in wanted.items():
            _released_rows(archive, CONTRACTS[table], readings[seq], lines)
    return [archive.decide(readings[seq], decision, lines, note, clock) for (_, seq), lines in wanted.items()]


def ingest_decision(
    connection: "duckdb.DuckDBPyConnection", archive: Archive, contract: Contract, entry: LedgerEntry
) -> int:
    """Take in a decision of the ledger: a released row becomes a vintage marked so. Returns new vintages."""
    connection.execute(
        f"""
        insert into ops.quarantine_decisions
        select distinct ?, name, row_json, ?, ?, cast(? as timestamp), cast(? as bigint)
        from quarantine.{contract.table}
        where name = ? and line in (select unnest(?)) and payload_seq in (
            select payload_seq from ops.payload_log where table_name = ? and sha256 = ?)
        """,
        [contract.table, entry.kind, entry.note, entry.observed_at, entry.seq, entry.name, list(entry.lines),
         contract.table, entry.sha256],
    )  # fmt: skip
    new = 0
    if entry.kind == "release":
        stage_incoming(connection, contract, _released_rows(archive, contract, entry, entry.lines))
        seen = Observation(entry.seq, entry.observed_at, is_simulated(connection), is_released=True)
        new = append_news(connection, contract, seen)
    # Not under the payload's name: the log's last entry per name is the reading in force.
    connection.execute(
        "insert into ops.payload_log (payload_seq, table_name, name, source, origin, sha256, observed_at, status, "
        "rows_new, remarks) values (?, ?, ?, 'decision', ?, ?, ?, ?, ?, [])",
        [entry.seq, entry.table, f"{entry.kind} {entry.seq}", entry.origin, entry.sha256, entry.observed_at, entry.kind,
         new],
    )  # fmt: skip
    return new


def _released_rows(archive: Archive, contract: Contract, entry: LedgerEntry, lines: Iterable[int]) -> "pd.DataFrame":
    """The typed rows on these lines of a payload.

    Raises:
        SmallcapError: a line is no row that can be typed.
    """
    text = read_table_file(archive.read(entry), entry.origin)
    wanted = set(lines)
    rows: list[Any] = [row for row in text.frame.index if text.line(row) in wanted]
    if len(rows) != len(wanted):
        raise SmallcapError(
            f"{entry.origin}: a line among {sorted(wanted)} has another number of fields than the header and cannot be "
            "released. Deliver it corrected."
        )
    try:
        return type_released(contract, text.frame.loc[rows], entry.source)
    except RefusedError as error:
        raise SmallcapError(f"{entry.origin}, lines {sorted(wanted)}: {error}") from error
