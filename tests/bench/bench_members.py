"""What the models of members cost: a day on top of a history against the full rebuild, and how cost grows with rows.

`python -m tests.bench.bench_members --rows 10000000 [--rows 60000000] [--repeats 3] [--json]` makes adversarial members
(tests/members.py) and lets dbt build `breadth` and all that it reads; then, in turns within this process, it builds
anew (--full-refresh), and appends one session for every member and builds again. Seconds are those of the whole
invocation of dbt in this process, medians of the repeats; the start of dbt with nothing to do is told beside them, peak
memory is that of the process while it built. With --json one line per figure, for `make bench`. Linux only.
"""

import json
import os
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import log
from pathlib import Path
from statistics import median
from typing import Annotated

import duckdb
import typer

from dagster_project.dbt_runner import invoke_dbt
from dagster_project.settings import Settings
from dagster_project.warehouse.connection import open_warehouse
from tests.member_builds import MART
from tests.members import load, members

MEMORY_LIMIT = "7GB"
"""Of DuckDB, so that the whole process stays inside 8 GB."""
CHOSEN = ["--select", f"+{MART}", "--exclude-resource-type", "test", "unit_test"]
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


@dataclass(frozen=True)
class Cost:
    """One kind of build; `ratio` is its CPU over that of the full rebuild, both without the start of dbt."""

    name: str
    rows: int
    """Vintages of bars."""
    seconds: float
    cpu_seconds: float
    peak_mib: float
    ratio: float | None = None
    slowest: str = ""


def invoke(settings: Settings, name: str, arguments: list[str]) -> Cost:
    """Run dbt in this process; raises when a node fails."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    begun, cpu = time.monotonic(), time.process_time()
    nodes = invoke_dbt(settings, arguments)
    seconds, cpu_seconds = time.monotonic() - begun, time.process_time() - cpu
    status = Path("/proc/self/status").read_text()
    peak = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
    broken = [node for node in nodes if not node.is_ok]
    if broken:
        raise RuntimeError(f"{broken[0].name}: {broken[0].message}")
    slowest = sorted(nodes, key=lambda node: -node.seconds)[:4]
    with duckdb.connect(str(settings.warehouse_file), read_only=True) as connection:
        [(rows,)] = connection.execute("select count(*) from raw.daily_bars").fetchall()
    return Cost(
        name, rows, seconds, cpu_seconds, peak, slowest=", ".join(f"{node.name} {node.seconds:.1f}" for node in slowest)
    )


def middle(found: list[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        found[0].name, found[-1].rows, median(cost.seconds for cost in found),
        median(cost.cpu_seconds for cost in found), max(cost.peak_mib for cost in found), slowest=found[-1].slowest,
    )  # fmt: skip


def measured(rows: int, repeats: int, directory: Path) -> list[Cost]:
    """The start of dbt, a full rebuild, a build without news and a session more."""
    settings = Settings(_env_file=None, data_dir=directory / "data", source="files", memory_limit=MEMORY_LIMIT)
    made = members(rows, 20170526, directory / "members")
    with open_warehouse(
        settings.warehouse_file, settings.source, is_simulated=False, resources=settings.resources
    ) as connection:
        load(connection, made, 0, made.payloads)
    shutil.rmtree(made.directory)
    invoke(settings, "parse", ["parse"])
    whole = [invoke(settings, "members: full rebuild", ["build", "--full-refresh", *CHOSEN])]
    same = [invoke(settings, "members: build without news", ["build", *CHOSEN])]
    more, start = [], []
    for number in range(repeats):
        if number:
            whole.append(invoke(settings, whole[0].name, ["build", "--full-refresh", *CHOSEN]))
        start.append(invoke(settings, "members: start of dbt", ["seed", "--select", "securities"]))
        with duckdb.connect(str(settings.warehouse_file)) as connection:
            connection.execute(NEXT_SESSION)
        more.append(invoke(settings, "members: a session more", ["build", *CHOSEN]))
    costs = [middle(found) for found in (start, whole, same, more)]
    fixed, full = costs[0].cpu_seconds, costs[1].cpu_seconds
    return [
        Cost(
            **asdict(cost) | {"ratio": round((cost.cpu_seconds - fixed) / (full - fixed), 4)}
            if number
            else asdict(cost)
        )
        for number, cost in enumerate(costs)
    ]


def main(
    rows: Annotated[list[int], typer.Option(help="Rows of bars.")] = [10_000_000],  # noqa: B006
    repeats: Annotated[int, typer.Option(help="Rebuilds and sessions more, in turns.")] = 3,
    is_json: Annotated[bool, typer.Option("--json", help="One JSON line per figure.")] = False,
) -> None:
    """Measure each number of rows in a directory of its own; say which ratios matter."""
    whole: list[Cost] = []
    for number in rows:
        with tempfile.TemporaryDirectory(prefix="smallcap-members-") as directory:
            costs = measured(number, repeats, Path(directory))
        whole.append(costs[1])
        _, full, _, more = costs
        for cost in costs:
            typer.echo(json.dumps(asdict(cost)) if is_json else f"{cost}")
        if not is_json:
            typer.echo(
                f"{full.rows} rows, a session more: {more.ratio:.1%} of the CPU of the full rebuild; with the start of "
                f"dbt in both {more.cpu_seconds / full.cpu_seconds:.1%}, of its time {more.seconds / full.seconds:.1%} "
                f"(load of the machine {os.getloadavg()[0]:.1f})"
            )
    for fewer, larger in pairwise(whole):
        for unit in ("cpu_seconds", "seconds"):
            power = log(getattr(larger, unit) / getattr(fewer, unit)) / log(larger.rows / fewer.rows)
            name = f"members: growth of {unit} from {fewer.rows} to {larger.rows} rows, exponent"
            typer.echo(
                json.dumps({"name": name, "rows": larger.rows, "ratio": round(power, 3)}) if is_json
                else f"{name} {power:.2f}"
            )  # fmt: skip


if __name__ == "__main__":
    typer.run(main)
