"""Three marts as the build computes them beside pandas and polars, on inputs repeated to a size that can be measured.

    python -m tests.bench.bench_marts [--times 60] [--rounds 3]

A build of the sample makes the inputs. The compiled SQL runs on a copy of its warehouse, one thread a query as in a
build, and writes its table; the frames start in memory, give the columns that `frames_of_marts.py` names and are
compared with the SQL before anything counts.
pandas and polars are those of tests/clients.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import typer

from dagster_project.dbt_runner import ensure_manifest, read_manifest
from dagster_project.settings import Settings
from tests.bench.figure import Figure, middle, of_process
from tests.clients.environments import installed

HERE = Path(__file__).resolve().parent
COPIES = {
    "int_prices__closes": "replace (symbol || copy as symbol)",
    "int_prices__total_return": "replace (symbol || copy as symbol)",
    "int_pairs__levels": "replace (pair_id || copy as pair_id)",
    "int_pairs__rolling_beta": "replace (pair_id || copy as pair_id)",
    "int_pairs__horizon_returns": "replace (pair_id || copy as pair_id)",
    "int_pairs__ytd_gap_context": "replace (pair_id || copy as pair_id)",
    "stg_rates__policy_rates": "replace (rate_date + cast(20000 * copy as integer) as rate_date)",
    "stg_rates__treasury_yields": "replace (rate_date + cast(20000 * copy as integer) as rate_date)",
}
"""Inputs of the marts, and what keeps the copies of a row apart."""
ENGINES = ("duckdb", "pandas", "polars")
MARTS = ("price_levels", "policy_and_yields", "relative_performance")


def main(times: int = 60, rounds: int = 3) -> None:
    """Measure; one line of JSON per figure."""
    with tempfile.TemporaryDirectory(prefix="smallcap-bench-") as scratch:
        settings = Settings(_env_file=None, data_dir=Path(scratch) / "data", source="sample")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SMALLCAP_")}
        environment |= {"SMALLCAP_DATA_DIR": str(settings.data_dir), "SMALLCAP_SOURCE": "sample"}
        of_process("build", [str(Path(sys.executable).with_name("smallcap")), "build", "--quiet"], environment)
        for figure in compared(settings, Path(scratch), times, rounds):
            typer.echo(figure.line())


def compared(settings: Settings, scratch: Path, times: int, rounds: int) -> Iterator[Figure]:
    """Each mart by each engine."""
    client = installed()["2.0"]
    if isinstance(client, str):
        raise typer.BadParameter(f"the environment with pandas and polars cannot be made: {client}")
    nodes = read_manifest(ensure_manifest(settings))["nodes"].values()
    schemas = {node["name"]: node["schema"] for node in nodes if node["resource_type"] == "model"}
    copy = scratch / settings.warehouse_file.name  # the same name: it is the catalogue that SQL names
    shutil.copyfile(settings.warehouse_file, copy)
    with duckdb.connect(str(copy)) as connection:
        for table, replaced in COPIES.items():
            repeat(connection, f"{schemas[table]}.{table}", replaced, times)
    compiled = settings.dbt_target_dir / "compiled" / "smallcap_watch" / "models" / "marts"
    queries = {mart: (compiled / f"{mart}.sql").read_text(encoding="utf-8") for mart in MARTS}
    (scratch / "queries.json").write_text(json.dumps(queries))
    done = subprocess.run(
        [client.python, HERE / "frames_of_marts.py", copy, scratch / "queries.json", str(rounds)],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    found = [json.loads(line) for line in done.stdout.splitlines()]
    for mart in MARTS:
        by_engine = {
            engine: middle([
                Figure(f"{mart}, {engine}", one["seconds"], one["cpu_seconds"], rows=one["rows"])
                for one in found if (one["mart"], one["engine"]) == (mart, engine)
            ])
            for engine in ENGINES
        }  # fmt: skip
        for figure in by_engine.values():
            ratio = figure.seconds / by_engine["duckdb"].seconds
            yield replace(figure, ratio=ratio, ratio_of="seconds of the SQL")


def repeat(connection: duckdb.DuckDBPyConnection, name: str, replaced: str, times: int) -> None:
    """Put a table with every row `times` over in the place of a table or view."""
    connection.execute(
        f"create table repeated as select * exclude (copy) {replaced} from {name}, range({times}) as copies (copy)"
    )
    [(kind,)] = connection.execute(
        "select table_type from information_schema.tables where table_schema || '.' || table_name = ?", [name]
    ).fetchall()
    connection.execute(f"drop {'view' if kind == 'VIEW' else 'table'} {name} cascade")
    connection.execute(f"create table {name} as from repeated")
    connection.execute("drop table repeated")


if __name__ == "__main__":
    typer.run(main)
