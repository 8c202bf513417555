"""Fixtures of all tests. No test reads or writes the data directory of the repository."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dagster_project.warehouse.connection import open_warehouse
from tests import parsed_dbt
from tests.made_once import shared_directory

if TYPE_CHECKING:
    from tests.helpers import Store
    from tests.scenarios import Run, Scenarios

FOREIGN_PREFIXES = ("SMALLCAP_", "DBT_", "DAGSTER_")


@pytest.fixture(autouse=True)
def no_settings_from_outside(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the shell do not reach a test, and what a test forgets to set lands in a temporary folder."""
    for name in list(os.environ):
        if name.startswith(FOREIGN_PREFIXES):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SMALLCAP_DATA_DIR", str(tmp_path_factory.getbasetemp() / "stray_data"))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory that all processes of this test run see."""
    return shared_directory(tmp_path_factory, os.environ.get("PYTEST_XDIST_WORKER"))


@pytest.fixture(scope="session", autouse=True)
def parsed_once(shared: Path) -> Iterator[None]:
    """Where the parsing of the dbt project is kept for this test run."""
    os.environ[parsed_dbt.VARIABLE] = str(shared / "parsed_dbt")
    yield
    del os.environ[parsed_dbt.VARIABLE]


@pytest.fixture
def store(tmp_path: Path) -> "Iterator[Store]":
    """An empty warehouse of real data, fed from memory."""
    from tests.helpers import Store

    with open_warehouse(tmp_path / "real.duckdb", "files", is_simulated=False) as connection:
        yield Store(tmp_path, connection)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-fault", action="store_true", help="every fault of every service, not a fixed sample")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "scenario(name): run of the whole program (tests/scenarios.py) a test looks at")


@pytest.fixture(scope="session", autouse=True)
def scenarios(request: pytest.FixtureRequest, shared: Path, parsed_once: None) -> "Iterator[Scenarios]":
    """The runs of the whole program that the selected tests want, begun before the first test."""
    from tests.scenarios import Scenarios

    wanted = {mark.args[0] for item in request.session.items for mark in item.iter_markers("scenario")}
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    is_odd = worker[-1:] in set("13579")
    running = Scenarios(shared / "scenarios", wanted, at_a_time=1 if worker else 2, is_from_the_end=is_odd)
    yield running
    running.pool.shutdown(cancel_futures=True)


@pytest.fixture
def run(request: pytest.FixtureRequest, scenarios: "Scenarios") -> "Run":
    """The run that the test names with `@pytest.mark.scenario`; not to be changed."""
    marker = request.node.get_closest_marker("scenario")
    assert marker is not None, "name the scenario: @pytest.mark.scenario(...)"
    return scenarios[marker.args[0]]


@pytest.fixture
def own_run(run: "Run", tmp_path: Path) -> "Run":
    """A copy of the run, for a test that changes something."""
    return run.copied_to(tmp_path / "own")
