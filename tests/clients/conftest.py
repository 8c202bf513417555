"""The published build that every client opens: that of the sample, with every mart filled."""

from pathlib import Path

import pytest

from tests.clients.environments import VERSIONS, Client, installed
from tests.scenarios import Run


@pytest.fixture
def build(run: Run) -> Path:
    """Directory of the published build."""
    return run.market_file.resolve().parent


@pytest.fixture(params=VERSIONS)
def client(request: pytest.FixtureRequest) -> Client:
    """A client of each version; skipped, with pip's words, where its packages cannot be had."""
    found = installed()[request.param]
    if isinstance(found, str):
        pytest.skip(found)
    return found
