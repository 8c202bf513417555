"""Connections: one kind that writes, one kind for readers that people hand SQL to.

Belongs here: opening DuckDB files and what must hold when they are open.
Does not belong here: what is done over a connection.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from dagster_project.errors import BusyError, WarehouseError
from dagster_project.warehouse.ddl import create_layout, has_other_layout
from dagster_project.warehouse.resources import Resources

if TYPE_CHECKING:
    import duckdb


_OPENING = Lock()
"""Readers of one file in one process share their settings: one of them makes these, the others wait."""


class OtherLayoutError(WarehouseError):
    """The file was made by another version: it can be made again from the archive."""


@contextmanager
def open_warehouse(
    path: Path, source_mode: str, is_simulated: bool, resources: Resources | None = None
) -> "Iterator[duckdb.DuckDBPyConnection]":
    """Open the warehouse for writing, with the tables of every contract in place.

    Raises:
        WarehouseError: the file holds the other kind of data (simulated, real), or is not a DuckDB file; or the memory
            or the disk was not enough for what was done in it.
        OtherLayoutError: the file was made by another version.
        BusyError: another process has it open.
    """
    import duckdb

    path.parent.mkdir(parents=True, exist_ok=True)
    if resources:
        resources.spill_dir.mkdir(parents=True, exist_ok=True)  # DuckDB makes the last folder of a path only
    try:
        connection = duckdb.connect(str(path), config=resources.duckdb_config() if resources else {})
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise BusyError(f"{path} is open in another process. Close it, or wait for that build to end.") from error
        raise WarehouseError(f"{path} cannot be opened as a DuckDB file ({error}). See `smallcap doctor`.") from error
    try:
        if has_other_layout(connection):
            raise OtherLayoutError(
                f"{path} was made by another version of this program. Run `smallcap build`, which makes it again from "
                "the archive first."
            )
        create_layout(connection)
        recorded = connection.execute("select is_simulated from raw.warehouse_mode").fetchall()
        if not recorded:
            connection.execute("insert into raw.warehouse_mode values (?, ?)", [is_simulated, source_mode])
        elif recorded[0][0] != is_simulated:
            kind = {True: "simulated", False: "real"}
            raise WarehouseError(
                f"{path} holds {kind[recorded[0][0]]} data and this build is {kind[is_simulated]}: they never share a "
                "file. Point SMALLCAP_DATA_DIR elsewhere, or remove the file (rebuild brings it back)."
            )
        yield connection
    except duckdb.Error as error:
        if resources and (words := resources.in_words(str(error))):
            raise WarehouseError(f"{path}: {words}. The published build stays.") from error
        raise
    finally:
        connection.close()


@contextmanager
def transaction(connection: "duckdb.DuckDBPyConnection") -> Iterator[None]:
    """Everything in the block or nothing."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


@contextmanager
def open_reader(path: Path) -> "Iterator[duckdb.DuckDBPyConnection]":
    """Open a published database read-only, cut off from files, network and settings.

    Raises:
        WarehouseError: there is no such database.
    """
    import duckdb

    if not path.exists():
        raise WarehouseError(f"{path} is not there: nothing is published yet. Run `make build` first.")
    with _OPENING:
        connection = duckdb.connect(
            str(path.resolve()),
            read_only=True,
            config={"enable_external_access": "false", "autoload_known_extensions": "false", "temp_directory": ""},
        )
        _cut_off(connection)
    try:
        yield connection
    finally:
        connection.close()


def _cut_off(connection: "duckdb.DuckDBPyConnection") -> None:
    """Close the file system and lock the settings, unless another reader of this process has done so already.

    Without external access DuckDB still lets COPY write to the open file itself, its log and its folder for spilled
    rows: one statement could overwrite what is published. It can be closed only now: opening needs it.
    """
    [(is_locked,)] = connection.execute("select current_setting('lock_configuration')").fetchall()
    if not is_locked:
        connection.execute("set disabled_filesystems = 'LocalFileSystem'")
        connection.execute("set lock_configuration = true")
