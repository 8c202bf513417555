"""A whole `smallcap build` beside millions of bars of members, against the bare SQL of its models.

    python -m tests.bench.bench_large_build INBOX [--rows 10000000]

Members that this file makes up are put beside the tables of INBOX, as CSV. Then, on an empty warehouse: a first build,
which takes everything in; the SQL of all its models through DuckDB alone, on a copy; a build without news; and one with
a session more of every member. Of the three builds the phases are told (tests/bench/phases.py). Nothing of it is
published outside a temporary directory.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import typer

from dagster_project.contracts.availability import nyse_sessions
from dagster_project.settings import PROJECT_ROOT
from tests.bench.figure import Figure, of_process

FIRST_YEAR, LAST_YEAR = 1999, 2021
BARS = """
    with closes as (
        select 'SIM' || member as symbol, day,
            50 + 20 * sin(hash(member) % 100 + epoch(day) / 3e7) + hash(member, day) % 100 / 1000.0 as close
        from days, range({members}) as numbers(member)
    )
    select symbol, day as session_date, round(close * 0.99, 4) as open, round(close * 1.01, 4) as high,
        round(close * 0.98, 4) as low, round(close, 4) as close, 0 as dividend, 1 as split_ratio, 1000000 as volume
    from closes
    order by symbol, session_date
"""


def write_members(inbox: Path, rows: int) -> int:
    """Bars of members but for the last session, and what makes them members; returns their number."""
    days = nyse_sessions(FIRST_YEAR, LAST_YEAR).astype("datetime64[D]").astype(str).tolist()
    members = rows // len(days)
    with duckdb.connect() as connection:
        connection.execute("create table all_days as select cast(unnest(?) as date) as day", [days])
        connection.execute("create view days as select day from all_days where day < (select max(day) from all_days)")
        for table, names in (("index_membership", "'IWM' as index_id, {} as member_id"),
                             ("security_identifiers", "{} as member_id, {} as symbol")):  # fmt: skip
            (inbox / table).mkdir(exist_ok=True)
            columns = names.format(*["'SIM' || number"] * 2)
            query = (
                f"select {columns}, date '{days[0]}' as valid_from, '' as valid_to from range({members}) as t(number)"
            )
            connection.execute(f"copy ({query}) to '{inbox / table / 'members.csv'}' (header)")
        connection.execute(
            f"copy ({BARS.format(members=members)}) to '{inbox / 'daily_bars' / 'members.csv'}' (header)"
        )
    return members


def write_last_session(inbox: Path, members: int) -> None:
    """The last session of every member, delivered later."""
    last = nyse_sessions(FIRST_YEAR, LAST_YEAR).astype("datetime64[D]").astype(str)[-1]
    with duckdb.connect() as connection:
        connection.execute(f"create table days as select date '{last}' as day")
        query = BARS.format(members=members)
        connection.execute(f"copy ({query}) to '{inbox / 'daily_bars' / 'members_last.csv'}' (header)")


def inbox_of(tables: Path, directory: Path) -> Path:
    """The tables of an inbox by links, so that files can be put beside them."""
    for file in tables.glob("*/*"):
        (directory / file.parent.name).mkdir(parents=True, exist_ok=True)
        (directory / file.parent.name / file.name).symlink_to(file.resolve())
    return directory


def build(name: str, phases: Path, environment: Mapping[str, str]) -> tuple[Figure, list[Figure]]:
    """One build, and its phases."""
    command = [sys.executable, "-m", "tests.bench.phases"]
    cost = of_process(name, command, {**environment, "SMALLCAP_BENCH_PHASES": str(phases)})
    parts = json.loads(phases.read_text()).items()
    return cost, [Figure(f"{name}: {part}", spent["seconds"], spent["cpu_seconds"]) for part, spent in parts]


def main(inbox: Path, rows: int = 10_000_000) -> None:
    """Measure; one line of JSON per figure."""
    with tempfile.TemporaryDirectory(prefix="smallcap-bench-") as scratch:
        directory = Path(scratch)
        delivered = inbox_of(inbox, directory / "inbox")
        members = write_members(delivered, rows)
        data, target = directory / "data", directory / "data" / "dbt_target" / "real"
        warehouse = data / "warehouse" / "real.duckdb"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SMALLCAP_")}
        environment |= {"SMALLCAP_DATA_DIR": str(data), "SMALLCAP_SOURCE": "files", "SMALLCAP_INBOX": str(delivered)}
        first, first_phases = build("first build", directory / "phases.json", environment)
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            [(held,)] = connection.execute("select count(*) from raw.daily_bars").fetchall()
        copied = directory / "real.duckdb"  # the same name: it is the catalogue that compiled SQL names
        shutil.copyfile(warehouse, copied)
        bare = [sys.executable, "-m", "tests.bench.bare_sql", str(copied), str(target), "--incremental"]
        least = of_process("bare DuckDB, SQL of all models", bare, environment)
        copied.unlink()
        again, again_phases = build("build without news", directory / "phases.json", environment)
        write_last_session(delivered, members)
        later, later_phases = build("build with a session more", directory / "phases.json", environment)
        for cost in (first, least, again, later):
            ratio = (cost.cpu_seconds or 0) / (least.cpu_seconds or 1)
            typer.echo(replace(cost, rows=held, ratio=ratio, ratio_of="CPU of the bare SQL of all models").line())
        for phase in (*first_phases, *again_phases, *later_phases):
            typer.echo(phase.line())


if __name__ == "__main__":
    os.chdir(PROJECT_ROOT)
    typer.run(main)
