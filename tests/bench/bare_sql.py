"""The SQL that dbt compiled, run through DuckDB alone: what a build would cost without anything around it.

    python -m tests.bench.bare_sql WAREHOUSE TARGET [--incremental] [--memory-limit 7GB] [--spill-dir DIRECTORY]

WAREHOUSE, under the name that it had when dbt compiled, holds the tables of a build: those of Python models stay as
they are, and so do incremental ones unless `--incremental` says that TARGET was compiled for a full refresh.
"""

import json
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb
import typer


def main(warehouse: Path, target: Path, incremental: bool = False, memory_limit: str = "", spill_dir: str = "") -> None:
    """Make every table and view anew, in the order of the graph."""
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    models = {key: node for key, node in nodes.items() if node["resource_type"] == "model"}
    order = TopologicalSorter({key: set(node["depends_on"]["nodes"]) & set(models) for key, node in models.items()})
    config = {name: said for name, said in (("memory_limit", memory_limit), ("temp_directory", spill_dir)) if said}
    with duckdb.connect(str(warehouse), config=config) as connection:
        for key in order.static_order():
            node = models[key]
            kept = node["config"]["materialized"] == "incremental" and not incremental
            if node["language"] == "sql" and not kept:
                sql = (target / "compiled" / node["package_name"] / node["original_file_path"]).read_text()
                kind = "view" if node["config"]["materialized"] == "view" else "table"
                connection.execute(f"create or replace {kind} {node['schema']}.{node['name']} as ({sql})")


if __name__ == "__main__":
    typer.run(main)
