"""What runs out says what to raise: told by real errors of DuckDB."""

from pathlib import Path

import duckdb
import pytest

from dagster_project.errors import SmallcapError, WarehouseError
from dagster_project.settings import load_settings
from dagster_project.warehouse.connection import open_warehouse
from dagster_project.warehouse.resources import Resources

MAKE_MUCH = "create temp table big as select range as x, hash(range)::varchar as y from range(2_000_000)"


@pytest.fixture
def small(tmp_path: Path) -> Resources:
    return Resources("20MB", 2, tmp_path / "temp" / "smallcap_real")


def test_memory_that_runs_out_names_the_setting(tmp_path: Path, small: Resources):
    with (
        pytest.raises(WarehouseError, match="SMALLCAP_MEMORY_LIMIT=20MB: raise it, or lower SMALLCAP_THREADS"),
        open_warehouse(tmp_path / "real.duckdb", "files", is_simulated=False, resources=small) as connection,
    ):
        connection.execute("select list(range) from range(20_000_000)")


def test_disk_that_is_full_names_the_folder(tmp_path: Path, small: Resources):
    small.make_room()
    with (
        pytest.raises(WarehouseError, match=f"the disk is full: .*{small.spill_dir}.*SMALLCAP_TEMP_DIR"),
        open_warehouse(tmp_path / "real.duckdb", "files", is_simulated=False, resources=small) as connection,
    ):
        connection.execute("set max_temp_directory_size = '1MB'")
        connection.execute(MAKE_MUCH)


def test_rows_beyond_the_memory_are_spilled_and_go(tmp_path: Path, small: Resources):
    with open_warehouse(tmp_path / "real.duckdb", "files", is_simulated=False, resources=small) as connection:
        connection.execute(MAKE_MUCH)
        assert list(small.spill_dir.iterdir()), "2 million texts do not fit into 20 MB"
        assert connection.execute("select count(*) from big").fetchall() == [(2_000_000,)]
    assert not list(small.spill_dir.glob("*"))


def test_what_a_killed_build_left_goes(small: Resources):
    small.spill_dir.mkdir(parents=True)
    (small.spill_dir / "duckdb_temp_storage_DEFAULT-0.tmp").write_bytes(b"left")
    small.make_room()
    assert list(small.spill_dir.iterdir()) == []


def test_other_errors_stay_what_they_are(tmp_path: Path, small: Resources):
    with (
        pytest.raises(duckdb.CatalogException),
        open_warehouse(tmp_path / "real.duckdb", "files", is_simulated=False, resources=small) as connection,
    ):
        connection.execute("from nothing_there")


@pytest.mark.parametrize("wrong", ["lots", "-1GB", "8XB", "8"])
def test_memory_limit_that_is_none(wrong: str):
    with pytest.raises(SmallcapError, match="SMALLCAP_MEMORY_LIMIT"):
        load_settings({"memory_limit": wrong})
