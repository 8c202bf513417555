"""Rows in quarantine, and what a person decided about them.

Belongs here: listing open rows, writing decisions to the ledger, taking a released row in.
Does not belong here: putting rows into quarantine (`ingest`, and the dbt model judged_rows).

There are two kinds. A row that breaks its contract by itself never came into raw; a row that a rule of dbt judged
against others is in raw and kept out of the figures (`quarantine.judged_rows`). A decision belongs to the row as it
was read: the same row in a later delivery of the same payload is decided already, another value is a new question.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dagster_project.contracts.model import Contract
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.contracts.validate import RefusedError, type_released
from dagster_project.errors import SmallcapError
from dagster_project.warehouse.archive import Archive, Clock, LedgerEntry, utc_now
from dagster_project.warehouse.payload import read_payload
from dagster_project.warehouse.vintages import Observation, append_news, is_simulated, stage_incoming

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


@dataclass(frozen=True)
class QuarantinedRow:
    """One problem of one row; `row_id` is `<table>:<payload_seq>:<line>`, or `...:r<payload_row>` of a judged row."""

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


def open_counts_sql(connection: "duckdb.DuckDBPyConnection") -> str:
    """Rows not decided upon by table_name, rule and judged_by (contract or warehouse), with the first in words."""
    broken = [
        f"""
        select '{table}' as table_name, rule, 'contract' as judged_by,
            count(distinct (payload_seq, line)) as open_rows,
            arg_min(name || ' line ' || line || ': ' || reason, (payload_seq, line)) as first_row
        from ({open_rows_sql(table)}) group by rule
        """
        for table in CONTRACTS
    ]
    judged = """
        select judged.table_name, judged.rule, 'warehouse', count(*),
            arg_min(coalesce(payload.name, '') || ' row ' || payload_row || ': ' || judged.reason,
                (payload_seq, payload_row))
        from quarantine.judged_rows as judged
        left join ops.payload_log as payload using (payload_seq)
        where judged.table_name || ':' || payload_seq || ':r' || payload_row not in (
            select judged_row_id from ops.quarantine_decisions where judged_row_id is not null)
        group by judged.table_name, judged.rule
    """
    return " union all ".join([*broken, judged] if _has_judged_rows(connection) else broken)


def quarantined_rows(
    connection: "duckdb.DuckDBPyConnection", table: str | None = None, decided_too: bool = False
) -> list[QuarantinedRow]:
    """Rows in quarantine, those still open only unless asked for all."""
    found = []
    dbt_has_run = _has_judged_rows(connection)
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
        if dbt_has_run:
            found += connection.execute(_judged_rows_sql(name, decided_too)).fetchall()
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
    lines: dict[tuple[str, int], set[int]] = {}
    judged: dict[tuple[str, int], set[int]] = {}
    still_open = {row.row_id for row in quarantined_rows(connection)}
    for row_id in row_ids:
        if row_id not in still_open:
            raise SmallcapError(f"{row_id} is no open row in quarantine; `smallcap quarantine list` names them.")
        table, payload, place = row_id.split(":")
        wanted = judged if place.startswith("r") else lines
        wanted.setdefault((table, int(payload)), set()).add(int(place.removeprefix("r")))
    readings = {entry.seq: entry for entry in archive.entries()}
    if decision == "release":
        for (table, seq), found in lines.items():
            _released_rows(connection, archive, CONTRACTS[table], readings[seq], found)
    return [
        archive.decide(readings[seq], decision, lines.get((table, seq), ()), note, clock, judged.get((table, seq), ()))
        for table, seq in dict.fromkeys([*lines, *judged])
    ]


def ingest_decision(
    connection: "duckdb.DuckDBPyConnection", archive: Archive, contract: Contract, entry: LedgerEntry
) -> int:
    """Take in a decision of the ledger: a released row becomes a vintage marked so. Returns new vintages."""
    connection.execute(
        f"""
        insert into ops.quarantine_decisions
        select distinct ?, name, row_json, null, ?, ?, cast(? as timestamp), cast(? as bigint)
        from quarantine.{contract.table}
        where name = ? and line in (select unnest(?)) and payload_seq in (
            select payload_seq from ops.payload_log where table_name = ? and sha256 = ?)
        """,
        [contract.table, entry.kind, entry.note, entry.observed_at, entry.seq, entry.name, list(entry.lines),
         contract.table, entry.sha256],
    )  # fmt: skip
    new = _decide_judged(connection, contract, entry)
    if entry.kind == "release" and entry.lines:
        stage_incoming(connection, contract, _released_rows(connection, archive, contract, entry, entry.lines))
        seen = Observation(entry.seq, entry.observed_at, is_simulated(connection), is_released=True)
        new += append_news(connection, contract, seen)
    # Not under the payload's name: the log's last entry per name is the reading in force.
    connection.execute(
        "insert into ops.payload_log (payload_seq, table_name, name, source, origin, sha256, observed_at, status, "
        "rows_new, remarks) values (?, ?, ?, 'decision', ?, ?, ?, ?, ?, [])",
        [entry.seq, entry.table, f"{entry.kind} {entry.seq}", entry.origin, entry.sha256, entry.observed_at, entry.kind,
         new],
    )  # fmt: skip
    return new


def _has_judged_rows(connection: "duckdb.DuckDBPyConnection") -> bool:
    found = connection.execute(
        "select 1 from duckdb_tables() where database_name = current_database() "
        "and schema_name = 'quarantine' and table_name = 'judged_rows'"
    ).fetchall()
    return bool(found)


def _judged_rows_sql(table: str, decided_too: bool) -> str:
    """Rows of `table` that the last run of dbt kept out of the figures, in the columns of `QuarantinedRow`."""
    row_id = f"'{table}:' || judged.payload_seq || ':r' || judged.payload_row"
    return f"""
        select {row_id}, coalesce(payload.name, ''), null, null, judged.rule, judged.reason,
            cast(to_json(held) as varchar), coalesce(decided.decision, 'open'), coalesce(decided.note, '')
        from quarantine.judged_rows as judged
        inner join raw.{table} as held
            on judged.payload_seq = held.payload_seq and judged.payload_row = held.payload_row
        left join ops.payload_log as payload on judged.payload_seq = payload.payload_seq
        left join ops.quarantine_decisions as decided on decided.judged_row_id = {row_id}
        where judged.table_name = '{table}' {"" if decided_too else "and decided.decision is null"}
        order by judged.payload_seq, judged.payload_row, judged.rule
    """


def _decide_judged(connection: "duckdb.DuckDBPyConnection", contract: Contract, entry: LedgerEntry) -> int:
    """Note the decision about judged rows; a released one holds again, known since when it was known before."""
    if not entry.judged_rows:
        return 0
    decided = f"""
        from raw.{contract.table} as held
        where payload_row in (select unnest($rows)) and payload_seq in (
            select payload_seq from ops.payload_log where table_name = $table and sha256 = $sha256)
    """
    where = {"rows": list(entry.judged_rows), "table": contract.table, "sha256": entry.sha256}
    instant = {"observed": entry.observed_at, "seq": entry.seq}
    connection.execute(
        f"""
        insert into ops.quarantine_decisions
        select $table, $name, null, $table || ':' || payload_seq || ':r' || payload_row, $kind, $note,
            cast($observed as timestamp), cast($seq as bigint)
        {decided}
        """,
        where | instant | {"name": entry.name, "kind": entry.kind, "note": entry.note},
    )
    if entry.kind == "drop":
        return 0
    [(new,)] = connection.execute(
        f"""
        insert into raw.{contract.table} by name
        select * replace (
            cast($observed as timestamp) as observed_at, true as is_released, cast($seq as bigint) as payload_seq)
        {decided}
        """,
        where | instant,
    ).fetchall()
    return int(new)


def _released_rows(
    connection: "duckdb.DuckDBPyConnection",
    archive: Archive,
    contract: Contract,
    entry: LedgerEntry,
    lines: Iterable[int],
) -> "pd.DataFrame":
    """The typed rows on these lines of a payload.

    Raises:
        SmallcapError: a line is no row that can be typed.
    """
    import pandas as pd

    wanted = set(lines)
    found = [
        text.frame.loc[[row for row in text.frame.index if text.line(row) in wanted]]
        for text in read_payload(connection, archive, contract, entry)
    ]
    rows = pd.concat(found)
    if len(rows) != len(wanted):
        raise SmallcapError(
            f"{entry.origin}: a line among {sorted(wanted)} has another number of fields than the header and cannot be "
            "released. Deliver it corrected."
        )
    try:
        return type_released(contract, rows, entry.source)
    except RefusedError as error:
        raise SmallcapError(f"{entry.origin}, lines {sorted(wanted)}: {error}") from error
