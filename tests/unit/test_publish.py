"""Published builds: complete or invisible, switched by one rename, five kept, rolled back."""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dagster_project.errors import WarehouseError
from dagster_project.warehouse import publish as module
from dagster_project.warehouse.connection import open_reader
from dagster_project.warehouse.publish import publish_build, published_builds, roll_back, switch
from tests.helpers import file_hashes


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse with two marts; raw must never be published."""
    with duckdb.connect(str(tmp_path / "real.duckdb")) as connection:
        connection.execute(
            """
            create schema marts; create schema meta; create schema raw;
            create table marts.levels as
                select 'IWM''s' as symbol, date '2017-05-26' + i::int as day, i / 7 as level, i % 2 = 0 as is_even
                from range(1000) as t (i);
            create table marts.empty_one (id integer not null, note varchar);
            create table meta.build as select 'b' as build_id;
            create table raw.secret as select 1 as x;
            comment on table marts.levels is 'levels of the ''market''';
            comment on column marts.levels.level is 'it''s 100 at the start';
            """
        )
        yield connection


@pytest.fixture
def publish(warehouse, tmp_path: Path):
    def run(build_id: str, write_extras=lambda directory: None, keep: int = 5) -> Path:
        return publish_build(
            warehouse,
            tmp_path / "builds",
            tmp_path / "published" / "current",
            build_id,
            {"mode": "real"},
            write_extras,
            keep,
        )

    return run


@pytest.fixture
def current(tmp_path: Path) -> Path:
    return tmp_path / "published" / "current"


def test_snapshot_holds_marts_and_meta_with_their_comments_and_nothing_else(publish, current):
    build = publish("b1")
    with open_reader(current / "market.duckdb") as reader:
        assert reader.execute("select schema_name, table_name from duckdb_tables() order by all").fetchall() == [
            ("marts", "empty_one"), ("marts", "levels"), ("meta", "build")]  # fmt: skip
        assert reader.execute("select count(*), min(symbol), sum(level) from marts.levels").fetchall() == [
            (1000, "IWM's", pytest.approx(999 * 1000 / 2 / 7))]  # fmt: skip
        assert reader.execute("select comment from duckdb_tables() where table_name = 'levels'").fetchall() == [
            ("levels of the 'market'",)]  # fmt: skip
        assert ("it's 100 at the start",) in reader.execute("select comment from duckdb_columns()").fetchall()
    assert current.resolve() == build.resolve()


def test_parquet_and_csv_hold_the_same_rows(publish):
    build = publish("b1")
    assert {path.name for path in (build / "parquet").iterdir()} == {
        "levels.parquet",
        "empty_one.parquet",
        "meta_build.parquet",
    }
    assert {path.name for path in (build / "csv").iterdir()} == {"levels.csv", "empty_one.csv", "meta_build.csv"}
    for file in ("parquet/levels.parquet", "csv/levels.csv"):
        assert duckdb.execute(f"select count(*), round(sum(level), 6) from '{build / file}'").fetchall() == [
            (1000, round(999 * 1000 / 2 / 7, 6))]  # fmt: skip
    assert (build / "csv" / "empty_one.csv").read_text() == "id,note\n"


def test_storage_version_is_that_of_duckdb_1(publish, warehouse, tmp_path: Path):
    """Bytes 8 to 12 are the magic word, the eight bytes after it the storage version: 64 is what 1.0 reads."""
    header = (publish("b1") / "market.duckdb").read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") == 64


def test_manifest_tells_the_rows_and_is_written_last(publish):
    seen = []
    build = publish("b1", lambda directory: seen.append(sorted(path.name for path in directory.iterdir())))
    assert seen == [["csv", "market.duckdb", "parquet"]]
    assert json.loads((build / "manifest.json").read_text()) == {
        "mode": "real",
        "build_id": "b1",
        "rows": {"marts.empty_one": 0, "marts.levels": 1000, "meta.build": 1},
    }


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("where", ["extras", "verify", "snapshot", "rename"])
def test_killed_in_the_middle_leaves_the_current_build_and_no_visible_one(
    publish, current, tmp_path: Path, monkeypatch, where, error
):
    publish("b1")
    before = file_hashes(tmp_path / "builds")

    def die(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        if where == "verify":
            patch.setattr(module, "_verify", die)
        elif where == "snapshot":
            patch.setattr(module, "_write_snapshot", die)
        elif where == "rename":
            patch.setattr(Path, "rename", die)
        with pytest.raises(type(error)):
            publish("b2", die if where == "extras" else lambda directory: None)
    assert [build.name for build in published_builds(tmp_path / "builds")] == ["b1"]
    assert [path.name for path in (tmp_path / "builds").iterdir() if not path.name.startswith(".")] == ["b1"]
    if isinstance(error, Exception):  # nothing takes space on what may be a full disk
        assert not list((tmp_path / "builds").glob(".*"))
    assert current.resolve().name == "b1"
    assert {name: b for name, b in file_hashes(tmp_path / "builds").items() if name.startswith("b1/")} == before
    publish("b3")
    assert sorted(path.name for path in (tmp_path / "builds").iterdir()) == ["b1", "b3"]
    assert current.resolve().name == "b3"


def test_snapshot_that_lacks_rows_is_not_published(publish, current, monkeypatch):
    publish("b1")
    real = module._write_snapshot
    monkeypatch.setattr(module, "_write_snapshot", lambda *args: real(*args) | {"marts.levels": 1001})
    with pytest.raises(WarehouseError, match=r"marts.levels has 1000 rows, expected 1001"):
        publish("b2")
    assert current.resolve().name == "b1"


def test_build_is_published_once(publish):
    publish("b1")
    with pytest.raises(WarehouseError, match="there already"):
        publish("b1")


def test_five_are_kept(publish, current, tmp_path: Path):
    for number in range(1, 8):
        publish(f"b{number}")
    assert [build.name for build in published_builds(tmp_path / "builds")] == ["b3", "b4", "b5", "b6", "b7"]
    assert current.resolve().name == "b7"


def test_current_build_is_never_pruned(publish, current, tmp_path: Path):
    for number in range(1, 4):
        publish(f"b{number}", keep=3)
    switch(current, tmp_path / "builds" / "b1")
    module._prune(tmp_path / "builds", current, 1)
    assert [build.name for build in published_builds(tmp_path / "builds")] == ["b1", "b3"]
    assert (current / "manifest.json").exists()


def test_rollback_to_the_one_before_and_to_a_named_one(publish, current, tmp_path: Path):
    for number in (1, 2, 3):
        publish(f"b{number}")
    builds = tmp_path / "builds"
    assert roll_back(builds, current).name == "b2"
    assert roll_back(builds, current).name == "b1"
    with pytest.raises(WarehouseError, match=r"No build before b1; there are: b1, b2, b3"):
        roll_back(builds, current)
    assert roll_back(builds, current, "b3").name == "b3"
    assert current.resolve().name == "b3"
    with pytest.raises(WarehouseError, match=r"No published build b9; there are: b1, b2, b3"):
        roll_back(builds, current, "b9")
    assert current.resolve().name == "b3"


def test_rollback_without_any_build(tmp_path: Path, current):
    with pytest.raises(WarehouseError, match="there are: none"):
        roll_back(tmp_path / "builds", current)


def test_rollback_where_the_link_dangles(publish, current, tmp_path: Path):
    publish("b1")
    current.unlink()
    current.symlink_to("../builds/gone")
    assert roll_back(tmp_path / "builds", current).name == "b1"


def test_switch_is_one_rename_of_a_relative_link(publish, current, monkeypatch, tmp_path: Path):
    publish("b1")
    publish("b2")
    renames = []
    real = Path.replace
    monkeypatch.setattr(
        Path, "replace", lambda self, target: renames.append((self.is_symlink(), target)) or real(self, target)
    )
    monkeypatch.setattr(
        Path, "unlink", lambda self, missing_ok=False: renames.append("unlink") if self == current else None
    )
    switch(current, tmp_path / "builds" / "b1")
    assert renames == [(True, current)]
    assert str(current.readlink()) == "../builds/b1"
    assert current.resolve().name == "b1"
    assert [path.name for path in current.parent.iterdir()] == ["current"]


def test_link_of_a_build_killed_before_its_rename_goes_with_the_next_switch(publish, current, monkeypatch):
    publish("b1")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die)
        patch.setattr(module.os, "getpid", lambda: 12345)  # another process than the next one
        with pytest.raises(KeyboardInterrupt):
            publish("b2")
    assert len(list(current.parent.iterdir())) == 2
    publish("b3")
    assert [path.name for path in current.parent.iterdir()] == ["current"]


def test_reader_keeps_its_build_over_a_switch(publish, current):
    publish("b1")
    with open_reader(current / "market.duckdb") as reader:
        publish("b2")
        assert reader.execute("select count(*) from marts.levels").fetchall() == [(1000,)]
