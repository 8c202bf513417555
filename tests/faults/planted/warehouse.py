"""A warehouse made of a delivery: real ingestion, then the compiled models and tests of dbt without dbt.

A build of dbt spends most of its time around the queries; a campaign runs the same queries dozens of times. The SQL is
what `dbt build` compiled for the clean sample, run in the order of the graph.

Belongs here: running. Does not belong here: what is planted, and what is expected of it.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.warehouse.archive import Archive
from dagster_project.warehouse.connection import open_warehouse
from dagster_project.warehouse.ingest import extract_table
from dagster_project.warehouse.quarantine import open_rows_sql
from tests.faults.planted.delivery import Delivery, payload
from tests.helpers import MemorySource

RESEARCH = ("int_research__event_windows", "int_research__rate_changes", "int_signals__daily", "int_claims__days",
            "quality__marts")  # fmt: skip
"""Where research and the ledger of claims begin; tests/faults/planted/tampering.py plants into their marts."""
READ_AT = datetime(2026, 1, 5, 12)
READ_AGAIN_AT = READ_AT + timedelta(days=1)


class SimulatedSource(MemorySource):
    """Payloads from memory that say that they are simulated."""

    mode = "sample"
    is_simulated = True


@dataclass(frozen=True)
class Clean:
    """A warehouse of the clean sample as `smallcap build` left it, with the queries that dbt compiled for it."""

    warehouse_file: Path
    manifest_file: Path

    @cached_property
    def nodes(self) -> dict[str, dict[str, Any]]:
        """Nodes of the manifest, models and tests with the SQL or Python that the build ran."""
        nodes: dict[str, dict[str, Any]] = json.loads(self.manifest_file.read_text(encoding="utf-8"))["nodes"]
        for node in nodes.values():
            if node["resource_type"] in ("model", "test"):
                node["compiled_code"] = self._compiled(node).read_text(encoding="utf-8")
        return nodes

    def _compiled(self, node: dict[str, Any]) -> Path:
        file = self.manifest_file.parent / "compiled" / node["package_name"] / node["original_file_path"]
        return file / node["path"] if file.suffix == ".yml" else file

    @cached_property
    def models(self) -> list[dict[str, Any]]:
        """Models, each after those that it reads."""
        models = {name: node for name, node in self.nodes.items() if node["resource_type"] == "model"}
        graph = {name: [n for n in node["depends_on"]["nodes"] if n in models] for name, node in models.items()}
        return [models[name] for name in TopologicalSorter(graph).static_order()]

    @cached_property
    def data_models(self) -> list[dict[str, Any]]:
        """Models of the data and its checks; research, claims and what compares marts with each other left out."""
        later = {node["unique_id"] for node in self.models if node["name"] in RESEARCH}
        for node in self.models:
            if later & set(node["depends_on"]["nodes"]):
                later.add(node["unique_id"])
        kept = {node["unique_id"] for node in self.models if node["name"] == "data_quality_findings"}
        return [node for node in self.models if node["unique_id"] not in later - kept]

    @cached_property
    def tests(self) -> dict[str, dict[str, Any]]:
        """Tests that assert something about rows, market checks aside: their findings are read themselves."""
        return {
            node["name"]: node
            for node in self.nodes.values()
            if node["resource_type"] == "test"
            and (node.get("test_metadata") or {}).get("name") != "no_unknown_findings"
        }

    @cached_property
    def seeds(self) -> list[str]:
        return [node["name"] for node in self.nodes.values() if node["resource_type"] == "seed"]

    def seed_schema(self, name: str) -> str:
        return next(str(n["schema"]) for n in self.nodes.values() if n["resource_type"] == "seed" and n["name"] == name)


def run_model(connection: duckdb.DuckDBPyConnection, node: dict[str, Any]) -> None:
    """Make one model from its compiled code, as dbt-duckdb does."""
    relation, code = node["relation_name"], node["compiled_code"]
    if node["language"] == "python":
        scope: dict[str, Any] = {"__name__": node["name"]}
        exec(compile(code, node["path"], "exec"), scope)
        dbt = scope["dbtObj"](lambda name: connection.query(f"select * from {name}"))
        answer = scope["model"](dbt, connection)
        connection.register("_answer", answer)
        connection.execute(f"create or replace table {relation} as select * from _answer")
        connection.unregister("_answer")
        return
    if node["config"]["materialized"] == "incremental":
        # Compiled beside a warehouse that has the table: on an empty one everything is new to it.
        connection.execute(
            f"create or replace table {relation} as select * from clean.{node['schema']}.{node['name']} limit 0"
        )
        connection.execute(f"create or replace temp table fresh as {code}")
        marks = "where recomputed_from is null" if "recomputed_from" in node["columns"] else ""
        connection.execute(f"insert into {relation} select * from fresh {marks}")
        return
    kind = "view" if node["config"]["materialized"] == "view" else "table"
    connection.execute(f"create or replace {kind} {relation} as {code}")


def rows_of_test(connection: duckdb.DuckDBPyConnection, node: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows that a test of dbt objects to."""
    cursor = connection.execute(node["compiled_code"])
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@dataclass
class Outcome:
    """What a warehouse says about itself, cleaned of what the clean one says too."""

    findings: set[tuple[str, str, str]] = field(default_factory=set)
    """Check, series and day."""
    rejected: list[tuple[str, str]] = field(default_factory=list)
    """Contract check and row in quarantine, as JSON text."""
    objections: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Rows by the test of dbt that failed."""


FINDINGS = "select check_id, series, cast(day as varchar) from {}marts.data_quality_findings"


@contextmanager
def made_of(delivery: Delivery, clean: Clean, directory: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Outcome]]:
    """A warehouse of a delivery with the models of the data made, beside the clean one (attached as `clean`).

    The file bears the name of the clean one: compiled queries name the database.
    """
    shutil.rmtree(directory, ignore_errors=True)
    outcome = Outcome()
    with open_warehouse(directory / clean.warehouse_file.name, "sample", is_simulated=True) as connection:
        _ingest(connection, delivery, directory, outcome)
        connection.execute(f"attach '{clean.warehouse_file}' as clean (read_only)")
        for schema in sorted({node["schema"] for node in clean.nodes.values() if node["resource_type"] != "test"}):
            connection.execute(f"create schema if not exists {schema}")
        for seed in clean.seeds:
            place = f"{clean.seed_schema(seed)}.{seed}"
            connection.execute(f"create table {place} as select * from clean.{place}")
        made = {node["unique_id"] for node in clean.data_models}
        for node in clean.models:
            if node["unique_id"] in made:
                run_model(connection, node)
            elif node["name"] == "quality__marts":
                connection.execute(
                    f"create table {node['relation_name']} as from clean.{node['schema']}.{node['name']}"
                )
        outcome.findings = set(connection.execute(FINDINGS.format("")).fetchall()) - set(
            connection.execute(FINDINGS.format("clean.")).fetchall()
        )
        for name, node in clean.tests.items():
            reads = {parent for parent in node["depends_on"]["nodes"] if parent.startswith("model.")}
            if not reads <= made:
                continue
            if rows := rows_of_test(connection, node):
                outcome.objections[name] = rows
        yield connection, outcome


def _ingest(connection: duckdb.DuckDBPyConnection, delivery: Delivery, directory: Path, outcome: Outcome) -> None:
    archive = Archive(directory / "archive")
    source = SimulatedSource()
    for table, frame in delivery.frames.items():
        source.payloads[table, f"{table}.csv"] = payload(frame)
    for contract in CONTRACTS.values():
        extract_table(connection, archive, source, contract, clock=lambda: READ_AT)
    for table, name, rows in delivery.further:
        source.payloads[table, name] = payload(rows)
    for table, frame in delivery.second_readings().items():
        source.payloads[table, f"{table}.csv"] = payload(frame)
    for table in sorted({table for table, _, _ in delivery.further} | set(delivery.revisions)):
        extract_table(connection, archive, source, CONTRACTS[table], clock=lambda: READ_AGAIN_AT)
    for table in CONTRACTS:
        rejected = connection.execute(f"select rule, row_json from ({open_rows_sql(table)})").fetchall()
        outcome.rejected += [(f"{table}__{rule}", row) for rule, row in rejected]
