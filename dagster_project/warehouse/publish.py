"""Published builds: a directory per build, one rename to switch, the manifest written last.

Belongs here: making the snapshot, verifying it, switching, keeping five, rolling back.
Does not belong here: deciding whether a build is good enough (`check_results.audit`).
"""

import json
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.errors import WarehouseError
from dagster_project.warehouse.connection import open_reader, transaction
from dagster_project.warehouse.ddl import sql_text
from dagster_project.warehouse.meta import fill_catalogue
from dagster_project.warehouse.views import create_views

if TYPE_CHECKING:
    import duckdb

logger = logging.getLogger("smallcap.publish")

STORAGE_VERSION = "v1.0.0"
"""DuckDB 1.x clients refuse the format that DuckDB 2 writes by default."""
PUBLISHED_SCHEMAS = ("marts", "meta")
SPREADSHEET_ROWS = 1_000_000
"""Longer tables open in no spreadsheet: they have Parquet and no CSV."""
VIEWS_WITH_FILES = ("v_claims_wide", "v_freshness", "v_next_meeting", "v_this_week", "v_today", "v_valuation_asof")
"""Views for tools that read files; the other views repeat marts."""


def publish_build(
    connection: "duckdb.DuckDBPyConnection",
    builds_dir: Path,
    current_link: Path,
    build_id: str,
    manifest: Mapping[str, Any],
    write_extras: Callable[[Path], None],
    keep: int,
) -> Path:
    """Write the snapshot of `connection`'s marts and meta as a new build and make it current.

    The build is made under another name, opened read-only and counted, completed by `write_extras`
    (which gets its directory) and by its manifest, and only then renamed and switched to.

    Raises:
        WarehouseError: the snapshot does not open or lacks rows; the current build stays.
    """
    final = builds_dir / build_id
    partial = builds_dir / f".{build_id}.partial"
    builds_dir.mkdir(parents=True, exist_ok=True)
    _remove_partials(builds_dir)
    if final.exists():
        raise WarehouseError(f"{final} is there already; a build is published once. Run a new build.")
    partial.mkdir()
    try:
        write_build(connection, partial, {**manifest, "build_id": build_id}, write_extras)
        partial.rename(final)
    except Exception:
        shutil.rmtree(partial, ignore_errors=True)  # on a full disk its space is what is wanted
        raise
    switch(current_link, final)
    _prune(builds_dir, current_link, keep)
    logger.info("published %s", final)
    return final


def write_build(
    connection: "duckdb.DuckDBPyConnection",
    directory: Path,
    manifest: Mapping[str, Any],
    write_extras: Callable[[Path], None],
) -> None:
    """Fill the directory of a build: snapshot, what `write_extras` adds, and its manifest as the last file.

    Raises:
        WarehouseError: the snapshot does not open or lacks rows.
    """
    counts = _write_snapshot(connection, directory)
    _verify(directory / "market.duckdb", counts)
    write_extras(directory)
    content = {**manifest, "rows": counts}
    (directory / "manifest.json").write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")


def switch(current_link: Path, build: Path) -> None:
    """Point `current` at a build by one rename: readers see the old build or the new one."""
    current_link.parent.mkdir(parents=True, exist_ok=True)
    fresh = current_link.with_name(f".{current_link.name}.new")
    fresh.unlink(missing_ok=True)  # of a build that was killed here
    fresh.symlink_to(os.path.relpath(build, current_link.parent))
    fresh.replace(current_link)


def published_builds(builds_dir: Path) -> list[Path]:
    """Complete builds (those with a manifest), oldest first."""
    return sorted(path.parent for path in builds_dir.glob("[!.]*/manifest.json"))


def roll_back(builds_dir: Path, current_link: Path, build_id: str | None = None) -> Path:
    """Make the build before the current one (or the one named) current; returns it.

    Raises:
        WarehouseError: there is no such build; the message lists those there are.
    """
    builds = published_builds(builds_dir)
    names = [build.name for build in builds]
    current = current_link.resolve().name if current_link.exists() else None
    if build_id is None:
        earlier = [name for name in names if current is None or name < current]
        if not earlier:
            raise WarehouseError(f"No build before {current or 'the first'}; there are: {', '.join(names) or 'none'}.")
        build_id = earlier[-1]
    if build_id not in names:
        raise WarehouseError(f"No published build {build_id}; there are: {', '.join(names) or 'none'}.")
    switch(current_link, builds_dir / build_id)
    return builds_dir / build_id


