"""The dbt project over Thrift, on a standalone master with two workers, all on this machine, against DuckDB.

What is compared, and how, is that of `make test-spark` (tests/spark); what `session` cannot show is tried here: a
metastore that outlives a session, executors in processes of their own, and dbt speaking to a server. The processes
listen on 127.0.0.1. `cases` is not used: one run is one case. Report: docs/soak_spark.md.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dagster_project.settings import PROJECT_ROOT
from dagster_project.steps import warehouse
from dagster_project.warehouse.spark_exchange import MARK, copy_inputs
from tests import members
from tests.campaign import REPORTS, begin, facts, place, say
from tests.spark import adversarial
from tests.spark.__main__ import compare_all, read_manifest
from tests.spark.adversarial import make
from tests.spark.compare import Comparison

SOAK = place("spark")
REPORT = REPORTS / "soak_spark.md"
PYTHON = PROJECT_ROOT / ".venv-spark" / "bin" / "python"
MEANING = ["spark.sql.session.timeZone=UTC", "spark.sql.timestampType=TIMESTAMP_NTZ", "spark.sql.ansi.enabled=false"]
SMALL = ["spark.sql.codegen.wholeStage=false", "spark.sql.constraintPropagation.enabled=false"]
"""As in spark/run.py: settings that decide results, and those for small tables."""
WORKERS = 2
CHOSEN = ["+breadth", "+relative_performance_horizons", "+rate_probabilities", "+fund_flows_weekly"]
"""Members, prices, rates and flows with all that they read. The others, whose plans take the driver of this machine
minutes each, are left to `make test-spark`: over Thrift they are planned in the same way."""


def campaign(seed: int, cases: int) -> bool:
    """Make the models on the cluster, compare, write the report; whether no cell differs."""
    begun = time.monotonic()
    begin(SOAK, seed, (Path(adversarial.__file__), Path(members.__file__)))
    if not (SOAK / "inputs" / MARK).exists():
        settings = make(SOAK, seed)
        with warehouse(settings) as connection:
            copy_inputs(connection, read_manifest(SOAK), SOAK / "inputs")
    results = SOAK / "results"
    shutil.rmtree(results, ignore_errors=True)
    with cluster(results) as address:
        say(f"dbt on {address}")
        arguments = ["--inputs", SOAK / "inputs", "--results", results, "--server", address, "--select", *CHOSEN]
        subprocess.run([PYTHON, PROJECT_ROOT / "spark" / "run.py", *arguments], check=False)
    nodes = json.loads((results / "nodes.json").read_text(encoding="utf-8"))
    found = compare_all(SOAK, {node["name"] for node in nodes})
    REPORT.write_text(report(found, nodes, seed, time.monotonic() - begun, results), encoding="utf-8")
    faults = [f"{one.model}: {fault}" for one in found for fault in one.faults]
    for fault in faults:
        say(fault)
    say(f"{len(found)} models, {len(faults)} faults; {REPORT.relative_to(PROJECT_ROOT)}")
    return not faults


@contextmanager
def cluster(results: Path) -> Iterator[str]:
    """A master, two workers and a Thrift server; gives the server's address, and ends all of them."""
    results.mkdir(parents=True)
    home = Path(
        subprocess.check_output([PYTHON, "-c", "import pyspark; print(pyspark.__path__[0])"], text=True).strip()
    )
    environment = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": str(PYTHON)}
    master, server = free_port(), free_port()
    address = f"spark://127.0.0.1:{master}"
    node = [home / "bin" / "spark-class"]
    deploy = "org.apache.spark.deploy"
    settings = [
        *MEANING, *SMALL, "spark.ui.enabled=false", "spark.sql.shuffle.partitions=2",
        "spark.sql.catalogImplementation=hive", f"spark.sql.warehouse.dir={results / 'tables'}",
        f"spark.hadoop.javax.jdo.option.ConnectionURL=jdbc:derby:;databaseName={results / 'metastore'};create=true",
        "spark.driver.memory=1g", "spark.executor.memory=700m", "spark.executor.cores=1",
    ]  # fmt: skip
    thrift = [
        home / "bin" / "spark-submit", "--master", address,
        "--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2",
        *[part for setting in settings for part in ("--conf", setting)], "spark-internal",
        "--hiveconf", f"hive.server2.thrift.port={server}", "--hiveconf", "hive.server2.thrift.bind.host=127.0.0.1",
    ]  # fmt: skip
    with ExitStack() as running:

        def start(name: str, command: list) -> None:
            log = running.enter_context((results / f"{name}.log").open("w"))
            process = subprocess.Popen(
                [str(part) for part in command], cwd=results, env=environment, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
            running.callback(end, process)

        start("master", [*node, f"{deploy}.master.Master", "--host", "127.0.0.1", "--port", master, "--webui-port", 0])
        wait_for(master, results / "master.log")
        for number in range(WORKERS):
            folder = results / f"worker_{number}"
            worker = ["--cores", 1, "--memory", "800m", "--webui-port", 0, "--work-dir", folder, address]
            start(f"worker_{number}", [*node, f"{deploy}.worker.Worker", "--host", "127.0.0.1", *worker])
        start("thrift", thrift)
        wait_for(server, results / "thrift.log")
        yield f"127.0.0.1:{server}"


def end(process: subprocess.Popen) -> None:
    """Stop a process that was started here."""
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def wait_for(port: int, log: Path, seconds: float = 180) -> None:
    """Wait until somebody listens."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(1)
    raise RuntimeError(f"nobody answers on port {port} after {seconds:.0f} s; it said: {log.read_text()[-2000:]}")


def report(found: list[Comparison], nodes: list[dict], seed: int, seconds: float, results: Path) -> str:
    """The run as a page."""
    differing = [one for one in found if one.faults]
    verdict = f"{len(differing)} of them differ" if differing else "no cell differs"
    versions = json.loads((results / "versions.json").read_text(encoding="utf-8"))
    workers = sum("Registering worker" in line for line in (results / "master.log").read_text().splitlines())
    executors = len(list(results.glob("worker_*/app-*/*")))
    lines = [
        "# Soak: Spark over Thrift",
        "",
        "Written by `make soak CAMPAIGN=spark`; do not edit. A standalone master, two workers and a Thrift server with",
        "a metastore on disk, each a process of its own on this machine; the dbt project over dbt-spark's method",
        "`thrift` on the adversarial warehouse of `make test-spark`, for members, prices, rates and flows",
        f"(`dbt run --select {' '.join(CHOSEN)}`). Tables are compared with DuckDB's as there; views are not.",
        "",
        f"**{len(found)} tables, {sum(one.cells for one in found):,} cells: {verdict}.**",
        "",
        *facts(seed, seconds, 1),
        "| engines | " + ", ".join(f"{name} {version}" for name, version in versions.items()) + " |",
        f"| workers that the master registered | {workers} |",
        f"| executors that ran | {executors} |",
        f"| models made | {sum(node['status'] == 'success' for node in nodes)} of {len(nodes)} |",
        f"| seconds of models | {sum(node['seconds'] for node in nodes):.0f} |",
    ]
    if differing:
        lines += ["", "## What differs", ""]
        lines += [f"- {one.model}: {fault}" for one in differing for fault in one.faults]
    return "\n".join(lines) + "\n"
