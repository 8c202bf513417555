"""Which columns of other tables a column of a dbt model is made from, read from the compiled SQL.

Belongs here: reading SQL. Does not belong here: Dagster's names for it (`assets/transform`), running dbt.
"""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

logger = logging.getLogger("smallcap.dbt")

Parents = dict[str, list[tuple[str, str]]]
"""By column: relations such as `marts.price_levels`, each with one of its columns."""


def kept_column_parents(
    file: Path, compiled: Mapping[str, str], columns: Mapping[str, Sequence[str]]
) -> dict[str, Parents]:
    """As `column_parents`, taken from `file` where that was made from the same SQL and columns, else written there.

    Most builds run the SQL of the build before, and reading it costs more than a second.
    """
    asked = json.dumps([compiled, columns], sort_keys=True)
    key = hashlib.sha256(asked.encode()).hexdigest()
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["made_from"] == key:
            return {
                relation: {column: [(table, name) for table, name in origins] for column, origins in parents.items()}
                for relation, parents in kept["parents"].items()
            }
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        pass  # there is none yet, or what a killed build left of it
    parents = column_parents(compiled, columns)
    file.write_text(json.dumps({"made_from": key, "parents": parents}), encoding="utf-8")
    return parents


def column_parents(compiled: Mapping[str, str], columns: Mapping[str, Sequence[str]]) -> dict[str, Parents]:
    """The direct parents of every column.

    All columns of a query are traced in one go: a second for the whole project, where tracing each from the text, as
    dagster-dbt does, takes half a minute.

    Args:
        compiled: SQL of each relation.
        columns: names of the columns of every relation that the SQL may read.

    Returns:
        Nothing for a relation whose SQL cannot be read: lineage is for people to look at, and stops no build.
    """
    from sqlglot import MappingSchema, exp, parse_one
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage

    tables: dict[str, Any] = {}
    for relation, names in columns.items():
        schema, table = relation.split(".")
        tables.setdefault(schema, {})[table] = dict.fromkeys(names, "text")  # types do not matter here
    known = MappingSchema(tables, dialect="duckdb")
    found: dict[str, Parents] = {}
    for relation, sql in compiled.items():
        try:
            query = parse_one(sql, dialect="duckdb")
            for read in query.find_all(exp.Table):
                read.set("catalog", None)
            traced = lineage(None, query, schema=known, dialect="duckdb", copy=False, trim_selects=False)
        except SqlglotError as error:
            logger.info("no column lineage of %s: %s", relation, error)
            continue
        found[relation] = {}
        for column, node in traced.items():
            origins = [(end.expression.find(exp.Table), end.name) for end in node.walk() if not end.downstream]
            parents = {(f"{read.db}.{read.name}", exp.to_column(name).name) for read, name in origins if read}
            found[relation][column] = sorted(parents)
    return found
