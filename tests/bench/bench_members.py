"""What the models of members cost: a day on top of a history against the full rebuild, and how cost grows with rows.

    python -m tests.bench.bench_members --rows 10000000 [--rows 60000000] [--repeats 3] [--whole-project]

makes adversarial members (tests/members.py) and lets dbt build `breadth` and all that it reads, or every model of the
project; then, in turns within this process, it builds anew (--full-refresh), and appends one session for every member
and builds again. Seconds are those of the whole invocation of dbt in this process, medians of the repeats; the start of
dbt with nothing to do is told beside them, and for the whole project the same SQL through DuckDB alone; peak memory is
that of the process while it built, and beside it stands what DuckDB had on disk. Linux only.
"""

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from math import log
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from dagster_project.dbt_runner import invoke_dbt
from dagster_project.settings import Settings
from dagster_project.warehouse.connection import open_warehouse
from tests.bench.figure import Figure, middle, of_process
from tests.member_builds import MART
from tests.members import load, members

MEMORY_LIMIT = "7GB"
"""Of DuckDB, so that the whole process stays inside 8 GB."""
RATIO_OF = "CPU of the full rebuild, the start of dbt taken off both"
BARE_RATIO_OF = "CPU of the full rebuild over this; goal at 10 million rows: at most 1.3"
MODELS_ONLY = ["--exclude-resource-type", "test", "unit_test"]
NEXT_SESSION = """
    insert into raw.daily_bars by name
    with latest as (select max(session_date) as day from intermediate.int_members__days),
    following as (
        select min(sessions.session_date) as day from intermediate.int_calendar__nyse_sessions as sessions, latest
        where sessions.session_date > latest.day
    )
    select bars.* replace (
        following.day as session_date, bars.observed_at + interval (following.day - latest.day) day as observed_at,
        bars.available_at + interval (following.day - latest.day) day as available_at, 1.0 as split_ratio,
        bars.payload_seq + 1 as payload_seq
    )
    from raw.daily_bars as bars, latest, following
    where bars.session_date = latest.day and bars.source = 'files' and bars.close between 1 and 1e5
    qualify row_number() over (partition by bars.symbol order by bars.payload_seq, bars.close) = 1
"""


