"""The unit tests beside the dbt models: code, not data, so a build leaves them out and the tests run them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import REPO, clean_environment
from tests.scenarios import Run


@pytest.mark.scenario("base")
def test_every_unit_test_of_dbt_passes(own_run: Run, tmp_path: Path) -> None:
    """On a built warehouse, from which dbt takes the types of what a test does not give."""
    environment = clean_environment(
        SMALLCAP_WAREHOUSE_FILE=str(own_run.warehouse_file), DBT_TARGET_PATH=str(tmp_path), DBT_LOG_PATH=str(tmp_path)
    )
    done = subprocess.run(
        [Path(sys.executable).with_name("dbt"), "test", "--select", "test_type:unit", "--project-dir", "dbt",
         "--profiles-dir", "dbt"],
        cwd=REPO, env=environment, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    declared = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["unit_tests"]
    ran = json.loads((tmp_path / "run_results.json").read_text(encoding="utf-8"))["results"]
    assert {result["unique_id"] for result in ran} == set(declared) != set()
    assert {result["status"] for result in ran} == {"pass"}
