"""No asset and no asset check appears or vanishes unnoticed."""

import subprocess
import sys

import pytest

from dagster_project.contracts.tables import CONTRACTS
from tests.contract.write_asset_and_check_keys import KEYS_FILE
from tests.helpers import REPO, clean_environment

HOW = "If this is meant, run: python tests/contract/write_asset_and_check_keys.py"


@pytest.fixture(scope="module")
def keys() -> list[str]:
    """Keys of the definitions as they are; another process, because importing them reads the environment."""
    done = subprocess.run(
        [sys.executable, "tests/contract/write_asset_and_check_keys.py", "--print"],
        capture_output=True, text=True, cwd=REPO, env=clean_environment(), timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def committed() -> list[str]:
    return KEYS_FILE.read_text(encoding="utf-8").splitlines()


def test_no_key_vanished(keys, committed):
    assert sorted(set(committed) - set(keys)) == [], HOW


def test_no_key_appeared(keys, committed):
    assert sorted(set(keys) - set(committed)) == [], HOW


def test_committed_keys_are_sorted_and_single(committed):
    assert committed == sorted(set(committed))


def test_every_check_of_a_contract_is_an_asset_check(keys):
    declared = {f"check raw/{c.table}: {name}" for c in CONTRACTS.values() for name in c.checks}
    assert declared <= set(keys)
    assert {f"asset raw/{table}" for table in CONTRACTS} <= set(keys)


def test_every_dbt_test_is_an_asset_check(keys):
    """A test of the dbt project that Dagster does not know would not be seen by anybody."""
    singular = {path.stem for path in (REPO / "dbt" / "tests").glob("*.sql")}
    assert singular <= {key.split(": ", 1)[1] for key in keys if key.startswith("check ")}


def test_outputs_of_a_build_are_assets(keys):
    assert {"asset published/market_snapshot", "asset published/brief"} <= set(keys)
