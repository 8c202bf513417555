"""What a build costs, and what of it is not the SQL: ratios within one run on one machine.

`make bench [SOURCE=files INBOX=path]` measures, on a warehouse that is already filled (second run):
1. `smallcap build`, extraction and dbt and publishing included;
2. the same compiled SQL through bare DuckDB, on a copy (Python and incremental models keep their tables);
3. a stock `dagster job execute` of the same assets (`dagster asset materialize` takes no partitioned ones).
Wall seconds, CPU seconds and peak memory are those of the whole process tree, read from the operating system.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import typer

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent

BARE_DUCKDB = """
import json, pathlib, sys, duckdb
file, target = sys.argv[1], pathlib.Path(sys.argv[2])
manifest = json.loads((target / "manifest.json").read_text())
order = [r["unique_id"] for r in json.loads((target / "run_results.json").read_text())["results"]]
connection = duckdb.connect(file)
for unique_id in order:
    node = manifest["nodes"].get(unique_id, {"resource_type": "exposure"})
    is_sql = node["resource_type"] == "model" and node["language"] == "sql"
    if is_sql and node["config"]["materialized"] != "incremental":
        sql = (target / "compiled" / node["package_name"] / node["original_file_path"]).read_text()
        kind = "view" if node["config"]["materialized"] == "view" else "table"
        connection.execute(f"create or replace {kind} {node['schema']}.{node['name']} as ({sql})")
"""


@dataclass(frozen=True)
class Cost:
    """Cost of one command."""

    name: str
    wall_seconds: float
    cpu_seconds: float
    peak_mib: float


def measure(name: str, command: list[str], environment: dict[str, str]) -> Cost:
    """Run a command to its end; raises when it fails."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 3):
            output.seek(0)
            raise RuntimeError(f"{name} ended with {process.returncode}: {output.read()[-2000:].decode()}")
    return Cost(name, time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main(source: str = "sample", inbox: Path | None = None) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="smallcap-bench-") as scratch:
        data = Path(scratch)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SMALLCAP_")}
        environment |= {"SMALLCAP_DATA_DIR": str(data), "SMALLCAP_SOURCE": source}
        if inbox:
            environment["SMALLCAP_INBOX"] = str(inbox.resolve())
        build = [str(BIN / "smallcap"), "build", "--quiet"]
        costs = [measure("smallcap build, first", build, environment)]
        costs.append(measure("smallcap build, second", build, environment))
        mode = "simulated" if source == "sample" else "real"
        copied = data / f"{mode}.duckdb"  # the same name: it is the catalogue that compiled SQL names
        shutil.copy(data / "warehouse" / f"{mode}.duckdb", copied)
        target = data / "dbt_target" / mode
        costs.append(
            measure("bare DuckDB, same SQL", [sys.executable, "-c", BARE_DUCKDB, str(copied), str(target)], environment)
        )
        stock = environment | {"DAGSTER_HOME": str(data / "stock_home"), "DAGSTER_DISABLE_TELEMETRY": "1"}
        Path(stock["DAGSTER_HOME"]).mkdir()
        (Path(stock["DAGSTER_HOME"]) / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
        command = [str(BIN / "dagster"), "job", "execute", "-j", "daily", "-m", "dagster_project.definitions"]
        costs.append(measure("stock dagster job execute", command, stock))
        nodes = json.loads((target / "run_results.json").read_text())["results"]
    reference = costs[1]
    typer.echo(f"source {source}, {len(nodes)} dbt nodes, {os.cpu_count()} cores")
    typer.echo(f"{'':28}{'wall s':>9}{'cpu s':>9}{'peak MiB':>10}{'wall / second build':>22}")
    for cost in costs:
        ratio = cost.wall_seconds / reference.wall_seconds
        typer.echo(f"{cost.name:28}{cost.wall_seconds:9.1f}{cost.cpu_seconds:9.1f}{cost.peak_mib:10.0f}{ratio:22.2f}")


if __name__ == "__main__":
    typer.run(main)
