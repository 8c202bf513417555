"""What goes to Spark and comes back: folders of Parquet, one per table.

Belongs here: which tables the dbt project reads without making them in SQL, and how they are written.
Does not belong here: Spark itself (`spark/run.py`), which runs in an environment of its own.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.warehouse.ddl import sql_text

if TYPE_CHECKING:
    import duckdb


def input_tables(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Schema and name of every table that dbt reads and Spark does not make: sources, seeds and Python models."""
    made_here = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "seed" or node.get("language") == "python"
    ]
    return sorted((node["schema"], node["name"]) for node in [*manifest["sources"].values(), *made_here])


def copy_inputs(
    connection: "duckdb.DuckDBPyConnection", manifest: Mapping[str, Any], directory: Path
) -> dict[str, int]:
    """Write those tables, all vintages, as `<directory>/<schema>/<table>/part.parquet`; returns row counts."""
    if directory.exists():
        shutil.rmtree(directory)
    rows = {}
    for schema, table in input_tables(manifest):
        folder = directory / schema / table
        folder.mkdir(parents=True)
        file = sql_text(str(folder / "part.parquet"))
        copied = connection.execute(f"copy (from {schema}.{table}) to {file} (format parquet, compression zstd)")
        [(rows[f"{schema}.{table}"],)] = copied.fetchall()
    return rows
