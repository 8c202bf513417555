"""Fixtures of all tests. No test reads or writes the data directory of the repository."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dagster_project.warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from tests.helpers import Store

# `--import-mode=importlib` puts no folder on the path: tests import their helpers as `tests.helpers`.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

FOREIGN_PREFIXES = ("SMALLCAP_", "DBT_", "DAGSTER_")


@pytest.fixture(autouse=True)
def no_settings_from_outside(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the shell do not reach a test, and what a test forgets to set lands in a temporary folder."""
    for name in list(os.environ):
        if name.startswith(FOREIGN_PREFIXES):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SMALLCAP_DATA_DIR", str(tmp_path_factory.getbasetemp() / "stray_data"))


@pytest.fixture
def store(tmp_path: Path) -> "Iterator[Store]":
    """An empty warehouse of real data, fed from memory."""
    from tests.helpers import Store

    with open_warehouse(tmp_path / "real.duckdb", "files", is_simulated=False) as connection:
        yield Store(tmp_path, connection)
