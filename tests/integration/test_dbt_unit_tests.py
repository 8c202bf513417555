"""The unit tests beside the dbt models: code, not data, so a build leaves them out and the tests run them."""

import json

import pytest

from tests.helpers import dbt
from tests.scenarios import Run


@pytest.mark.scenario("base")
def test_every_unit_test_of_dbt_passes(own_run: Run) -> None:
    """On a built warehouse, from which dbt takes the types of what a test does not give."""
    done = dbt(own_run.warehouse_file, "test", "--select", "test_type:unit")
    assert done.returncode == 0, done.stdout[-3000:]
    manifest = own_run.data / "dbt_target" / "real" / "manifest.json"
    declared = json.loads(manifest.read_text(encoding="utf-8"))["unit_tests"]
    results = own_run.warehouse_file.parent / "target" / "run_results.json"
    ran = json.loads(results.read_text(encoding="utf-8"))["results"]
    assert {result["unique_id"] for result in ran} == set(declared) != set()
    assert {result["status"] for result in ran} == {"pass"}
