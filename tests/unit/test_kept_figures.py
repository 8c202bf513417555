"""Figures are made once for the same arrays, and anew for other arrays, other code or other libraries."""

import importlib.metadata
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from dagster_project.research import kept_figures
from dagster_project.research.kept_figures import DIGEST, KeptFigures
from dagster_project.warehouse.earlier_rows import copy_kept_figures, earlier_rows

NAMES = ["total", "largest"]


def kept(earlier: pd.DataFrame | None = None) -> tuple[KeptFigures, list[int]]:
    """The function, and the sizes of what it was called with."""
    sizes: list[int] = []

    def make(values: np.ndarray) -> list[float]:
        sizes.append(values.size)
        return [values.sum(), values.max() if values.size > 1 else np.nan]

    return KeptFigures(make, NAMES, ["pandas"], earlier), sizes


def stored(figures: KeptFigures, *arrays: np.ndarray) -> pd.DataFrame:
    rows = [figures(array) for array in arrays]
    return pd.DataFrame([{DIGEST: digest} | dict(zip(NAMES, made, strict=True)) for digest, made in rows])


def test_the_same_arrays_are_made_once_also_by_a_later_process() -> None:
    first, sizes = kept()
    rows = stored(first, np.arange(3.0), np.arange(3.0), np.ones(1))
    assert sizes == [3, 1]
    later, sizes = kept(pd.concat([rows, pd.DataFrame({DIGEST: [None]})]))
    pd.testing.assert_frame_equal(stored(later, np.arange(3.0), np.arange(3.0), np.ones(1)), rows, check_exact=True)
    assert sizes == []


@pytest.mark.parametrize(
    "other", [np.arange(4.0), np.arange(3), np.array([0.0, 1.0, np.nextafter(2, 3)]), np.arange(3.0).reshape(3, 1)]
)
def test_other_arrays_are_made_anew(other: np.ndarray) -> None:
    first, _ = kept()
    figures, sizes = kept(stored(first, np.arange(3.0)))
    figures(other)
    assert sizes == [other.size]


def test_where_one_array_ends_counts() -> None:
    figures = KeptFigures(lambda left, right: [left.size], NAMES[:1], [], None)
    assert figures(np.arange(3.0), np.ones(1))[1] == 3
    assert figures(np.arange(2.0), np.array([2.0, 1.0]))[1] == 2


def test_what_another_version_of_a_library_made_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = stored(kept()[0], np.arange(3.0))
    real = importlib.metadata.version
    monkeypatch.setattr(kept_figures, "version", lambda name: "0.1" if name == "pandas" else real(name))
    figures, sizes = kept(rows)
    figures(np.arange(3.0))
    assert sizes == [3]


def test_what_other_code_made_is_made_anew(tmp_path) -> None:
    rows = stored(kept()[0], np.arange(3.0))
    file = tmp_path / "other.py"
    file.write_text("def make(values):\n    return [values.min(), 0.0]\n", encoding="utf-8")
    names: dict = {}
    exec(compile(file.read_text(encoding="utf-8"), file, "exec"), names)
    digest, made = KeptFigures(names["make"], NAMES, ["pandas"], rows)(np.arange(3.0))
    assert digest not in set(rows[DIGEST])
    assert made.tolist() == [0, 0]


def test_another_warehouse_gets_the_figures_and_nothing_else(tmp_path: Path) -> None:
    tmp_path = tmp_path / "o'brien"
    tmp_path.mkdir()
    with duckdb.connect(str(tmp_path / "ordinary.duckdb")) as ordinary:
        ordinary.execute("create schema research")
        ordinary.execute(f"create table research.figures as select 'a1' as {DIGEST}, 0.5 as total")
        ordinary.execute("create table research.other as select 1 as total")
    with duckdb.connect(str(tmp_path / "replay.duckdb")) as replay:
        copy_kept_figures(replay, tmp_path / "ordinary.duckdb")
        assert replay.execute("select schema_name, table_name from duckdb_tables()").fetchall() == [
            ("research", "figures")
        ]
        rows = earlier_rows(replay, "research.figures", [DIGEST, "total"])
        assert rows is not None
        assert rows.to_dict("records") == [{DIGEST: "a1", "total": 0.5}]
        assert replay.execute("select database_name from duckdb_databases() where not internal").fetchall() == [
            ("replay",)
        ]


@pytest.mark.parametrize("content", [None, b"no database"])
def test_without_another_warehouse_there_is_nothing_to_take_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes | None
) -> None:
    other = tmp_path / "ordinary.duckdb"
    if content:
        other.write_bytes(content)
    with duckdb.connect() as replay:
        copy_kept_figures(replay, other)
        assert replay.execute("select count(*) from duckdb_tables()").fetchall() == [(0,)]
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ([content] if content else [])
    assert ("made anew" in caplog.text) is bool(content)
