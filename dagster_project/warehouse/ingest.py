"""One table from its source into raw: archive what is new, then take in what the ledger lists.

Belongs here: the order of steps for one payload, quarantine, the log, the re-reading for `rebuild`.
Does not belong here: the rules for vintages (`vintages`) and for rows (`contracts`).
"""

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from dagster_project.checks.freshness import not_configured
from dagster_project.contracts.model import Contract
from dagster_project.contracts.validate import RefusedError, Validated, refuse_other_shape, validate
from dagster_project.errors import SourceError
from dagster_project.sources.base import Source
from dagster_project.sources.table_file import TextTable
from dagster_project.warehouse.archive import Archive, Clock, LedgerEntry, utc_now
from dagster_project.warehouse.payload import read_payload
from dagster_project.warehouse.quarantine import ingest_decision
from dagster_project.warehouse.vintages import (
    Observation,
    RemovalsError,
    affirm_gone,
    append_news,
    append_tombstones,
    find_gone,
    is_simulated,
    record_split_events,
    stage_incoming,
    stage_keys,
    vanished_series,
)

if TYPE_CHECKING:
    import duckdb

logger = logging.getLogger("smallcap.ingest")


@dataclass
class TableReport:
    """What one run did with one table; `problems` are payloads that could not be used."""

    table: str
    payloads: int = 0
    rows_new: int = 0
    cut_off: list[str] = field(default_factory=list)
    """Those of the problems that are payloads refused for the rows they lost."""
    unreachable: list[str] = field(default_factory=list)
    """Those of the problems that are services which gave no payload."""
    problems: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    """Settings that are missing, so that services were not asked: what a person chose is no problem."""
    remarks: list[str] = field(default_factory=list)

    @property
    def status(self) -> Literal["ok", "unreachable", "problem"]:
        """`problem`: a payload was refused; `unreachable`: nothing worse than services that gave nothing."""
        if not self.problems:
            return "ok"
        return "unreachable" if len(self.unreachable) == len(self.problems) else "problem"


def extract_table(
    connection: "duckdb.DuckDBPyConnection",
    archive: Archive,
    source: Source,
    contract: Contract,
    accept_removals: bool = False,
    clock: Clock = utc_now,
) -> TableReport:
    """Archive the payloads that changed and take in everything that is archived but not in raw yet.

    Raises:
        SourceError: the source as a whole cannot be used.
    """
    plan = source.plan([contract.table])
    report = TableReport(contract.table, payloads=len(plan.payloads), remarks=list(plan.remarks))
    report.skipped = list(dict.fromkeys(plan.skipped.values()))
    for setting in report.skipped:
        logger.warning("%s", not_configured(setting))
    cut_off = {
        found.name for found in latest_payloads(connection, contract.table) if found.rule == "removals_explained"
    }
    lacking = {provider: [reason] for provider, reason in plan.failures.items()}
    """Per provider (empty: the inbox) what could not be had."""
    helped: dict[str, list[bool]] = {}
    """Per provider that failed whether each payload came that stands in for its own."""
    offered = set()
    for ref in plan.payloads:
        if ref.stands_in_for and ref.stands_in_for not in lacking:
            continue
        offered.add((ref.provider or source.mode, ref.name))
        try:
            fetched = source.fetch(ref)
        except SourceError as error:
            lacking.setdefault(ref.provider, []).append(str(error))
            helped.setdefault(ref.stands_in_for, []).append(False)
            continue
        helped.setdefault(ref.stands_in_for, []).append(fetched is None or not fetched.doubt)
        if fetched is None:
            continue
        if fetched.doubt:
            lacking.setdefault(ref.provider, [])
        again = accept_removals and ref.name in cut_off
        archive.add(
            replace(ref, origin=fetched.origin), fetched.content, ref.provider or source.mode, clock, accept_removals,
            even_if_unchanged=again, response=fetched.response,
        )  # fmt: skip
    report.rows_new = ingest_pending(connection, archive, contract)
    for found in latest_payloads(connection, contract.table):
        if found.status == "refused" and (found.source, found.name) in offered:
            report.problems.append(found.reason)
            report.cut_off += [found.reason] if found.rule == "removals_explained" else []
        report.remarks.extend(found.remarks)
    for provider, reasons in lacking.items():
        is_helped = bool(provider) and all(helped.get(provider, [False]))
        _report_lacking(report, provider, list(dict.fromkeys(reasons)), is_helped)
    return report


def _report_lacking(report: TableReport, provider: str, reasons: list[str], is_helped: bool) -> None:
    """What could not be had is a problem, unless another provider stood in for it."""
    if is_helped:
        report.remarks += [f"{reason} Another source stood in for it." for reason in reasons]
        return
    for reason in reasons:
        logger.error("%s", reason)
    report.problems += reasons
    report.unreachable += reasons if provider else []


