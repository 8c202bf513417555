"""The rows that the run before left in the table of a dbt Python model.

Belongs here: reading them while the model is made anew. What does not: what is taken over from them (`research`).
"""

from collections.abc import Sequence

import duckdb
import pandas as pd


def earlier_rows(session: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> pd.DataFrame | None:
    """`columns` of the table; None if it is not there yet, or was made before it had these columns."""
    try:
        rows: pd.DataFrame = session.table(table).project(", ".join(columns)).df()
    except duckdb.ProgrammingError:
        return None
    return rows
