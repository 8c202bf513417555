"""Where columns of a query come from, and what a test asks, in words."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from dagster_project import column_lineage
from dagster_project.checks.words import test_in_words as in_words
from dagster_project.column_lineage import Parents, column_parents, kept_column_parents

COLUMNS = {"raw.bars": ["symbol", "day", "close"], "seeds.pairs": ["pair", "small"]}


def parents(sql: str) -> dict[str, list[tuple[str, str]]]:
    return column_parents({"marts.made": sql}, COLUMNS)["marts.made"]


def test_a_column_is_followed_through_stars_joins_and_windows():
    found = parents(
        """
        with bars as (select * from "file"."raw"."bars"), joined as (
            select pairs.pair, bars.*, close / lag(close) over (partition by symbol order by day) - 1 as return
            from "file"."seeds"."pairs" as pairs inner join bars on bars.symbol = pairs.small
        )
        select *, 1 as one, upper(pair) || symbol as both_names from joined
        """
    )
    assert found == {
        "pair": [("seeds.pairs", "pair")],
        "symbol": [("raw.bars", "symbol")],
        "day": [("raw.bars", "day")],
        "close": [("raw.bars", "close")],
        "return": [("raw.bars", "close"), ("raw.bars", "day"), ("raw.bars", "symbol")],
        "one": [],
        "both_names": [("raw.bars", "symbol"), ("seeds.pairs", "pair")],
    }


def test_both_sides_of_a_union_count():
    found = parents("select symbol as name from raw.bars union all select pair from seeds.pairs")
    assert found == {"name": [("raw.bars", "symbol"), ("seeds.pairs", "pair")]}


def test_sql_that_cannot_be_read_has_no_lineage_and_stops_nothing():
    found = column_parents({"marts.broken": "select from (", "marts.made": "select day from raw.bars"}, COLUMNS)
    assert found == {"marts.made": {"day": [("raw.bars", "day")]}}


@pytest.mark.parametrize(
    ("generic", "told"),
    [
        ({"name": "not_null", "kwargs": {"column_name": "day"}}, "day is never null."),
        ({"name": "unique_grain", "kwargs": {"columns": ["a", "b"]}}, "One row per a, b, none of them null."),
        ({"name": "accepted_values", "kwargs": {"column_name": "a", "values": [1, 2]}}, "a is one of 1, 2."),
        (
            {"name": "relationships", "kwargs": {"column_name": "a", "field": "b", "to": "ref('dim_pair')"}},
            "Every a is a b of dim_pair.",
        ),
        ({"name": "no_unknown_findings", "kwargs": {"check_id": "prices_gap"}}, "Gap in prices"),
        ({"name": "other", "kwargs": {}}, "levels start at 100"),
    ],
)
def test_a_generic_test_is_said_in_words(generic: dict[str, object], told: str):
    node = {"name": "assert_levels_start_at_100", "test_metadata": generic, "raw_code": ""}
    assert in_words(node, {"prices_gap": "Gap in prices"}) == told


@pytest.mark.parametrize(
    ("code", "told"),
    [("{{ config() }}\n-- Levels start\n  -- at 100.\nselect 1", "Levels start at 100."), ("select 1", "levels start")],
)
def test_a_test_of_its_own_is_said_in_its_comment(code: str, told: str):
    assert in_words({"name": "assert_levels_start", "raw_code": code}, {}) == told


def test_lineage_is_kept_until_the_sql_or_a_column_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "column_lineage.json"
    compiled = {"marts.made": "select day, close * 2 as twice from raw.bars"}
    first = kept_column_parents(file, compiled, COLUMNS)
    assert first == column_parents(compiled, COLUMNS)

    read: list[str] = []

    def counted(compiled: Mapping[str, str], columns: Mapping[str, Sequence[str]]) -> dict[str, Parents]:
        read.extend(compiled.values())
        return column_parents(compiled, columns)

    monkeypatch.setattr(column_lineage, "column_parents", counted)
    assert kept_column_parents(file, compiled, COLUMNS) == first
    assert read == []
    changed = {"marts.made": "select day, close as twice from raw.bars"}
    assert kept_column_parents(file, changed, COLUMNS) == column_parents(changed, COLUMNS)
    assert kept_column_parents(file, changed, {**COLUMNS, "raw.more": ["day"]})
    assert len(read) == 2


@pytest.mark.parametrize("left", ["", "{", "[]", '{"made_from": "x"}'])
def test_what_a_killed_build_leaves_of_the_kept_lineage_is_made_anew(tmp_path: Path, left: str) -> None:
    file = tmp_path / "column_lineage.json"
    file.write_text(left, encoding="utf-8")
    compiled = {"marts.made": "select day from raw.bars"}
    assert kept_column_parents(file, compiled, COLUMNS) == column_parents(compiled, COLUMNS)
