"""Fixtures of all tests. No test reads or writes the data directory of the repository."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagster_project.warehouse.connection import open_warehouse
from tests.helpers import Store

FOREIGN_PREFIXES = ("SMALLCAP_", "DBT_", "DAGSTER_")


@pytest.fixture(autouse=True)
def no_settings_from_outside(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the shell do not reach a test, and what a test forgets to set lands in a temporary folder."""
    for name in list(os.environ):
        if name.startswith(FOREIGN_PREFIXES):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SMALLCAP_DATA_DIR", str(tmp_path_factory.getbasetemp() / "stray_data"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty warehouse of real data, fed from memory."""
    with open_warehouse(tmp_path / "real.duckdb", "files", is_simulated=False) as connection:
        yield Store(tmp_path, connection)
