"""Short names for people: the views and table macros that the published database has beside its marts.

Belongs here: the SQL of one subject per file, with the comments of its views; the order in which the files are run, and
where a column takes its comment from that has none of its own.
Does not belong here: figures of their own. A view selects, joins and names what the marts have computed.

Views speak of the last session or of every day; BI tools pick them by name. Macros speak of the day that they are
given. Both stand in schema `main`, so that no schema needs to be named. This version of DuckDB writes them and clients
from 1.1 on read them: no syntax that is younger.
"""

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.warehouse.ddl import sql_text

if TYPE_CHECKING:
    import duckdb

logger = logging.getLogger("smallcap.publish")

SQL_FILES = tuple(
    Path(__file__).with_name(f"{subject}.sql")
    for subject in ("claims", "flows", "odds", "valuation", "freshness", "today")
)
"""Later files use views and macros of earlier ones."""

COLUMNS_LIKE: dict[str, tuple[str, ...]] = {
    "v_claims": ("marts.claims", "marts.dim_claim"),
    "v_claims_wide": ("marts.claims",),
    "v_flows": ("marts.fund_flows_daily",),
    "v_league": ("marts.fund_flows_weekly",),
    "v_this_week": ("main.v_league",),
    "v_odds": ("marts.rate_expectations",),
    "v_next_meeting": ("main.v_odds",),
    "v_valuation_asof": ("marts.valuation",),
    "v_freshness": ("meta.freshness", "meta.build"),
    "v_today": (
        "main.v_next_meeting",
        "marts.relative_performance",
        "marts.relative_gain_since_election",
        "meta.build",
    ),
}
"""Per view the relations whose columns of the same name say what its columns mean; the first that has one counts.

A comment in the SQL file goes before. A view stands after those it takes comments from.
"""

PUBLISHED_RELATION = re.compile(r"\b(?:marts|meta)\.\w+")


def create_views(connection: "duckdb.DuckDBPyConnection", relations: set[str]) -> list[str]:
    """Create every view and macro in the database in use, with comments; returns the names of the views.

    Args:
        relations: what is published, as in `marts.claims`. Without one that the views need there are none at all.
    """
    scripts = [file.read_text(encoding="utf-8") for file in SQL_FILES]
    missing = {name for script in scripts for name in PUBLISHED_RELATION.findall(script)} - relations
    if missing:
        logger.warning("no views: the build has no %s", ", ".join(sorted(missing)))
        return []
    for script in scripts:
        connection.execute(script)
    for view, models in COLUMNS_LIKE.items():
        _inherit_comments(connection, view, models)
    return list(COLUMNS_LIKE)


def _inherit_comments(connection: "duckdb.DuckDBPyConnection", view: str, models: tuple[str, ...]) -> None:
    """Give the columns of a view that have no comment that of the column of the same name in `models`."""
    comments = connection.execute(
        "select schema_name || '.' || table_name as relation, column_name, comment from duckdb_columns() "
        "where database_name = current_database()"
    ).fetchall()
    known = {(relation, column): comment for relation, column, comment in comments if comment}
    for relation, column, comment in comments:
        if relation == f"main.{view}" and comment is None:
            found = next((known[model, column] for model in models if (model, column) in known), None)
            if found:
                connection.execute(f'comment on column {view}."{column}" is {sql_text(found)}')
