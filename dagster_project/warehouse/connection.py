"""Connections: one kind that writes, one kind for readers that people hand SQL to.

Belongs here: opening DuckDB files and what must hold when they are open.
Does not belong here: what is done over a connection.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.errors import BusyError, WarehouseError
from dagster_project.warehouse.ddl import create_layout, has_other_layout

if TYPE_CHECKING:
    import duckdb


class OtherLayoutError(WarehouseError):
    """The file was made by another version: it can be made again from the archive."""


@contextmanager
def open_warehouse(path: Path, source_mode: str, is_simulated: bool) -> "Iterator[duckdb.DuckDBPyConnection]":
    """Open the warehouse for writing, with the tables of every contract in place.

    Raises:
        WarehouseError: the file holds the other kind of data (simulated, real), or is not a DuckDB file.
        OtherLayoutError: the file was made by another version.
        BusyError: another process has it open.
    """
    import duckdb

    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = duckdb.connect(str(path))
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
    finally:
        connection.close()


@contextmanager
def open_reader(path: Path) -> "Iterator[duckdb.DuckDBPyConnection]":
    """Open a published database read-only, cut off from files, network and settings.

    Raises:
        WarehouseError: there is no such database.
    """
    import duckdb

    if not path.exists():
        raise WarehouseError(f"{path} is not there: nothing is published yet. Run `make build` first.")
    connection = duckdb.connect(
        str(path.resolve()),
        read_only=True,
        config={"enable_external_access": "false", "lock_configuration": "true", "autoload_known_extensions": "false"},
    )
    try:
        yield connection
    finally:
        connection.close()
