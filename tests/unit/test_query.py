"""The reader that people hand SQL to, and the layouts of a result."""

import csv
import io
import json
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from dagster_project.brief.query import print_rows, write_csv, write_json
from dagster_project.errors import WarehouseError
from dagster_project.warehouse.connection import open_reader


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "market.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema marts; create table marts.t as select 1 as x")
    (tmp_path / "private.csv").write_text("password\nhunter2\n")
    return file


@pytest.mark.parametrize(
    "sql",
    [
        "insert into marts.t values (2)",
        "update marts.t set x = 2",
        "delete from marts.t",
        "drop table marts.t",
        "create table marts.u as select 1",
        "create or replace view marts.v as select 1",
        "select * from read_csv('{folder}/private.csv')",
        "select * from '{folder}/private.csv'",
        "select * from read_text('{folder}/private.csv')",
        "select * from read_blob('/etc/passwd')",
        "select * from glob('{folder}/*')",
        "select * from read_parquet('{folder}/x.parquet')",
        "select * from read_json('{folder}/x.json')",
        "copy marts.t to '{folder}/out.csv'",
        "copy (select 1) to '{folder}/out.parquet' (format parquet)",
        "export database '{folder}/out'",
        "import database '{folder}/out'",
        "attach '{folder}/other.duckdb' as other",
        "attach '{folder}/other.duckdb' as other (read_only)",
        "install httpfs",
        "load httpfs",
        "load '{folder}/evil.duckdb_extension'",
        "select * from 'https://example.com/x.csv'",
        "select * from read_csv('s3://bucket/x.csv')",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "reset enable_external_access",
        "pragma enable_external_access=true",
        "set autoload_known_extensions = true",
        "create secret s (type s3)",
        "set memory_limit = '1TB'",
        "checkpoint; insert into marts.t values (3)",
    ],
)
def test_reader_can_neither_write_nor_leave_its_file(database: Path, sql):
    before = database.read_bytes()
    with open_reader(database) as reader, pytest.raises(duckdb.Error):
        reader.execute(sql.format(folder=database.parent)).fetchall()
    assert database.read_bytes() == before
    assert {path.name for path in database.parent.iterdir()} == {"market.duckdb", "private.csv"}


@pytest.mark.parametrize(
    "sql",
    [
        "select x from marts.t",
        "from marts.t",
        "with a as (select 1) select * from a",
        "describe marts.t",
        "show all tables",
    ],
)
def test_reader_reads(database: Path, sql):
    with open_reader(database) as reader:
        assert len(reader.execute(sql).fetchall()) >= 1


def test_environment_is_not_readable(database: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("API_KEY_X", "hunter2")
    with open_reader(database) as reader:
        try:
            found = reader.execute("select getenv('API_KEY_X')").fetchall()
        except duckdb.Error:
            found = []
    assert found == []


def test_nothing_published_says_what_to_run(tmp_path: Path):
    with (
        pytest.raises(WarehouseError, match=r"nothing is published yet.*make build"),
        open_reader(tmp_path / "none.duckdb"),
    ):
        pass


NAMES = ["symbol", "day", "at", "value", "note"]
ROWS = [
    ("IWM", date(2017, 5, 26), datetime(2017, 5, 26, 20), 1 / 3, None),
    ('a,"b"\n', None, None, -1e-9, "[bold]x[/bold]"),
]


def test_csv_is_read_back(tmp_path: Path):
    file = io.StringIO()
    write_csv(NAMES, ROWS, file)
    header, first, second = csv.reader(io.StringIO(file.getvalue()))
    assert header == NAMES
    assert first == ["IWM", "2017-05-26", "2017-05-26 20:00:00", repr(1 / 3), ""]
    assert second == ['a,"b"\n', "", "", "-1e-09", "[bold]x[/bold]"]


def test_json_is_read_back():
    file = io.StringIO()
    write_json(NAMES, ROWS, file)
    first, second = json.loads(file.getvalue())
    assert first["value"] == 1 / 3
    assert (first["day"], first["note"]) == ("2017-05-26", None)
    assert second["symbol"] == 'a,"b"\n'


def test_json_of_nan_is_valid_json():
    file = io.StringIO()
    write_json(["x"], [(float("nan"),), (float("inf"),)], file)

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    json.loads(file.getvalue(), parse_constant=refuse)


def test_table_shows_text_as_it_is_and_counts_what_it_leaves_out():
    console = Console(file=io.StringIO(), width=160)
    print_rows(["n", "note"], [(i, "[bold]x[/bold]") for i in range(7)], 3, console)
    shown = console.file.getvalue()
    assert shown.count("[bold]x[/bold]") == 3
    assert "4 of 7 rows are not shown" in shown
