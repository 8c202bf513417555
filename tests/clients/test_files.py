"""Parquet and CSV of a build in engines other than DuckDB: Arrow, polars, SQLite."""

import csv
import json
import sqlite3
import subprocess
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.clients.environments import installed

pytestmark = pytest.mark.scenario("sample_twice")


@pytest.fixture
def ours(build: Path):
    with duckdb.connect(str(build / "market.duckdb"), read_only=True) as connection:
        yield lambda sql: connection.execute(sql).fetchall()


def relations(ours) -> dict[str, str]:
    """Name of the file per relation that has one."""
    names = ours("select schema_name, table_name from duckdb_tables() where schema_name in ('marts', 'meta')")
    return {f"{s}.{t}": t if s == "marts" else f"{s}_{t}" for s, t in names}


def test_arrow_reads_every_parquet_file_with_its_types(build: Path, ours):
    for relation, file in relations(ours).items():
        table = pq.read_table(build / "parquet" / f"{file}.parquet")
        assert table.num_rows == ours(f"select count(*) from {relation}")[0][0], relation
        for name, kind in ours(f"select column_name, column_type from (describe {relation})"):
            if kind == "DATE":
                assert pa.types.is_date(table.schema.field(name).type), (relation, name)
            if kind == "DOUBLE":
                assert pa.types.is_float64(table.schema.field(name).type), (relation, name)


def test_polars_reads_parquet_and_csv(build: Path, ours):
    client = installed()["2.0"]
    if isinstance(client, str):
        pytest.skip(client)
    script = Path(__file__).with_name("ask_files.py")
    done = subprocess.run(
        [client.python, "-I", script, build], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout)
    [(rows, last, flow)] = ours(
        "select (select count(*) from marts.fund_flows_weekly), max(week_ending), sum(net_flow_usd) "
        "from marts.fund_flows_weekly where fund_symbol = 'IWM'"
    )
    columns = [name for (name,) in ours("select column_name from (describe marts.fund_flows_weekly)")]
    for kind in ("parquet", "csv"):
        assert seen[kind][:3] == [rows, columns, str(last)]
        assert seen[kind][3] == pytest.approx(flow)
    assert seen["view"] == [ours("select ytd_gap_pp from v_today")[0][0]]
    assert {file: seen["rows"][file] for file in relations(ours).values()} == {
        file: ours(f"select count(*) from {relation}")[0][0] for relation, file in relations(ours).items()
    }


def test_sqlite_asks_the_csv_files(build: Path, ours):
    with sqlite3.connect(":memory:") as database:
        for name in ("fund_flows_weekly", "dim_security"):
            with (build / "csv" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
                header, *rows = csv.reader(file)
            database.execute(f"create table {name} ({', '.join(header)})")
            database.executemany(f"insert into {name} values ({', '.join('?' * len(header))})", rows)
        league = """
            select fund_symbol, cast(net_flow_usd as real), security.name
            from fund_flows_weekly as weekly inner join dim_security as security on weekly.fund_symbol = security.symbol
            where week_ending = '2017-05-24' order by 2
        """
        found = database.execute(league).fetchall()
    expected = ours("select fund_symbol, net_flow_usd, fund_name from league('2017-05-24')")
    assert [row[::2] for row in found] == [row[::2] for row in expected]
    assert [row[1] for row in found] == pytest.approx([row[1] for row in expected])
    assert len(found) > 1
