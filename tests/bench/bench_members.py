"""What the models of members cost: a day on top of a history against the full rebuild, and how cost grows with rows.

`python -m tests.bench.bench_members 10000000 [60000000]` makes adversarial members (tests/members.py), lets dbt build
`breadth` and all that it reads, appends one day for every member, and builds again. Seconds are CPU of this process:
of the models alone, as dbt tells them apart from its own start, and of the whole invocation. `make bench` can call
`measured`.
"""

import json
import resource
import shutil
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import log
from pathlib import Path

import duckdb
import typer

from dagster_project.dbt_runner import invoke_dbt
from dagster_project.settings import Settings
from dagster_project.warehouse.connection import open_warehouse
from tests.member_builds import MART
from tests.members import load, members

MEMORY_LIMIT = "8GB"
CHOSEN = ["--select", f"+{MART}", "--exclude-resource-type", "test", "unit_test"]
NEXT_DAY = """
    insert into raw.daily_bars by name
    select * replace (
        session_date + 2 as session_date, observed_at + interval 2 day as observed_at,
        available_at + interval 2 day as available_at, 1.0 as split_ratio, payload_seq + 1 as payload_seq
    )
    from raw.daily_bars
    where session_date = (select max(session_date) from intermediate.int_members__days)
        and source = 'files' and close between 1 and 1e5
    qualify row_number() over (partition by symbol order by payload_seq, close) = 1
"""
"""The generator ends on 2025-12-31; the session after the holiday is two days later."""


@dataclass(frozen=True)
class Cost:
    """One invocation of dbt; seconds are CPU seconds, models' are wall seconds of its nodes."""

    what: str
    bars: int
    cpu_seconds: float
    wall_seconds: float
    nodes_seconds: float
    slowest: dict[str, float]
    peak_gib: float


def invoke(settings: Settings, what: str, bars: int, arguments: list[str]) -> Cost:
    """Run dbt in this process; raises when a node fails."""
    begun, cpu = time.monotonic(), time.process_time()
    nodes = invoke_dbt(settings, arguments)
    broken = [node for node in nodes if not node.is_ok]
    if broken:
        raise RuntimeError(f"{broken[0].name}: {broken[0].message}")
    slowest = sorted(nodes, key=lambda node: -node.seconds)[:5]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return Cost(
        what, bars, time.process_time() - cpu, time.monotonic() - begun, sum(node.seconds for node in nodes),
        {node.name: round(node.seconds, 2) for node in slowest}, round(peak, 2),
    )  # fmt: skip


def measured(rows: int, directory: Path) -> list[Cost]:
    """Costs of the start of dbt with nothing to do, of a full build, of a build without news, and of a day more."""
    settings = Settings(_env_file=None, data_dir=directory / "data", source="files")
    made = members(rows, 20170526, directory / "members")
    with open_warehouse(settings.warehouse_file, settings.source, is_simulated=False) as connection:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        load(connection, made, 0, made.payloads)
        [(bars,)] = connection.execute("select count(*) from raw.daily_bars").fetchall()
    shutil.rmtree(made.directory)
    invoke(settings, "parse", bars, ["parse"])
    costs = [invoke(settings, "one seed: what dbt costs itself", bars, ["seed", "--select", "securities"])]
    costs.append(invoke(settings, "full build", bars, ["build", *CHOSEN]))
    costs.append(invoke(settings, "build without news", bars, ["build", *CHOSEN]))
    with duckdb.connect(str(settings.warehouse_file)) as connection:
        connection.execute(NEXT_DAY)
        [(more,)] = connection.execute("select count(*) from raw.daily_bars").fetchall()
    costs.append(invoke(settings, f"a day more, {more - bars} bars", more, ["build", *CHOSEN]))
    return costs


def main(rows: list[int]) -> None:
    """Measure each number of rows in a directory of its own; print JSON and the ratios that matter."""
    full: dict[int, float] = {}
    for number in rows:
        with tempfile.TemporaryDirectory(prefix="smallcap-members-") as directory:
            costs = measured(number, Path(directory))
        for cost in costs:
            typer.echo(json.dumps(asdict(cost)))
        start, whole, _, day = (cost.cpu_seconds for cost in costs)
        full[number] = whole - start
        typer.echo(
            f"{number} rows: a day costs {(day - start) / (whole - start):.1%} of the full build, "
            f"{day / whole:.1%} with the start of dbt in both"
        )
    for fewer, more in pairwise(rows):
        exponent = log(full[more] / full[fewer]) / log(more / fewer)
        typer.echo(f"{fewer} to {more} rows: cost grows with the power {exponent:.2f}")


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [10_000_000])
