"""What several tests need: a warehouse fed from memory, payload text, comparing files, running the program."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from dagster_project.contracts.model import Contract
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.settings import Settings
from dagster_project.sources.base import Fetched, PayloadRef, Plan
from dagster_project.warehouse.archive import Archive
from dagster_project.warehouse.ingest import TableReport, extract_table, ingest_pending
from tests.parsed_dbt import handed_to, parsed

REPO = Path(__file__).resolve().parents[1]
PROGRAM = Path(sys.executable).with_name("smallcap")
REAL_INBOX = REPO.parent / "shared" / "realdata" / "inbox"
FIRST_READING = datetime(2026, 1, 5, 12)
HANGS_AFTER_SECONDS = 1800
"""A call of the program that takes longer hangs; a build takes half a minute, and ten times that on a busy machine."""


class MemorySource:
    """Payloads by table and name, offered like the files of an inbox."""

    mode = "files"
    is_simulated = False

    def __init__(self) -> None:
        self.payloads: dict[tuple[str, str], bytes] = {}

    def plan(self, tables: Iterable[str]) -> Plan:
        wanted = set(tables)
        return Plan(tuple(PayloadRef(t, name, f"inbox/{t}/{name}") for t, name in sorted(self.payloads) if t in wanted))

    def fetch(self, ref: PayloadRef) -> Fetched:
        return Fetched(self.payloads[ref.table, ref.name], ref.origin)


@dataclass
class Store:
    """An open warehouse with its archive; every reading happens a day after the one before."""

    directory: Path
    connection: duckdb.DuckDBPyConnection
    table: str = "daily_bars"
    source: MemorySource = field(default_factory=MemorySource)
    now: datetime = FIRST_READING - timedelta(days=1)

    @property
    def archive(self) -> Archive:
        return Archive(self.directory / "archive")

    def read(
        self,
        content: bytes | str | pd.DataFrame,
        name: str = "a.csv",
        table: str | None = None,
        accept_removals: bool = False,
    ) -> TableReport:
        """Offer a new version of one payload (the others stay as they are) and take the table in."""
        table = table or self.table
        if isinstance(content, pd.DataFrame):
            content = content.to_csv(index=False, lineterminator="\n")
        self.source.payloads[table, name] = content.encode() if isinstance(content, str) else content
        return self.read_again(table, accept_removals)

    def read_again(self, table: str | None = None, accept_removals: bool = False) -> TableReport:
        self.now += timedelta(days=1)
        contract = CONTRACTS[table or self.table]
        return extract_table(
            self.connection, self.archive, self.source, contract, accept_removals, clock=lambda: self.now
        )

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, list(parameters)).fetchall()

    def count(self, relation: str) -> int:
        return int(self.rows(f"select count(*) from {relation}")[0][0])

    def current(self, table: str | None = None) -> list[tuple[Any, ...]]:
        """Grain and first value of what holds now, tombstones left out: the order of dbt's `current_rows`."""
        contract = CONTRACTS[table or self.table]
        value = contract.values[0].name
        names = [*contract.grain, value]
        columns = ", ".join(f'"{name}"' for name in dict.fromkeys(names))
        grain = ", ".join(f'"{name}"' for name in contract.grain)
        return self.rows(
            f"select {columns} from (select * from raw.{contract.current_relation} qualify row_number() over "
            f"(partition by {grain} order by available_at desc, observed_at desc, payload_seq desc, "
            f'"{value}" nulls last) = 1) '
            "where not is_removed order by all"
        )


def raw_relations() -> list[str]:
    """Every table of a warehouse that is a function of the archive alone."""
    tables = [f"{schema}.{table}" for table in CONTRACTS for schema in ("raw", "quarantine")]
    return [*tables, "raw.split_events", "ops.payload_log"]


def rebuilt(store: Store, file: Path) -> Path:
    """A new warehouse made from the archive of `store`."""
    from dagster_project.warehouse.connection import open_warehouse

    with open_warehouse(file, "files", is_simulated=False) as connection:
        for contract in CONTRACTS.values():
            ingest_pending(connection, store.archive, contract)
    return file


def differing_rows(
    connection: duckdb.DuckDBPyConnection, other: Path, relations: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """Relations that are not equal cell by cell, with the rows that only one side has."""
    connection.execute(f"attach '{other}' as other (read_only)")
    try:
        found = {}
        for relation in relations:
            sides = [relation, f"other.{relation}"]
            only = tuple(
                connection.execute(f"select count(*) from (select * from {a} except all select * from {b})").fetchall()[
                    0
                ][0]
                for a, b in (sides, sides[::-1])
            )
            if any(only):
                found[relation] = only
        return found
    finally:
        connection.execute("detach other")


def files_settings(directory: Path) -> Settings:
    """Settings of the `files` source with everything below `directory`."""
    return Settings(_env_file=None, data_dir=directory / "data", source="files", inbox=directory / "inbox")


@dataclass(frozen=True)
class Outcome:
    """What one call of the program left behind."""

    code: int
    out: str
    err: str


def clean_environment(**variables: object) -> dict[str, str]:
    """The environment without settings of this program, of dbt and of dagster; `variables` added."""
    ours = ("SMALLCAP_", "DBT_", "DAGSTER_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {name: str(value) for name, value in variables.items()}


def smallcap(data_dir: Path, *arguments: object, stdin: str | None = None, **variables: object) -> Outcome:
    """Run the program as a user would, on a data directory of the test."""
    if arguments[0] in ("build", "replay"):
        handed_to(data_dir, "real" if {"files", "live"} & set(map(str, arguments)) else "simulated")
    done = subprocess.run(
        [PROGRAM, *map(str, arguments)],
        env=clean_environment(SMALLCAP_DATA_DIR=data_dir, COLUMNS=200, **variables),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=HANGS_AFTER_SECONDS,
        cwd=REPO,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def dbt(warehouse: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run dbt on a warehouse that is a test's own; what it writes besides lands in `target` beside the file."""
    target = warehouse.parent / "target"
    program = [PROGRAM.with_name("dbt")]
    if parsed(warehouse.stem):
        program = [sys.executable, "-m", "tests.parsed_dbt", warehouse.stem]
    return subprocess.run(
        [*program, *arguments, "--project-dir", "dbt", "--profiles-dir", "dbt"],
        cwd=REPO,
        env=clean_environment(SMALLCAP_WAREHOUSE_FILE=warehouse, DBT_TARGET_PATH=target, DBT_LOG_PATH=target),
        capture_output=True,
        text=True,
        check=False,
        timeout=HANGS_AFTER_SECONDS,
    )


def dbt_results(warehouse: Path) -> dict[str, tuple[str, str]]:
    """Status and message of every node of the last `dbt` on a warehouse, by name."""
    results = json.loads((warehouse.parent / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    return {row["unique_id"].split(".")[2]: (row["status"], str(row["message"])) for row in results}


def file_hashes(directory: Path) -> dict[str, bytes]:
    """Every file below a directory, with its bytes."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def good_row(contract: Contract) -> dict[str, str]:
    """One row that keeps a contract, as text; made from the declaration alone."""
    row = {}
    for column in contract.columns:
        if column.allowed:
            row[column.name] = column.allowed[0]
        elif column.kind == "text":
            row[column.name] = "IWM"
        elif column.kind == "month":
            row[column.name] = "2017-05"
        elif column.kind == "date":
            row[column.name] = "2017-05-26"
        else:
            low = column.minimum if column.minimum is not None else (column.above or 0)
            high = column.maximum if column.maximum is not None else low + 10
            row[column.name] = f"{min((low + high) / 2, low + 1):g}"
    return row
