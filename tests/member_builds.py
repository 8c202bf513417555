"""Builds of the models of members without dbt: the SQL that dbt compiled, in memory, in milliseconds.

dbt compiles the models twice, on a warehouse without them (the full refresh) and on one that has them (incremental); a
case then runs the same statements, the delete and insert included, on raw tables of its own.

Belongs here: compiling, running, comparing an incremental result with the full refresh, drawing cases of arrivals.
Does not belong here: what the rows are like (tests/members.py).
"""

import random
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.contracts.availability import nyse_sessions
from dagster_project.dbt_runner import invoke_dbt
from dagster_project.settings import Settings
from dagster_project.warehouse.connection import open_warehouse
from dagster_project.warehouse.ddl import create_layout
from tests.members import FIRST_YEAR, LAST_YEAR, Members, load, members

INCREMENTAL = "int_members__days"
COUNTED = "int_members__index_counts"
"""The second incremental model: sessions counted, from the first one."""
COUNTED_YEARS = "int_quality__series_years"
"""The third: what raw holds of every series in a year, counted."""
CALENDAR = "int_calendar__nyse_sessions"
MART = "breadth"
COVERAGE = "data_quality_coverage"
BOOKKEEPING = ("bars_through_seq", "symbols_through_seq", "definition", "recomputed_from")
"""Columns of INCREMENTAL that say when a row was made: other rows of one table come from other builds."""


@dataclass(frozen=True)
class Model:
    """A model as dbt compiled it; `sql_again` and `switch` where it is incremental."""

    name: str
    relation: str
    kind: str
    sql: str
    sql_again: str = ""
    switch: str = ""
    """Delete and insert, from the relation `fresh`."""


@dataclass(frozen=True)
class Compiled:
    """Seeds and models in the order in which they are made."""

    securities: list[tuple[object, ...]]
    models: tuple[Model, ...]


def compile_models(directory: Path) -> Compiled:
    """Both marts and all that they read, compiled by dbt in `directory`."""
    settings = Settings(_env_file=None, data_dir=directory, source="files")
    few = members(600, 1, directory / "few")
    with open_warehouse(settings.warehouse_file, settings.source, is_simulated=False) as connection:
        load(connection, few, 0, few.payloads)
    marts = [f"+{MART}", f"+{COVERAGE}"]
    first = invoke_dbt(settings, ["build", "--select", *marts, "--exclude-resource-type", "test", "unit_test"])
    again = invoke_dbt(settings, ["run", "--select", INCREMENTAL, COUNTED, COUNTED_YEARS])
    broken = [node for node in (*first, *again) if not node.is_ok]
    if broken:
        raise RuntimeError(f"{broken[0].name}: {broken[0].message}")
    switches = {node.name: (node.sql, _switch(settings, node.name)) for node in again}
    with duckdb.connect(str(settings.warehouse_file), read_only=True) as connection:
        securities = connection.execute("select * from seeds.securities").fetchall()
        found = connection.execute("select table_name, table_schema, table_type from information_schema.tables")
        relations = {name: (schema, "view" if kind == "VIEW" else "table") for name, schema, kind in found.fetchall()}
    models = tuple(
        Model(
            node.name,
            f"{relations[node.name][0]}.{node.name}",
            relations[node.name][1],
            node.sql,
            *switches.get(node.name, ()),
        )
        for node in first
        if node.resource_type == "model" and node.name != CALENDAR
    )
    return Compiled(securities, models)


def _switch(settings: Settings, name: str) -> str:
    """Delete and insert as dbt ran them, from the relation `fresh`."""
    ran = next(settings.dbt_target_dir.glob(f"run/**/{name}.sql")).read_text()
    [fresh] = set(re.findall(rf'"?({name}__dbt_tmp\w+)"?', ran))
    return ran.replace(f'"{fresh}"', "fresh").replace(fresh, "fresh")


