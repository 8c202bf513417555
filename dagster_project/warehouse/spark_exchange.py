"""What goes to Spark and comes back: folders of Parquet, one per table.

Belongs here: which tables the dbt project reads without making them in SQL, how they are written, and how the tables
that Spark made take their places in the warehouse.
Does not belong here: Spark itself (`spark/run.py`), which runs in an environment of its own.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.errors import WarehouseError
from dagster_project.warehouse.connection import transaction
from dagster_project.warehouse.ddl import sql_text
from dagster_project.warehouse.ingest import last_payload_seq

if TYPE_CHECKING:
    import duckdb

MARK = "through.json"
"""Beside the inputs: the last entry of the ledger that they hold."""


def input_tables(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Schema and name of every table that dbt reads and Spark does not make: sources, seeds and Python models."""
    made_here = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "seed" or node.get("language") == "python"
    ]
    return sorted((node["schema"], node["name"]) for node in [*manifest["sources"].values(), *made_here])


def tables_of_spark(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Nodes of the models that Spark makes as tables."""
    return [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["language"] == "sql" and node["config"]["materialized"] != "view"
    ]


def copy_inputs(
    connection: "duckdb.DuckDBPyConnection", manifest: Mapping[str, Any], directory: Path
) -> dict[str, int]:
    """Write the inputs, all vintages, as `<directory>/<schema>/<table>/part.parquet`; returns row counts.

    All vintages and not the current ones: models of past days read those that were known then, and the choice among
    them is then made by the same SQL on both engines.
    """
    if directory.exists():
        shutil.rmtree(directory)
    rows = {}
    for schema, table in input_tables(manifest):
        folder = directory / schema / table
        folder.mkdir(parents=True)
        file = sql_text(str(folder / "part.parquet"))
        copied = connection.execute(f"copy (from {schema}.{table}) to {file} (format parquet, compression zstd)")
        [(rows[f"{schema}.{table}"],)] = copied.fetchall()
    (directory / MARK).write_text(json.dumps({"payload_seq": last_payload_seq(connection)}), encoding="utf-8")
    return rows


def load_results(
    connection: "duckdb.DuckDBPyConnection", manifest: Mapping[str, Any], inputs: Path, results: Path
) -> dict[str, int]:
    """Put the tables that Spark made into the warehouse, all or none; returns row counts.

    Args:
        inputs: what `copy_inputs` wrote for this run of Spark.
        results: folder with `tables/<schema>.db/<table>/*.parquet`.

    Raises:
        WarehouseError: a table or a column of it is missing, or the inputs are not those of this warehouse as it
            stands. Nothing was taken in.
    """
    import duckdb

    mark = inputs / MARK
    through = json.loads(mark.read_text(encoding="utf-8"))["payload_seq"] if mark.exists() else None
    if through != (now := last_payload_seq(connection)):
        raise WarehouseError(
            f"{inputs} holds deliveries through {through} and the warehouse through {now}: what Spark made of it is "
            "older. Run `make spark` again."
        )
    nodes = tables_of_spark(manifest)
    files = {n["unique_id"]: results / "tables" / f"{n['schema']}.db" / n["name"] / "*.parquet" for n in nodes}
    missing = [n["name"] for n in nodes if not any(files[n["unique_id"]].parent.glob("*.parquet"))]
    if missing:
        raise WarehouseError(
            f"{results} lacks {len(missing)} of {len(nodes)} tables, for example {missing[0]}: Spark did not make "
            f"them. What it said stands in {results / 'logs' / 'dbt.log'}."
        )
    rows = {}
    with transaction(connection):
        for node in nodes:
            relation, file = f"{node['schema']}.{node['name']}", sql_text(str(files[node["unique_id"]]))
            contract = [(name, column["data_type"]) for name, column in node["columns"].items()]
            is_typed = node["config"]["contract"]["enforced"]
            chosen = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in contract) if is_typed else "*"
            connection.execute(f"create schema if not exists {node['schema']}")
            try:
                connection.execute(f"create or replace table {relation} as select {chosen} from read_parquet({file})")
            except duckdb.Error as error:
                words = str(error).splitlines()[0]
                raise WarehouseError(
                    f"{relation} as Spark made it cannot be taken in ({words}). File: {file}"
                ) from error
            [(rows[relation],)] = connection.execute(f"select count(*) from {relation}").fetchall()
    return rows
