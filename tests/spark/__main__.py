"""Spark against DuckDB on spoiled rows: `make test-spark`, or python -m tests.spark --spark-python PYTHON.

Builds an adversarial warehouse with DuckDB (adversarial.py), makes the same models of the same inputs with Spark, takes
Spark's tables into a copy of the warehouse as `make spark` does, and compares model by model (compare.py). Writes
docs/spark_parity.md; ends with 1 when a cell differs. No part of `make test`: it needs Java and minutes.
"""

import json
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer

from dagster_project.revision import git_revision
from dagster_project.settings import PROJECT_ROOT
from dagster_project.steps import warehouse
from dagster_project.warehouse.connection import open_warehouse
from dagster_project.warehouse.spark_exchange import copy_inputs, load_results
from tests.spark.adversarial import make
from tests.spark.compare import SMALLEST, TOLERANCE, Comparison, compare

PLACE = PROJECT_ROOT / "data" / "spark" / "test"
REPORT = PROJECT_ROOT / "docs" / "spark_parity.md"
FINGERPRINTS = ("made_from", "made_with")
"""Columns whose text an engine makes with its own hash (macro fingerprint); nothing published reads them."""


def main(
    spark_python: Annotated[Path, typer.Option(help="Python of the environment with Spark.")],
    seed: Annotated[int, typer.Option(help="Another seed spoils other rows.")] = 20170526,
    directory: Annotated[Path, typer.Option(help="Where everything but the report is written.")] = PLACE,
    reuse: Annotated[bool, typer.Option("--reuse", help="Compare what an earlier run left there.")] = False,
) -> None:
    """Compare, write the report, and say what differs."""
    begun = time.monotonic()
    if not reuse:
        shutil.rmtree(directory, ignore_errors=True)
        settings = make(directory, seed)
        with warehouse(settings) as connection:
            copy_inputs(connection, read_manifest(directory), directory / "inputs")
        run_spark(spark_python, directory)
    found = compare_all(directory)
    if not any(one.faults for one in found):
        take_in(directory)
    REPORT.write_text(report(found, seed, directory, time.monotonic() - begun), encoding="utf-8")
    faults = [f"{one.model}: {fault}" for one in found for fault in one.faults]
    for fault in faults:
        typer.echo(fault, err=True)
    typer.echo(f"{len(found)} models, {sum(one.cells for one in found):,} cells, {len(faults)} faults; {REPORT}")
    sys.exit(1 if faults else 0)


def read_manifest(directory: Path) -> dict[str, Any]:
    """What dbt for DuckDB wrote."""
    file = directory / "data" / "dbt_target" / "simulated" / "manifest.json"
    manifest: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return manifest


def run_spark(python: Path, directory: Path) -> None:
    """Make the models with Spark, in its own process and environment."""
    script = PROJECT_ROOT / "spark" / "run.py"
    arguments = ["--inputs", directory / "inputs", "--results", directory / "results", "--with-views"]
    outcome = subprocess.run([python, script, *arguments], check=False)
    if outcome.returncode:
        typer.echo("Spark did not make all models; those that are there are compared.", err=True)


def compare_all(directory: Path, tables: set[str] | None = None) -> list[Comparison]:
    """Every SQL model, or the tables named: what DuckDB made beside what Spark made."""
    manifest = read_manifest(directory)
    grains = {
        node["attached_node"]: node["test_metadata"]["kwargs"]["columns"]
        for node in manifest["nodes"].values()
        if (node.get("test_metadata") or {}).get("name") == "unique_grain"
    }
    models = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["language"] == "sql"
        and (tables is None or (node["name"] in tables and node["config"]["materialized"] != "view"))
    ]
    found = []
    with duckdb.connect(str(directory / "data" / "warehouse" / "simulated.duckdb"), read_only=True) as connection:
        connection.execute("set threads = 2")
        for node in sorted(models, key=lambda one: (one["schema"], one["name"])):
            relation = f"{node['schema']}.{node['name']}"
            folder = directory / "results" / "tables" / f"{node['schema']}.db" / node["name"]
            if not any(folder.glob("*.parquet")):
                found.append(Comparison(relation, 0, 0, 0, 0.0, ("Spark did not make it",)))
                continue
            keys = grains.get(node["unique_id"], ())
            made = f"read_parquet('{folder}/*.parquet')"
            found.append(compare(connection, relation, relation, made, keys, FINGERPRINTS))
    return found


def take_in(directory: Path) -> dict[str, int]:
    """Load Spark's tables into a copy of the warehouse, as `make spark` loads them; returns row counts."""
    copied = directory / "loaded" / "simulated.duckdb"
    shutil.rmtree(copied.parent, ignore_errors=True)
    copied.parent.mkdir(parents=True)
    shutil.copy(directory / "data" / "warehouse" / "simulated.duckdb", copied)
    with open_warehouse(copied, "sample", is_simulated=True) as connection:
        return load_results(connection, read_manifest(directory), directory / "inputs", directory / "results")


def report(found: list[Comparison], seed: int, directory: Path, seconds: float) -> str:
    """The comparison as a page."""
    differing = [one for one in found if one.faults]
    verdict = f"{len(differing)} of {len(found)} models differ" if differing else "no cell differs"
    spent = json.loads((directory / "results" / "nodes.json").read_text(encoding="utf-8"))
    versions = json.loads((directory / "results" / "versions.json").read_text(encoding="utf-8"))
    lines = [
        "# Spark against DuckDB",
        "",
        "Written by `make test-spark`; do not edit. The same dbt project on both engines, over one adversarial",
        "warehouse (tests/spark/adversarial.py, tests/members.py; all simulated): conflicting, revised, repeated and",
        "withdrawn vintages, two sources, nulls, zeros, NaN, holes of a day and a month, splits, equal flows and",
        "weights, runs of unchanged rows, late listings, delistings, ticker changes. Seeds, raw tables and the tables",
        "of Python models are inputs of Spark.",
        "",
        f"Keys, nulls, texts, dates and whole numbers must be equal; doubles may differ by {TOLERANCE:g} of the larger",
        f"one, or by {SMALLEST:g}, which is what subtraction leaves of the last digits of larger numbers.",
        f"Not compared: {', '.join(FINGERPRINTS)}: fingerprints, which each engine makes with its own hash.",
        "",
        f"**{len(found)} models, {sum(one.cells for one in found):,} cells: {verdict}.**",
        "",
        "| | |",
        "|---|---|",
        f"| seed | {seed} |",
        f"| revision | {git_revision() or 'unknown'} |",
        f"| date | {datetime.now(UTC):%Y-%m-%d} |",
        f"| engines | DuckDB {duckdb.__version__}; " + ", ".join(f"{k} {v}" for k, v in versions.items()) + " |",
        f"| time | {seconds / 60:.0f} minutes; models on Spark {sum(one['seconds'] for one in spent) / 60:.0f} |",
        "",
        "| model | rows | columns | cells | largest relative difference |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {one.model} | {one.rows:,} | {one.columns} | {one.cells:,} | {one.largest_difference:.1e} |"
            for one in found
        ),
    ]
    if differing:
        lines += ["", "## What differs", ""]
        lines += [f"- {one.model}: {fault}" for one in differing for fault in one.faults]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
