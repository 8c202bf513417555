"""A person's SQL over `open_reader`, which `smallcap query` uses: it reads the published build and nothing else.

Every attempt must fail, or leave no trace: the file unchanged, nothing beside it, nobody called over the network.
"""

import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dagster_project.warehouse.connection import open_reader
from tests.helpers import file_hashes, smallcap

REFUSED = [
    # the file itself, its log and its folder for spilled rows: DuckDB lets COPY write there without external access
    "copy (select 1) to '{file}' (use_tmp_file false)",
    "copy (select 1) to '{file}.wal'",
    "copy (select 1) to '{file}.wal' (use_tmp_file false)",
    "copy (select 1) to '{file}.wal.checkpoint' (format parquet, use_tmp_file false)",
    "copy (select 1) to '{file}.tmp/out.csv'",
    "explain analyze copy (select 1) to '{file}.wal'",
    "attach '{file}' as again",
    "attach '{file}.tmp/other.duckdb' as other",
    "select * from read_blob('{file}')",
    "select * from read_duckdb('{file}')",
    # writing
    "insert into marts.t values (2)",
    "update marts.t set x = 2",
    "delete from marts.t",
    "truncate marts.t",
    "drop table marts.t",
    "drop view v_t",
    "alter table marts.t add column y integer",
    "create table marts.u as select 1",
    "create or replace view v_t as select 2",
    "create or replace macro m(a) as table select a",
    "create index i on marts.t (x)",
    "create schema s",
    "comment on table marts.t is 'x'",
    "begin; delete from marts.t; commit",
    "prepare p as delete from marts.t; execute p",
    # files
    "copy marts.t to '{folder}/out.csv'",
    "copy (select 1) to '/dev/stderr' (format csv)",
    "copy marts.t from '{folder}/private.csv'",
    "export database '{folder}/out'",
    "import database '{folder}/out'",
    "copy from database market to memory",
    "attach '{folder}/other.duckdb' as other",
    "attach '{folder}/other.duckdb' as other (read_only)",
    "attach ':memory:' as other",
    "attach 'sqlite:{folder}/other.db'",
    "select * from read_csv('{folder}/private.csv')",
    "select * from sniff_csv('{folder}/private.csv')",
    "select * from '{folder}/private.csv'",
    "from read_text('{folder}/private.csv')",
    "from read_text('file://{folder}/private.csv')",
    "from read_blob('/etc/passwd')",
    "from read_json('{folder}/private.csv')",
    "from read_parquet('{folder}/private.csv')",
    "from parquet_metadata('{folder}/private.csv')",
    "from glob('{folder}/*')",
    "from query('from read_text(''/etc/passwd'')')",
    "from query_table('{folder}/private.csv')",
    "from json_execute_serialized_sql(json_serialize_sql('select * from read_text(''/etc/passwd'')'))",
    "prepare p as copy (select 1) to '{folder}/out.csv'; execute p",
    "describe '{folder}/private.csv'",
    # extensions
    "install httpfs",
    "force install httpfs from community",
    "install httpfs from 'http://127.0.0.1:{port}'",
    "install '{folder}/evil.duckdb_extension'",
    "load httpfs",
    "load '{folder}/evil.duckdb_extension'",
    "update extensions",
    "call start_ui()",
    "call dbgen(sf = 0)",
    # network
    "from read_csv('http://127.0.0.1:{port}/x.csv')",
    "from 'https://127.0.0.1:{port}/x.parquet'",
    "from read_csv('s3://bucket/x.csv')",
    "attach 'http://127.0.0.1:{port}/x.duckdb'",
    "attach 'md:x'",
    "copy (select 1) to 'http://127.0.0.1:{port}/x.csv'",
    "from postgres_scan('host=127.0.0.1 port={port}', 'a', 'b')",
    "set http_proxy = '127.0.0.1:{port}'",
    "create persistent secret s (type http)",
    # settings
    "set enable_external_access = true",
    "set global enable_external_access = true",
    "reset enable_external_access",
    "pragma enable_external_access = true",
    "set disabled_filesystems = ''",
    "reset disabled_filesystems",
    "set lock_configuration = false",
    "reset lock_configuration",
    "set autoload_known_extensions = true",
    "set autoinstall_known_extensions = true",
    "set allow_community_extensions = true",
    "set extension_directory = '{folder}'",
    "set custom_extension_repository = 'http://127.0.0.1:{port}'",
    "set allowed_directories = ['{folder}']",
    "set allowed_paths = ['{folder}/private.csv']",
    "set temp_directory = '{folder}'",
    "set secret_directory = '{folder}'",
    "set memory_limit = '1TB'",
    # logs and profiles that would be written as files
    "set log_query_path = '{folder}/log'",
    "call enable_logging('QueryLog', storage = 'file', storage_path = '{folder}/log')",
    "call enable_logging(storage = 'stdout')",
    "set enable_logging = true",
    "pragma enable_profiling = 'json'",
    "set profiling_output = '{folder}/profile'",
    "pragma profile_output = '{folder}/profile'",
    # what the process knows
    "select getenv('API_KEY_X')",
    "from secret_frame",
    "from python_map_function()",
]
HARMLESS = [
    "create temp table u as select * from range(100000)",
    "set variable x = 1",
    "checkpoint",
    "force checkpoint",
    "vacuum",
    "analyze",
    "from duckdb_secrets()",
    "select path from duckdb_databases()",
    "from test_all_types()",
    "use main",
]
"""Allowed, and without a trace outside the connection."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published file with what an attempt could want beside it."""
    folder = tmp_path_factory.mktemp("template")
    with duckdb.connect(str(folder / "market.duckdb")) as connection:
        connection.execute(
            "create schema marts; create table marts.t as select i as x from range(1000) as r (i); "
            "create view v_t as select * from marts.t"
        )
    with duckdb.connect(str(folder / "other.duckdb")) as connection:
        connection.execute("create table private as select 'hunter2' as password")
    (folder / "private.csv").write_text("password\nhunter2\n")
    (folder / "market.duckdb.tmp").mkdir()  # as a query that spilled would leave it
    return folder


