"""One `smallcap build` in this process that tells seconds and CPU seconds of its phases.

The steps are timed from outside, so that nothing in the project knows of it; what is inside no step is Dagster's.
`SMALLCAP_BENCH_PHASES` names the file to write.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

BEGUN, CPU_BEGUN = time.perf_counter(), time.process_time()
spent: dict[str, dict[str, float]] = {}
running: list[str] = []


def timed(phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, its time booked on `phase` and taken off the phase it runs in."""

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        running.append(phase)
        begun, cpu = time.perf_counter(), time.process_time()
        try:
            return function(*args, **kwargs)
        finally:
            running.pop()
            took, took_cpu = time.perf_counter() - begun, time.process_time() - cpu
            book(phase, took, took_cpu)
            if running:
                book(running[-1], -took, -took_cpu)

    return wrapped


def book(phase: str, seconds: float, cpu_seconds: float) -> None:
    """Add to a phase."""
    entry = spent.setdefault(phase, {"seconds": 0.0, "cpu_seconds": 0.0})
    entry["seconds"] += seconds
    entry["cpu_seconds"] += cpu_seconds


def main(file: Path) -> None:
    """Build, and write the phases."""
    import dagster_dbt  # noqa: F401
    from dbt.cli.main import dbtRunner  # noqa: F401

    book("import of dagster and dbt", time.perf_counter() - BEGUN, time.process_time() - CPU_BEGUN)
    from dagster_project import dbt_runner, steps
    from dagster_project.cli import app
    from dagster_project.dashboard import write
    from dagster_project.orchestration import run

    steps.extract = timed("extraction", steps.extract)
    steps.invoke_dbt = timed("dbt: models, checks, seeds", dbt_runner.invoke_dbt)
    steps.transform_and_check = timed("results of the checks", steps.transform_and_check)
    steps.previews = timed("previews of tables", steps.previews)
    steps.plots = timed("plots of marts", steps.plots)
    steps.column_lineage = timed("column lineage", steps.column_lineage)
    steps.publish = timed("publishing: snapshot, Parquet, CSV", steps.publish)
    write.write_pages = timed("brief, charts and page", write.write_pages)
    run.run_build = timed("Dagster: definitions, events, run history", run.run_build)
    sys.argv = ["smallcap", "build", "--quiet"]
    begun, cpu = time.perf_counter(), time.process_time()
    try:
        app()
    except SystemExit as ended:
        if ended.code not in (0, None, 3):
            raise
    whole = {"seconds": time.perf_counter() - begun, "cpu_seconds": time.process_time() - cpu}
    inside = {key: sum(entry[key] for name, entry in spent.items() if "import" not in name) for key in whole}
    book("the rest", whole["seconds"] - inside["seconds"], whole["cpu_seconds"] - inside["cpu_seconds"])
    file.write_text(json.dumps(spent, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main(Path(os.environ["SMALLCAP_BENCH_PHASES"]))