def ingest_pending(connection: "duckdb.DuckDBPyConnection", archive: Archive, contract: Contract) -> int:
    """Take in, in the order of the ledger, what raw does not have; returns the number of new vintages.

    Raw is a function of the archive: a warehouse that starts empty comes to the same rows.
    """
    entries = [entry for entry in archive.entries() if entry.table == contract.table]
    given_up = archive.pruned(entries)
    entries = [entry for entry in entries if entry.kind != "prune" and entry.seq not in given_up]
    done = {row[0] for row in connection.execute("select payload_seq from ops.payload_log").fetchall()}
    new = 0
    for entry in entries:
        if entry.seq in done:
            continue
        earlier = [other for other in entries if other.seq < entry.seq]
        connection.begin()
        try:
            if entry.kind == "reading":
                new += _ingest_payload(connection, archive, contract, entry, earlier)
            else:
                new += ingest_decision(connection, archive, contract, entry)
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
    return new


@dataclass(frozen=True)
class PayloadStatus:
    """How the last reading of a payload went; `rule` and `reason` say why it was refused."""

    source: str
    name: str
    status: str
    rule: str
    reason: str
    remarks: list[str]


def latest_payloads(connection: "duckdb.DuckDBPyConnection", table: str) -> list[PayloadStatus]:
    """The last reading of every payload of a table."""
    rows = connection.execute(
        "select source, name, status, rule, reason, remarks from ops.payload_log where table_name = ? "
        "qualify row_number() over (partition by source, name order by payload_seq desc) = 1 order by name",
        [table],
    ).fetchall()
    return [PayloadStatus(*row) for row in rows]


def last_payload_seq(connection: "duckdb.DuckDBPyConnection") -> int:
    """The last entry of the ledger that raw has seen; 0 for none."""
    [(seq,)] = connection.execute("select coalesce(max(payload_seq), 0) from ops.payload_log").fetchall()
    return int(seq)


def rows_after(connection: "duckdb.DuckDBPyConnection", contract: Contract, payload_seq: int) -> dict[int, int]:
    """Rows by calendar year that came with entries of the ledger after one."""
    rows = connection.execute(
        f'select year("{contract.time_column}") as in_year, count(*) from raw.{contract.table} where payload_seq > ? '
        "group by in_year order by in_year", [payload_seq]
    ).fetchall()  # fmt: skip
    return dict(rows)


def _ingest_payload(
    connection: "duckdb.DuckDBPyConnection",
    archive: Archive,
    contract: Contract,
    entry: LedgerEntry,
    earlier: Iterable[LedgerEntry],
) -> int:
    simulated = is_simulated(connection)
    seen = Observation(entry.seq, entry.observed_at, simulated, entry.accept_removals)
    accepted = _accepted(connection, earlier)
    same = (entry.source, entry.name)
    try:
        read = _stage(connection, archive, contract, entry)
        gone, vanished = 0, []
        if same in accepted:
            for number, (_, before) in enumerate(_read(connection, archive, contract, accepted[same])):
                stage_keys(connection, contract, "keys_before", before.present, is_further=number > 0)
            gone = find_gone(connection, contract, seen, entry.first_day, entry.last_day)
            vanished = vanished_series(connection, contract)
    except (SourceError, RefusedError, RemovalsError) as error:
        reason = str(error) if str(error).startswith(entry.origin) else f"{entry.origin}: {error}"
        rule = "removals_explained" if isinstance(error, RemovalsError) else "payload_readable"
        logger.error("refused, the last good rows stay: %s", reason)
        _log_payload(connection, entry, "refused", rule=rule, reason=reason)
        return 0
    connection.execute(
        f"insert into quarantine.{contract.table} select ?, ?, problems.*, ? from problems "
        "order by line, rule, column_name",
        [entry.seq, entry.name, simulated],
    )
    splits = record_split_events(connection, contract, seen)
    new = append_news(connection, contract, seen)
    removed = 0
    if gone:
        for other in (found for found in accepted if found != same):
            for _, standing in _read(connection, archive, contract, accepted[other]):
                new += affirm_gone(connection, contract, seen, standing.rows)
        removed = append_tombstones(connection, contract, seen)
    remarks = [f"{entry.origin}: {remark}" for remark in read.remarks]
    if read.quarantined:
        remarks.append(f"{entry.origin}: {read.quarantined} rows in quarantine.{contract.table}")
    if vanished:
        names = ", ".join(vanished[:5]) + (" ..." if len(vanished) > 5 else "")
        remarks.append(
            f"{entry.origin}: {len(vanished)} series are not in the file any more ({names}); their rows stay"
        )
    if removed:
        remarks.append(f"{entry.origin}: {removed} rows were removed from the file and got a tombstone")
    if read.equal_duplicates:
        remarks.append(f"{entry.origin}: {read.equal_duplicates} repeated rows with equal values were read once")
    for remark in remarks:
        logger.warning("%s", remark)
    _log_payload(
        connection, entry, "accepted", rows_read=read.rows + read.ragged,
        rows_equal_duplicates=read.equal_duplicates, rows_quarantined=read.quarantined, rows_new=new,
        rows_removed=removed, split_events=splits, remarks=remarks,
    )  # fmt: skip
    logger.info(
        "%s: %s rows read, %s new vintages, %s in quarantine, %s removed", entry.origin, read.rows, new,
        read.quarantined, removed,
    )  # fmt: skip
    return new


