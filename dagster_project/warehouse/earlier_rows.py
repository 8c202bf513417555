"""The rows that the run before left in the table of a dbt Python model.

Belongs here: reading them while the model is made anew, handing them to a warehouse that starts empty. What does not:
what is taken over from them (`research`).
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pandas as pd

from dagster_project.research.kept_figures import DIGEST
from dagster_project.warehouse.ddl import sql_text

logger = logging.getLogger("smallcap.replay")


def earlier_rows(session: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> pd.DataFrame | None:
    """`columns` of the table; None if it is not there yet, or was made before it had these columns."""
    try:
        rows: pd.DataFrame = session.table(table).project(", ".join(columns)).df()
    except duckdb.ProgrammingError:
        return None
    return rows


def copy_kept_figures(connection: duckdb.DuckDBPyConnection, warehouse_file: Path) -> None:
    """Copy the tables whose figures are found again by a digest from another warehouse.

    Such figures depend on the numbers that they are made from alone, so they may come from any warehouse; without one
    that can be read they are made anew, which only takes longer.
    """
    if not warehouse_file.exists():
        return
    try:
        connection.execute(f"attach {sql_text(str(warehouse_file))} as figures_of (read_only)")
    except duckdb.Error as error:
        logger.warning("%s cannot be read (%s): regressions and resamples are made anew", warehouse_file, error)
        return
    tables = connection.execute(
        "select schema_name, table_name from duckdb_columns() where database_name = 'figures_of' and column_name = ?",
        [DIGEST],
    ).fetchall()
    for schema, table in tables:
        connection.execute(f"create schema if not exists {schema}")
        connection.execute(f"create table {schema}.{table} as select * from figures_of.{schema}.{table}")
    connection.execute("detach figures_of")
