"""What a build costs beside its SQL, and where it goes: in turns within one run on one machine.

    python -m tests.bench.bench_build [--source files --inbox PATH] [--rounds 3]

On a warehouse that is already filled, each round runs
1. `smallcap build`: extraction, dbt with all checks, publishing, page and brief;
2. the same compiled SQL through bare DuckDB, on a copy (Python and incremental models keep their tables);
3. the import of dagster and dbt and nothing else;
4. the same assets the stock way, `dagster asset materialize` (tests/bench/stock_definitions.py).
Wall seconds, CPU seconds and peak memory are those of the whole process tree, read from the operating system. Then one
build more tells its phases (tests/bench/phases.py).
"""

import json
import os
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import typer

from dagster_project.settings import PROJECT_ROOT
from tests.bench.figure import Figure, middle, of_process

BIN = Path(sys.executable).parent

IMPORTS = "import dagster, dagster_dbt; from dbt.cli.main import dbtRunner; import dbt.adapters.duckdb"
BUILD, BARE, IMPORT, STOCK = (
    "smallcap build", "bare DuckDB, same SQL", "import dagster and dbt", "stock dagster asset materialize"
)  # fmt: skip


def turns(data: Path, source: str, inbox: Path | None, rounds: int) -> dict[str, list[Figure]]:
    """The four things in turns, each `rounds` times; the first build, which fills the warehouse, apart."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SMALLCAP_")}
    environment |= {"SMALLCAP_DATA_DIR": str(data), "SMALLCAP_SOURCE": source}
    environment["PATH"] = f"{BIN}{os.pathsep}{environment['PATH']}"
    if inbox:
        environment["SMALLCAP_INBOX"] = str(inbox.resolve())
    stock = environment | {"DAGSTER_HOME": str(data / "stock_home")}
    Path(stock["DAGSTER_HOME"]).mkdir(parents=True)
    (Path(stock["DAGSTER_HOME"]) / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    mode = "simulated" if source == "sample" else "real"
    copied = data / f"{mode}.duckdb"  # the same name: it is the catalogue that compiled SQL names
    target = data / "dbt_target" / mode
    build = [str(BIN / "smallcap"), "build", "--quiet"]
    stock_command = [str(BIN / "dagster"), "asset", "materialize", "--select", "*"]
    found = {"first build": [of_process(f"{BUILD}, first", build, environment)]}
    phases = [sys.executable, "-m", "tests.bench.phases"]
    for _ in range(rounds):
        found.setdefault(BUILD, []).append(of_process(BUILD, build, environment))
        shutil.copyfile(data / "warehouse" / f"{mode}.duckdb", copied)
        bare = [sys.executable, "-m", "tests.bench.bare_sql", str(copied), str(target)]
        found.setdefault(BARE, []).append(of_process(BARE, bare, environment))
        found.setdefault(IMPORT, []).append(of_process(IMPORT, [sys.executable, "-c", IMPORTS], environment))
        found.setdefault(STOCK, []).append(
            of_process(STOCK, [*stock_command, "-m", "tests.bench.stock_definitions"], stock)
        )
    of_process("phases", phases, environment | {"SMALLCAP_BENCH_PHASES": str(data / "phases.json")})
    return found


def main(source: str = "sample", inbox: Path | None = None, rounds: int = 3) -> None:
    """Measure; one line of JSON per figure."""
    with tempfile.TemporaryDirectory(prefix="smallcap-bench-") as scratch:
        data = Path(scratch)
        found = turns(data, source, inbox, rounds)
        phases = json.loads((data / "phases.json").read_text())
    each = {name: middle(several) for name, several in found.items()}
    reference = each[BUILD]
    least = (each[IMPORT].cpu_seconds or 0) + (each[BARE].cpu_seconds or 0)
    for name, figure in each.items():
        ratio = figure.seconds / reference.seconds
        typer.echo(replace(figure, ratio=ratio, ratio_of="seconds of smallcap build").line())
        if name == BUILD:
            goal = Figure(
                "CPU of smallcap build over that of the imports and the bare SQL", reference.seconds,
                reference.cpu_seconds, ratio=(reference.cpu_seconds or 0) / least, note="goal: at most 2",
            )  # fmt: skip
            typer.echo(goal.line())
    for name, cpu in phases.items():
        typer.echo(Figure(f"phase: {name}", cpu["seconds"], cpu["cpu_seconds"]).line())


if __name__ == "__main__":
    os.chdir(PROJECT_ROOT)
    typer.run(main)
