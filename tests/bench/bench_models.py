"""Seconds and memory of single models, each in a dbt process of its own on a copy of a warehouse.

    python -m tests.bench.bench_models WAREHOUSE [MODEL ...]

Without names: the models of the research and of the ledger. Beside each stand the seconds that dbt counts for the
model, and the CPU seconds and peak memory of the process above those of one that makes `dim_check` only.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from tests.bench.figure import Figure, of_process

RESEARCH = [
    "int_research__event_windows",
    "int_research__rate_sensitivity",
    "int_signals__forward_outcomes",
    "int_signals__rest_of_year",
    "int_signals__rest_of_year_outcomes",
    "int_signals__scorecard",
    "event_study",
    "rate_sensitivity",
    "signal_daily",
    "signal_scorecard",
    "claims",
    "claim_outcomes",
]
NEXT_TO_NOTHING = "dim_check"


def main(warehouse: Path, models: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="smallcap-bench-") as scratch:
        copy = Path(scratch) / warehouse.name  # the same name: it is the catalogue that SQL names
        shutil.copyfile(warehouse, copy)
        one_model(copy, NEXT_TO_NOTHING)  # parses the project
        base, _ = one_model(copy, NEXT_TO_NOTHING)
        typer.echo(f"{'model':36}{'rows':>9}{'seconds':>9}{'cpu s':>8}{'MiB':>7}")
        for model in models or RESEARCH:
            cost, seconds = one_model(copy, model)
            typer.echo(
                f"{model:36}{rows_of(copy, model):9,}{seconds:9.2f}{above(cost.cpu_seconds, base.cpu_seconds):8.2f}"
                f"{above(cost.peak_mib, base.peak_mib):7.0f}"
            )
        typer.echo(f"a dbt process that makes {NEXT_TO_NOTHING}: {base.cpu_seconds:.1f} cpu s, {base.peak_mib:.0f} MiB")


def one_model(warehouse: Path, model: str) -> tuple[Figure, float]:
    """Cost of the process and seconds that dbt counts for the model."""
    target = warehouse.parent / "target"
    command = [str(Path(sys.executable).with_name("dbt")), "run", "--select", model]
    command += ["--project-dir", "dbt", "--profiles-dir", "dbt"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SMALLCAP_")}
    environment |= {
        "SMALLCAP_WAREHOUSE_FILE": str(warehouse),
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(target),
    }
    cost = of_process(model, command, environment)
    return cost, dbt_seconds(target / "run_results.json")


def dbt_seconds(run_results: Path) -> float:
    """Execution time of the only node of the last run."""
    [result] = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    return float(result["execution_time"])


def above(figure: float | None, base: float | None) -> float:
    """What a process cost more than the one that makes next to nothing."""
    return (figure or 0) - (base or 0)


def rows_of(warehouse: Path, model: str) -> int:
    """Rows of the table, in whichever schema it is."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute("select schema_name from duckdb_tables() where table_name = ?", [model]).fetchall()
        return sum(connection.table(f"{schema}.{model}").shape[0] for (schema,) in found)


if __name__ == "__main__":
    typer.run(main)
