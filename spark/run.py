"""dbt on Spark, in the environment of `make spark`: registers the inputs as tables, then runs dbt over them.

Belongs here: the Spark session and its settings, and calling dbt. It runs in .venv-spark and knows nothing of
dagster_project, which knows nothing of Spark: they meet in folders of Parquet (`warehouse.spark_exchange`).
Does not belong here: SQL of the project (`dbt/`).
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent / "dbt"
MADE_ELSEWHERE = ["path:models/**/*.py", "resource_type:seed"]
"""Made on DuckDB, which has the libraries of the Python models; they arrive as inputs."""

MEANING = {
    "spark.sql.session.timeZone": "UTC",
    # instants are naive UTC in every table
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    # a division by zero is a null, not the end of the build
    "spark.sql.ansi.enabled": "false",
}
"""Settings that decide what a query gives, wherever Spark runs."""
SMALL = {
    "spark.ui.enabled": "false",
    # plans of some models are long and their tables small: compiling Java for them takes longer than running them
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.adaptive.enabled": "false",
    # a CTE that is read ten times is planned ten times; what is known of its columns makes that plan take minutes
    "spark.sql.constraintPropagation.enabled": "false",
}
"""Settings for a Spark of one process."""


def main() -> int:
    """Register inputs, run dbt, and end with 1 when a node failed."""
    parser = argparse.ArgumentParser(description="dbt on a Spark of this process, or behind a Thrift server")
    parser.add_argument("--inputs", type=Path, required=True, help="folder <schema>/<table>/*.parquet")
    parser.add_argument("--results", type=Path, required=True, help="folder of the tables that Spark makes")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--memory", default="2g", help="of this process, which does all the work")
    parser.add_argument("--with-views", action="store_true", help="write the views as tables beside the others")
    parser.add_argument("--server", help="HOST:PORT of a Thrift server that sees the same folders")
    parser.add_argument("--select", nargs="*", default=[], help="models, in the words of dbt")
    asked = parser.parse_args()
    results = asked.results.resolve()
    if not asked.server:  # a server keeps its tables there
        shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True, exist_ok=True)
    if asked.server:
        register(server_cursor(asked.server).execute, asked.inputs.resolve())
        return run_dbt(results, "cluster", asked.select)
    session = start_session(results, asked.cores, asked.memory)
    try:
        register(session.sql, asked.inputs.resolve())
        failed = run_dbt(results, "session", asked.select)
        if asked.with_views:
            write_views(session, results)
        return failed
    finally:
        session.stop()


def start_session(results: Path, cores: int, memory: str) -> Any:
    """A Spark in this process whose catalogue lives as long as it, and whose tables are Parquet below `results`."""
    from pyspark.sql import SparkSession

    own = {
        "spark.driver.memory": memory,
        "spark.sql.shuffle.partitions": str(cores),
        "spark.sql.warehouse.dir": str(results / "tables"),
        "spark.local.dir": str(results / "spill"),
        "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),  # bars for a person, not for a log
    }
    builder = SparkSession.builder.master(f"local[{cores}]").appName("smallcap")
    for name, value in {**MEANING, **SMALL, **own}.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def server_cursor(address: str) -> Any:
    """A cursor on a Thrift server, whose address dbt then finds in its profile."""
    from pyhive import hive

    host, port = address.rsplit(":", 1)
    os.environ.update({"SMALLCAP_SPARK_HOST": host, "SMALLCAP_SPARK_PORT": port})
    return hive.connect(host, int(port)).cursor()


def register(sql: Callable[[str], Any], inputs: Path) -> None:
    """Make a table over every folder of inputs."""
    folders = sorted(path for path in inputs.glob("*/*") if path.is_dir())
    if not folders:
        raise SystemExit(f"{inputs} holds no table: expected <schema>/<table>/*.parquet, as `make spark` writes them.")
    for folder in folders:
        schema, table = folder.relative_to(inputs).parts
        sql(f"create schema if not exists {schema}")
        sql(f"create table {schema}.{table} using parquet location '{folder}'")


def run_dbt(results: Path, target: str, select: list[str]) -> int:
    """Make the SQL models; returns 1 when one failed. Says which, and leaves seconds per model in nodes.json."""
    from dbt.cli.main import dbtRunner

    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    arguments = [
        "run", "--project-dir", str(PROJECT), "--profiles-dir", str(HERE), "--target", target,
        "--target-path", str(results / "dbt"), "--log-path", str(results / "logs"), "--exclude", *MADE_ELSEWHERE,
        "--log-level", "none", "--log-level-file", "info", *(["--select", *select] if select else []),
    ]  # fmt: skip
    outcome = dbtRunner().invoke(arguments)
    if outcome.exception:
        print(f"dbt could not run: {outcome.exception}. Details: {results / 'logs' / 'dbt.log'}", file=sys.stderr)
        return 1
    nodes = [
        {"name": r.node.name, "status": str(r.status), "seconds": round(r.execution_time, 2), "message": r.message}
        for r in outcome.result.results
    ]
    (results / "nodes.json").write_text(json.dumps(nodes, indent=1), encoding="utf-8")
    versions = {name: version(name) for name in ("dbt-core", "dbt-spark", "pyspark")}
    (results / "versions.json").write_text(json.dumps(versions), encoding="utf-8")
    failed = [node for node in nodes if node["status"] != "success"]
    for node in failed:
        print(f"{node['status']}: {node['name']}: {(node['message'] or '').strip()}", file=sys.stderr)
    print(f"{len(nodes) - len(failed)} of {len(nodes)} models made")
    return int(bool(failed) or not nodes)


def write_views(session: Any, results: Path) -> None:
    """Write each view of the schemas as Parquet where its table would be, for a comparison."""
    for schema in (row.namespace for row in session.sql("show schemas").collect()):
        for view in session.sql(f"show views in {schema}").collect():
            folder = results / "tables" / f"{schema}.db" / view.viewName
            session.table(f"{schema}.{view.viewName}").write.mode("overwrite").parquet(str(folder))


if __name__ == "__main__":
    sys.exit(main())