def invoke(settings: Settings, name: str, arguments: list[str]) -> Figure:
    """Run dbt in this process; raises when a node fails."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    begun, cpu = time.monotonic(), time.process_time()
    with spilled(settings.resources.spill_dir) as largest:
        nodes = invoke_dbt(settings, arguments)
    seconds, cpu_seconds = time.monotonic() - begun, time.process_time() - cpu
    status = Path("/proc/self/status").read_text()
    peak = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
    broken = [node for node in nodes if not node.is_ok]
    if broken:
        raise RuntimeError(f"{broken[0].name}: {broken[0].message}")
    nodes_by_time = sorted(nodes, key=lambda node: -node.seconds)[:4]
    with duckdb.connect(str(settings.warehouse_file), read_only=True) as connection:
        [(rows,)] = connection.execute("select count(*) from raw.daily_bars").fetchall()
    slowest = ", ".join(f"{node.name} {node.seconds:.1f} s" for node in nodes_by_time)
    note = f"at most {largest[0] / 2**20:,.0f} MiB spilled; {slowest}"
    return Figure(name, seconds, cpu_seconds, peak, rows, note=note)


@contextmanager
def spilled(directory: Path) -> Iterator[list[int]]:
    """The most bytes that stood in a directory, looked at four times a second."""
    largest, over = [0], threading.Event()

    def look() -> None:
        while not over.wait(0.25):
            with suppress(OSError):  # a file may go while it is looked at
                largest[0] = max(largest[0], sum(file.stat().st_size for file in directory.rglob("*")))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield largest
    finally:
        over.set()
        watcher.join()


def bare_sql(settings: Settings) -> Figure:
    """The SQL of the full rebuild that just ran, through DuckDB alone, in the same file."""
    warehouse, target, spill = settings.warehouse_file, settings.dbt_target_dir, settings.resources.spill_dir
    limits = ["--incremental", "--memory-limit", MEMORY_LIMIT, "--spill-dir", str(spill)]
    command = [sys.executable, "-m", "tests.bench.bare_sql", str(warehouse), str(target), *limits]
    # the system counts the memory of this process, which starts it, as its peak: nothing to show
    return replace(of_process("members: bare DuckDB, same SQL", command, os.environ), peak_mib=None)


def measured(rows: int, repeats: int, directory: Path, chosen: list[str]) -> list[Figure]:
    """The start of dbt, a full rebuild, a build without news and a session more."""
    settings = Settings(_env_file=None, data_dir=directory / "data", source="files", memory_limit=MEMORY_LIMIT)
    made = members(rows, 20170526, directory / "members")
    with open_warehouse(
        settings.warehouse_file, settings.source, is_simulated=False, resources=settings.resources
    ) as connection:
        load(connection, made, 0, made.payloads)
    shutil.rmtree(made.directory)
    settings.resources.make_room()
    invoke(settings, "parse", ["parse"])
    whole = [invoke(settings, "members: full rebuild", ["build", "--full-refresh", *chosen])]
    bare = [bare_sql(settings)] if chosen == MODELS_ONLY else []
    same = [invoke(settings, "members: build without news", ["build", *chosen])]
    more, start = [], []
    for number in range(repeats):
        if number:
            whole.append(invoke(settings, whole[0].name, ["build", "--full-refresh", *chosen]))
        start.append(invoke(settings, "members: start of dbt", ["seed", "--select", "securities"]))
        with duckdb.connect(str(settings.warehouse_file)) as connection:
            connection.execute(NEXT_SESSION)
        more.append(invoke(settings, "members: a session more", ["build", *chosen]))
    costs = [middle(found) for found in (start, whole, same, more)]
    fixed, full = (cost.cpu_seconds or 0 for cost in costs[:2])
    return [
        costs[0],
        *(
            replace(cost, ratio=((cost.cpu_seconds or 0) - fixed) / (full - fixed), ratio_of=RATIO_OF)
            for cost in costs[1:]
        ),
        *(
            replace(cost, ratio=full / (cost.cpu_seconds or 1), ratio_of=BARE_RATIO_OF, rows=costs[1].rows)
            for cost in bare
        ),
    ]


def main(
    rows: Annotated[list[int], typer.Option(help="Rows of bars.")] = [10_000_000],  # noqa: B006
    repeats: Annotated[int, typer.Option(help="Rebuilds and sessions more, in turns.")] = 3,
    whole_project: Annotated[bool, typer.Option("--whole-project", help="Every model, not breadth alone.")] = False,
) -> None:
    """Measure each number of rows in a directory of its own; one line of JSON per figure."""
    chosen = MODELS_ONLY if whole_project else ["--select", f"+{MART}", *MODELS_ONLY]
    whole: list[Figure] = []
    for number in rows:
        with tempfile.TemporaryDirectory(prefix="smallcap-members-") as directory:
            costs = measured(number, repeats, Path(directory), chosen)
        whole.append(costs[1])
        for cost in costs:
            typer.echo(cost.line())
    spans = [*pairwise(whole), *([(whole[0], whole[-1])] if len(whole) > 2 else [])]
    for fewer, larger in spans:
        typer.echo(
            Figure(
                f"members: exponent of the growth from {fewer.rows:,} to {larger.rows:,} rows", larger.seconds,
                larger.cpu_seconds, rows=larger.rows, ratio=exponent(fewer, larger), ratio_of="CPU",
                note=f"of the seconds {exponent(fewer, larger, 'seconds'):.2f}",
            ).line()
        )  # fmt: skip


def exponent(fewer: Figure, larger: Figure, unit: str = "cpu_seconds") -> float:
    """By which power of the rows the cost grew."""
    return log(getattr(larger, unit) / getattr(fewer, unit)) / log((larger.rows or 0) / (fewer.rows or 1))


if __name__ == "__main__":
    typer.run(main)