class Warehouse:
    """A warehouse in memory, under the name that compiled SQL calls it by."""

    def __init__(self, compiled: Compiled, made: Members, memory_limit: str = "2GB") -> None:
        self.compiled, self.made, self.loaded = compiled, made, 0
        self.connection = duckdb.connect(config={"threads": 1, "memory_limit": memory_limit})
        self.connection.execute("attach ':memory:' as real")
        self.connection.execute("use real")
        create_layout(self.connection)
        self.connection.execute("insert into raw.warehouse_mode values (false, 'files')")
        for schema in ("seeds", "staging", "intermediate", "marts"):
            self.connection.execute(f"create schema {schema}")
        self.connection.execute(
            "create table seeds.securities (symbol varchar, name varchar, kind varchar, asset_class varchar, "
            "size_segment varchar, style varchar, provider varchar, tracks_index varchar, currency varchar, "
            "source varchar)"
        )
        self.connection.executemany(
            "insert into seeds.securities values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", compiled.securities
        )
        days = [str(day) for day in nyse_sessions(FIRST_YEAR, LAST_YEAR).astype("datetime64[D]")]
        self.connection.execute(
            f"create table intermediate.{CALENDAR} as select cast(unnest(?) as date) as session_date", [days]
        )

    def take_in(self, through: int) -> None:
        """Append the payloads up to a number to raw."""
        load(self.connection, self.made, self.loaded, through)
        self.loaded = through

    def build(self, is_full: bool = False) -> None:
        """Make all models, the incremental one from what is stored unless `is_full`."""
        for model in self.compiled.models:
            self.make(model, is_full)

    def make(self, model: Model, is_full: bool = False) -> None:
        """Make one model from those that it reads."""
        if model.sql_again and not is_full and self._exists(model.name):
            self.connection.execute(f"create or replace temp table fresh as {model.sql_again}")
            self.connection.execute(model.switch)
        else:
            self.connection.execute(f"create or replace {model.kind} {model.relation} as {model.sql}")

    def _exists(self, table: str) -> bool:
        sql = "select count(*) from duckdb_tables() where table_name = ? and database_name = 'real'"
        return bool(self.connection.execute(sql, [table]).fetchone() != (0,))


def differences(incremental: Warehouse, full: Warehouse) -> list[str]:
    """Cells in which two warehouses are not equal, in words; empty when all are."""
    found = []
    for relation, key, left_out in (
        (f"intermediate.{INCREMENTAL}", "member_id, session_date", f"exclude ({', '.join(BOOKKEEPING)})"),
        (f"marts.{MART}", "index_id, session_date", ""),
        (f"marts.{COVERAGE}", "table_name, series, calendar_year", ""),
    ):
        select = f"select * {left_out} from {relation}"
        other = full.connection.sql(select).to_arrow_table()
        incremental.connection.register("other_side", other)
        for a, b, which in ((select, "from other_side", "only incremental"), ("from other_side", select, "only full")):
            rows = incremental.connection.execute(f"({a}) except all ({b}) order by {key} limit 2").fetchall()
            found += [f"{relation}, {which}: {row}" for row in rows]
        [(twice,)] = incremental.connection.execute(
            f"select count(*) - count(distinct ({key})) from {relation}"
        ).fetchall()
        found += [f"{relation}: {twice} rows are there twice"] if twice else []
        incremental.connection.unregister("other_side")
    return found


@dataclass(frozen=True)
class Case:
    """Deliveries and the builds between them."""

    rows: int
    seed: int
    payloads: int
    builds: tuple[int, ...]
    """Number of the last payload that each build sees, increasing; the last one sees all."""

    def __str__(self) -> str:
        return f"{self.rows} rows, seed {self.seed}, {self.payloads} payloads, builds after {self.builds}"


def draw_case(draw: random.Random) -> Case:
    """Two to eight builds, now and then one without any news."""
    payloads = draw.randint(2, 10)
    between = draw.sample(range(1, payloads), draw.randint(1, min(payloads - 1, 6)))
    builds = sorted([*between, payloads, *draw.choices([payloads, between[0]], k=draw.randint(0, 1))])
    return Case(draw.randint(3_500, 9_000), draw.randint(1, 10**9), payloads, tuple(builds))


@dataclass(frozen=True)
class Result:
    """What became of a case: `faults` is empty when incremental and full refresh are equal."""

    rows: int
    vintages: int
    member_days: int
    rows_kept: int
    """Rows of the last state that an earlier build had made: what was saved."""
    faults: tuple[str, ...]


def tell(case: Case, compiled: Compiled) -> Result:
    """Run a case."""
    with tempfile.TemporaryDirectory() as directory:
        made = members(case.rows, case.seed, Path(directory), case.payloads, threads=1)
        incremental, full = Warehouse(compiled, made), Warehouse(compiled, made)
        for through in case.builds:
            incremental.take_in(through)
            incremental.build()
        full.take_in(case.payloads)
        full.build(is_full=True)
        faults = differences(incremental, full)
        [(vintages,)] = full.connection.execute("select count(*) from raw.daily_bars").fetchall()
        [(days, kept)] = incremental.connection.execute(
            f"select count(*), count(*) filter (bars_through_seq < {case.payloads}) from intermediate.{INCREMENTAL}"
        ).fetchall()
        for warehouse in (incremental, full):
            warehouse.connection.close()
    return Result(case.rows, vintages, days, kept, tuple(faults))