@pytest.fixture
def database(template: Path, tmp_path: Path) -> Path:
    return shutil.copytree(template, tmp_path / "files") / "market.duckdb"


@pytest.fixture(scope="module")
def calls() -> Iterator[tuple[int, list[object]]]:
    """A port that somebody could call, and who did."""
    seen: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, address = server.accept()
                except OSError:
                    return
                seen.append(address)
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1], seen


def attempt(reader: duckdb.DuckDBPyConnection, sql: str) -> object:
    secret_frame = __import__("pandas").DataFrame({"password": ["hunter2"]})  # DuckDB would look into its caller
    assert len(secret_frame) == 1
    return reader.execute(sql).fetchall()


@pytest.mark.parametrize("sql", REFUSED)
def test_attempt_is_refused_and_leaves_no_trace(database: Path, calls, monkeypatch: pytest.MonkeyPatch, sql):
    monkeypatch.setenv("API_KEY_X", "hunter2")
    port, seen = calls
    before = file_hashes(database.parent)
    with open_reader(database) as reader, pytest.raises(duckdb.Error):
        attempt(reader, sql.format(file=database, folder=database.parent, port=port))
    assert file_hashes(database.parent) == before
    assert seen == []


@pytest.mark.parametrize("sql", HARMLESS)
def test_what_is_allowed_leaves_no_trace(database: Path, sql):
    before = file_hashes(database.parent)
    with open_reader(database) as reader:
        found = attempt(reader, sql)
        assert "hunter2" not in str(found)
        assert reader.execute("select count(*) from v_t").fetchall() == [(1000,)]
    assert file_hashes(database.parent) == before


def test_nothing_is_spilled_beside_the_file(database: Path):
    """A query that needs more than memory fails; it does not fill the disk of the published build."""
    shutil.rmtree(database.parent / "market.duckdb.tmp")
    with open_reader(database) as reader:
        assert reader.execute("select current_setting('temp_directory')").fetchall() == [("",)]
        assert len(reader.execute("select * from range(2000000) order by hash(range)").fetchmany(5)) == 5
    assert {path.name for path in database.parent.iterdir()} == {"market.duckdb", "other.duckdb", "private.csv"}


def test_second_reader_of_a_process_is_cut_off_too(database: Path):
    """Both share one instance of the file, whose settings are locked by the first."""
    with open_reader(database), open_reader(database) as second, pytest.raises(duckdb.Error):
        second.execute(f"copy (select 1) to '{database}.wal'")


def test_reader_after_a_reader_is_cut_off_too(database: Path):
    with open_reader(database) as first:
        assert first.execute("select count(*) from marts.t").fetchall() == [(1000,)]
    with open_reader(database) as second, pytest.raises(duckdb.Error):
        second.execute(f"copy (select 1) to '{database}' (use_tmp_file false)")


@pytest.mark.parametrize(
    "sql",
    [
        "copy (select 1) to '{file}' (use_tmp_file false)",
        "copy (select 1) to '{file}.wal'",
        "attach '{folder}/other.duckdb' as other",
        "from read_text('{folder}/private.csv')",
        "install httpfs",
        "set enable_external_access = true",
        "select getenv('HOME')",
    ],
)
def test_command_refuses_too(database: Path, sql):
    published = database.parent / "data" / "published" / "current"
    published.mkdir(parents=True)
    shutil.copy(database, published / "market.duckdb")
    before = file_hashes(database.parent)
    asked = smallcap(
        database.parent / "data", "query", sql.format(file=published / "market.duckdb", folder=database.parent)
    )
    assert asked.code == 1, asked.out
    assert "The query failed" in asked.err
    assert "Traceback" not in asked.err
    assert file_hashes(database.parent) == before