def _write_snapshot(connection: "duckdb.DuckDBPyConnection", directory: Path) -> dict[str, int]:
    """Copy every table of the published schemas to `market.duckdb`, Parquet and CSV; returns row counts."""
    file = directory / "market.duckdb"
    (directory / "parquet").mkdir()
    (directory / "csv").mkdir()
    tables = connection.execute(
        f"select table_schema, table_name from information_schema.tables where table_schema in {PUBLISHED_SCHEMAS} "
        "and table_catalog = current_database() order by 1, 2"
    ).fetchall()
    connection.execute(f"attach {sql_text(str(file))} as published (storage_version '{STORAGE_VERSION}')")
    try:
        with transaction(connection):  # one commit: with one per comment half of the time went into them
            for schema in PUBLISHED_SCHEMAS:
                connection.execute(f"create schema published.{schema}")
            for schema, table in tables:
                copy = f"create table published.{schema}.{table} as select * from {schema}.{table} order by all"
                connection.execute(copy)  # sorted: the grain comes first in every table
                _copy_comments(connection, schema, table)
        views = _write_views(connection, {f"{schema}.{table}" for schema, table in tables})
        counts: dict[str, int] = {}
        for schema, table in tables:
            source = f"published.{schema}.{table}"
            [(rows,)] = connection.execute(f"select count(*) from {source}").fetchall()
            counts[f"{schema}.{table}"] = rows
            name = table if schema == "marts" else f"{schema}_{table}"
            _copy_to_files(connection, source, directory, name, with_csv=rows <= SPREADSHEET_ROWS)
        for view in views:
            if view in VIEWS_WITH_FILES:
                _copy_to_files(connection, f"published.main.{view}", directory, view)
    finally:
        connection.execute("detach published")
    return counts


def _write_views(connection: "duckdb.DuckDBPyConnection", relations: set[str]) -> list[str]:
    """Write views and macros to `published` and enter them in its catalogue; returns the names of the views."""
    [(warehouse,)] = connection.execute("select current_database()").fetchall()
    connection.execute("use published")  # views keep unqualified names and so work under any name of the file
    try:
        with transaction(connection):
            views = create_views(connection, relations)
            if views:
                [(is_simulated,)] = connection.execute("select is_simulated from meta.build").fetchall()
                fill_catalogue(connection, ("main",), is_simulated)
    finally:
        connection.execute(f'use "{warehouse}"')
    return views


def _copy_to_files(
    connection: "duckdb.DuckDBPyConnection", source: str, directory: Path, name: str, with_csv: bool = True
) -> None:
    """Write a relation to `parquet/` and `csv/` of the build."""
    parquet, csv = directory / "parquet" / f"{name}.parquet", directory / "csv" / f"{name}.csv"
    connection.execute(f"copy (from {source}) to {sql_text(str(parquet))} (format parquet, compression zstd)")
    if with_csv:
        connection.execute(f"copy (from {source}) to {sql_text(str(csv))} (format csv, header)")


def _copy_comments(connection: "duckdb.DuckDBPyConnection", schema: str, table: str) -> None:
    """Table and column comments do not travel with `create table as`."""
    where = f"database_name = current_database() and schema_name = '{schema}' and table_name = '{table}'"
    comments = connection.execute(
        f"select null, comment from duckdb_tables() where {where} and comment is not null "
        f"union all select column_name, comment from duckdb_columns() where {where} and comment is not null"
    ).fetchall()
    for column, text in comments:
        target = f"published.{schema}.{table}"
        target = f'column {target}."{column}"' if column else f"table {target}"
        connection.execute(f"comment on {target} is {sql_text(text)}")


def _verify(file: Path, counts: Mapping[str, int]) -> None:
    """Open the snapshot as a reader would, count its rows and ask every view."""
    with open_reader(file) as reader:
        for relation, expected in counts.items():
            [(found,)] = reader.execute(f"select count(*) from {relation}").fetchall()
            if found != expected:
                raise WarehouseError(
                    f"{file}: {relation} has {found} rows, expected {expected}. Nothing was published."
                )
        for (view,) in reader.execute("select view_name from duckdb_views() where not internal").fetchall():
            reader.execute(f'select * from main."{view}" limit 1').fetchall()


def _prune(builds_dir: Path, current_link: Path, keep: int) -> None:
    current = current_link.resolve()
    builds = published_builds(builds_dir)
    for build in builds[: max(len(builds) - keep, 0)]:
        if build.resolve() != current:
            shutil.rmtree(build)


def _remove_partials(builds_dir: Path) -> None:
    """What a killed build left: never visible under a build's name, so safe to remove under the lock."""
    for partial in builds_dir.glob(".*.partial"):
        shutil.rmtree(partial)
