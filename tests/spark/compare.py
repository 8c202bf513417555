"""Two tables, cell by cell: exact keys and nulls, doubles relative to their size.

Belongs here: comparing. What is compared and who made it stands with the callers.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import duckdb

TOLERANCE = 1e-9
"""Of the larger of two doubles."""
SMALLEST = 1e-12
"""Doubles that are no farther apart agree: the difference of two returns can be as small as their own last digits."""


@dataclass(frozen=True)
class Comparison:
    """How two tables of one model differ; `faults` are sentences, empty where they agree."""

    model: str
    rows: int
    columns: int
    cells: int
    largest_difference: float
    """The largest relative difference of two doubles that are farther apart than SMALLEST."""
    faults: tuple[str, ...]


def compare(
    connection: duckdb.DuckDBPyConnection,
    model: str,
    left: str,
    right: str,
    keys: Sequence[str] = (),
    left_out: Collection[str] = (),
) -> Comparison:
    """Compare what two FROM clauses give.

    Args:
        keys: columns that name a row in both. Without them all columns but the doubles do, and rows that share those
            are told apart by the order of their doubles.
        left_out: columns that have to be in both, whatever they hold.
    """
    types = {name: kind for name, kind, *_ in connection.execute(f"describe select * from {left}").fetchall()}
    others = {name: kind for name, kind, *_ in connection.execute(f"describe select * from {right}").fetchall()}
    faults = [f"column {name} is only in one of them" for name in sorted(set(types) ^ set(others))]
    faults += [
        f"column {name} is {types[name]} and {others[name]}"
        for name in types
        if name in others and _kind(types[name]) != _kind(others[name])
    ]
    shared = [name for name in types if name in others and name not in left_out]
    doubles = [name for name in shared if types[name] in ("DOUBLE", "FLOAT")]
    keys = list(keys) or [name for name in shared if name not in doubles]
    ranked = ", ".join(_quoted(keys)) or "1"
    order = ", ".join(_quoted([name for name in shared if name not in keys])) or "1"
    numbered = "select *, row_number() over (partition by {} order by {}) as n_ from {}"
    same_row = " and ".join(f"l.{name} is not distinct from r.{name}" for name in [*_quoted(keys), "n_"])
    connection.execute(
        f"create or replace temp table joined as select l, r from ({numbered.format(ranked, order, left)}) as l "
        f"full join ({numbered.format(ranked, order, right)}) as r on {same_row}"
    )
    [(rows, only_left, only_right)] = connection.execute(
        "select count(l.n_), count(*) filter (r.n_ is null), count(*) filter (l.n_ is null) from joined"
    ).fetchall()
    if only_left or only_right:
        example = connection.execute(
            f"select {', '.join(f'coalesce(l.{name}, r.{name})' for name in _quoted(keys)) or '1'} from joined "
            "where l.n_ is null or r.n_ is null order by all limit 1"
        ).fetchone()
        faults.append(f"{only_left} rows only in the first, {only_right} only in the second, for example {example}")
    largest = 0.0
    for name in shared:
        if name in keys:
            continue
        column, is_double = _quoted([name])[0], name in doubles
        unequal = f"l.{column} is distinct from r.{column}"
        far = f"{unequal} and coalesce({_distance(column)} > {TOLERANCE}, true)" if is_double else unequal
        distance = f"max({_distance(column)}) filter (isfinite({_distance(column)}))" if is_double else "0.0"
        [(differing, at_most)] = connection.execute(
            f"select count(*) filter ({far}), {distance} from joined where l.n_ is not null and r.n_ is not null"
        ).fetchall()
        largest = max(largest, at_most or 0.0)
        if differing:
            example = connection.execute(
                f"select l.{column}, r.{column}, {', '.join(f'l.{key}' for key in _quoted(keys)) or '1'} from joined "
                f"where l.n_ is not null and r.n_ is not null and {far} order by all limit 1"
            ).fetchone()
            faults.append(f"{name} differs in {differing} rows, for example {example}")
    return Comparison(model, rows, len(shared), rows * len(shared), largest, tuple(faults))


def _kind(sql_type: str) -> str:
    """The type, all sizes of integers being one: contracts fix those that are published."""
    return "integer" if sql_type in ("INTEGER", "BIGINT", "HUGEINT", "SMALLINT") else sql_type


def _quoted(names: Sequence[str]) -> list[str]:
    return [f'"{name}"' for name in names]


def _distance(column: str) -> str:
    left, right = f"l.{column}", f"r.{column}"
    relative = f"abs({left} - {right}) / greatest(abs({left}), abs({right}))"
    return f"(case when {left} = {right} or abs({left} - {right}) <= {SMALLEST} then 0.0 else {relative} end)"