@dataclass
class _Staged:
    """What was read of a payload: `temp.incoming`, `temp.keys_now` and `temp.problems` hold its rows."""

    rows: int = 0
    ragged: int = 0
    quarantined: int = 0
    """Rows (not problems)."""
    equal_duplicates: int = 0
    remarks: list[str] = field(default_factory=list)


def _stage(
    connection: "duckdb.DuckDBPyConnection", archive: Archive, contract: Contract, entry: LedgerEntry
) -> _Staged:
    """Read a payload piece by piece into temporary tables."""
    staged = _Staged()
    connection.execute(
        "create or replace temp table problems (line bigint, column_name varchar, value varchar, rule varchar, "
        "reason varchar, row_json varchar)"
    )
    for text, valid in _read(connection, archive, contract, entry):
        is_further = staged.rows > 0
        stage_incoming(connection, contract, valid.rows, is_further)
        stage_keys(connection, contract, "keys_now", valid.present, is_further)
        staged.quarantined += _stage_problems(connection, text, valid)
        staged.rows += len(text.frame)
        staged.ragged += len(text.ragged)
        staged.equal_duplicates += valid.equal_duplicates
        staged.remarks = valid.remarks
    return staged


def _read(
    connection: "duckdb.DuckDBPyConnection", archive: Archive, contract: Contract, entry: LedgerEntry
) -> Iterator[tuple[TextTable, Validated]]:
    for text in read_payload(connection, archive, contract, entry):
        valid = validate(contract, text.frame, entry.source, text.ragged_frame)
        if entry.provider:
            refuse_other_shape(valid, len(text.frame))
        yield text, valid


def _accepted(
    connection: "duckdb.DuckDBPyConnection", earlier: Iterable[LedgerEntry]
) -> dict[tuple[str, str], LedgerEntry]:
    """The last accepted reading of every payload among `earlier`, by source and name."""
    good = connection.execute("select payload_seq from ops.payload_log where status = 'accepted'").fetchall()
    accepted = {seq for (seq,) in good}
    readings = (entry for entry in earlier if entry.kind == "reading")
    return {(entry.source, entry.name): entry for entry in readings if entry.seq in accepted}


def _stage_problems(connection: "duckdb.DuckDBPyConnection", text: TextTable, valid: Validated) -> int:
    """Append rejected rows to `temp.problems` with line and reason; returns how many rows (not problems) there are."""
    import pandas as pd

    frame = valid.rejects.copy()
    rows = text.frame.loc[sorted(set(frame["row"]))]
    count = len(rows) + len(text.ragged)
    if not count:
        return 0
    frame["line"] = [text.line(row) for row in frame["row"]]
    records = rows.astype(object).where(rows.notna(), None).to_dict("records")
    frame["row_json"] = frame["row"].map(dict(zip(rows.index, map(json.dumps, records), strict=True)))
    width = len(text.frame.columns)
    ragged = pd.DataFrame(
        [
            {"line": row.line, "column_name": None, "value": None, "rule": "fields_complete", "row_json": row.text,
             "reason": f"the row has {row.fields} fields, the header {width}"}
            for row in text.ragged
        ]
    )  # fmt: skip
    problems = pd.concat([frame, ragged], ignore_index=True)
    names = ["line", "column_name", "value", "rule", "reason", "row_json"]
    connection.register("_problems", problems[names].astype({"line": "int64"}))
    connection.execute("insert into problems by name select * from _problems")
    connection.unregister("_problems")
    return count


def _log_payload(
    connection: "duckdb.DuckDBPyConnection",
    entry: LedgerEntry,
    status: str,
    rule: str = "",
    reason: str = "",
    **counts: object,
) -> None:
    row = {
        "payload_seq": entry.seq, "table_name": entry.table, "name": entry.name, "source": entry.source,
        "origin": entry.origin, "sha256": entry.sha256, "observed_at": entry.observed_at, "status": status,
        "rule": rule, "reason": reason, "remarks": [], **counts,
    }  # fmt: skip
    names = ", ".join(row)
    marks = ", ".join(f"${name}" for name in row)
    connection.execute(f"insert into ops.payload_log ({names}) values ({marks})", row)
