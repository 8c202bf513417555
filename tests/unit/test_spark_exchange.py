"""Parquet to Spark and back, with a manifest of four tables and nobody but DuckDB."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.errors import WarehouseError
from dagster_project.warehouse.connection import open_warehouse
from dagster_project.warehouse.spark_exchange import copy_inputs, load_results


def node(name: str, schema: str, kind: str = "model", columns: dict[str, str] | None = None, **others: Any) -> dict:
    return {
        "unique_id": f"{kind}.{name}", "name": name, "schema": schema, "resource_type": kind, "language": "sql",
        "config": {"materialized": "table", "contract": {"enforced": bool(columns)}},
        "columns": {column: {"data_type": sql_type} for column, sql_type in (columns or {}).items()},
    } | others  # fmt: skip


NODES = [
    node("pairs", "seeds", "seed", language=None),
    node("from_python", "intermediate", language="python"),
    node("from_sql", "marts", columns={"day": "date", "count": "integer", "share": "double"}),
    node("between", "intermediate"),
]
MANIFEST = {
    "nodes": {one["unique_id"]: one for one in NODES},
    "sources": {"source.raw.policy_rates": node("policy_rates", "raw", "source")},
}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(tmp_path / "real.duckdb", "files", is_simulated=False) as opened:
        opened.execute("create schema seeds; create table seeds.pairs as select 'a' as pair_id")
        opened.execute("create schema intermediate; create table intermediate.from_python as select 1.5::double as x")
        opened.execute(
            "create schema marts; create table marts.from_sql as select date '2017-01-03' as day, 1 as count"
        )
        yield opened


def spark_makes(connection: duckdb.DuckDBPyConnection, results: Path, table: str, sql: str) -> None:
    folder = results / "tables" / table
    folder.mkdir(parents=True)
    connection.execute(f"copy ({sql}) to '{folder}/part-0.snappy.parquet' (format parquet)")


def test_inputs_are_what_sql_does_not_make(connection, tmp_path: Path) -> None:
    rows = copy_inputs(connection, MANIFEST, tmp_path / "inputs")
    assert rows == {"intermediate.from_python": 1, "raw.policy_rates": 0, "seeds.pairs": 1}
    part = tmp_path / "inputs" / "intermediate" / "from_python" / "part.parquet"
    assert connection.execute(f"select x from read_parquet('{part}')").fetchall() == [(1.5,)]
    assert sorted(path.name for path in (tmp_path / "inputs").glob("*/*")) == ["from_python", "pairs", "policy_rates"]


def test_results_come_back_in_the_types_of_the_contract(connection, tmp_path: Path) -> None:
    inputs, results = tmp_path / "inputs", tmp_path / "results"
    copy_inputs(connection, MANIFEST, inputs)
    spark_makes(
        connection, results, "marts.db/from_sql", "select date '2017-05-26' as day, 7::bigint as count, 2 as share"
    )
    spark_makes(connection, results, "intermediate.db/between", "select 'x' as name where false")
    assert load_results(connection, MANIFEST, inputs, results) == {"marts.from_sql": 1, "intermediate.between": 0}
    described = connection.execute("describe marts.from_sql").fetchall()
    assert [(name, sql_type) for name, sql_type, *_ in described] == [
        ("day", "DATE"), ("count", "INTEGER"), ("share", "DOUBLE"),
    ]  # fmt: skip
    [(count, share)] = connection.execute("select count, share from marts.from_sql").fetchall()
    assert (count, share) == (7, 2.0)


def test_a_table_that_spark_left_out_changes_nothing(connection, tmp_path: Path) -> None:
    inputs, results = tmp_path / "inputs", tmp_path / "results"
    copy_inputs(connection, MANIFEST, inputs)
    spark_makes(connection, results, "marts.db/from_sql", "select date '2017-05-26' as day, 7 as count, 2 as share")
    with pytest.raises(WarehouseError, match=r"lacks 1 of 2 tables, for example between: .*logs/dbt.log"):
        load_results(connection, MANIFEST, inputs, results)
    assert connection.execute("select count from marts.from_sql").fetchall() == [(1,)]


def test_a_column_that_is_missing_changes_nothing(connection, tmp_path: Path) -> None:
    inputs, results = tmp_path / "inputs", tmp_path / "results"
    copy_inputs(connection, MANIFEST, inputs)
    spark_makes(connection, results, "marts.db/from_sql", "select date '2017-05-26' as day, 7 as count")
    spark_makes(connection, results, "intermediate.db/between", "select 1 as x")
    with pytest.raises(WarehouseError, match=r"marts.from_sql.*share"):
        load_results(connection, MANIFEST, inputs, results)
    assert connection.execute("select count from marts.from_sql").fetchall() == [(1,)]


def test_results_of_earlier_inputs_are_refused(connection, tmp_path: Path) -> None:
    inputs = tmp_path / "inputs"
    with pytest.raises(WarehouseError, match="make spark"):
        load_results(connection, MANIFEST, inputs, tmp_path / "results")
    copy_inputs(connection, MANIFEST, inputs)
    connection.execute("insert into ops.payload_log (payload_seq, table_name) values (1, 'policy_rates')")
    with pytest.raises(WarehouseError, match="deliveries through 0 and the warehouse through 1"):
        load_results(connection, MANIFEST, inputs, tmp_path / "results")
