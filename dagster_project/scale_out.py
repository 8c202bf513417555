"""The steps of a build on Spark that happen here: inputs out, results in (docs/scale.md).

Belongs here: putting warehouse and dbt together around a run of `spark/run.py`.
Does not belong here: that run, which has an environment of its own; publishing (`steps.publish`).
"""

import logging

from dagster_project.dbt_runner import ensure_manifest, invoke_dbt, read_manifest
from dagster_project.errors import SmallcapError
from dagster_project.settings import Settings
from dagster_project.steps import transform, warehouse
from dagster_project.warehouse.lock import build_lock
from dagster_project.warehouse.spark_exchange import copy_inputs, load_results

logger = logging.getLogger("smallcap.spark")

MADE_HERE = ["+path:models/**/*.py", "resource_type:seed"]
"""The Python models with what they read, and the seeds."""
VIEWS_AND_TESTS = ["config.materialized:view", "resource_type:test"]


def write_inputs(settings: Settings) -> dict[str, int]:
    """Make what Spark does not make, and write all that it reads as Parquet; returns row counts.

    Raises:
        SmallcapError: there is no warehouse, or a model could not be made.
    """
    if not settings.warehouse_file.exists():
        raise SmallcapError(f"{settings.warehouse_file} is not there. Run `smallcap build` once; it takes the data in.")
    with build_lock(settings.lock_file):
        settings.resources.make_room()
        nodes = invoke_dbt(settings, ["build", "--select", *MADE_HERE, "--exclude-resource-type", "test", "unit_test"])
        if broken := [node for node in nodes if not node.is_ok]:
            raise SmallcapError(f"{broken[0].name} could not be made: {broken[0].message.strip()}")
        with warehouse(settings) as connection:
            return copy_inputs(connection, read_manifest(ensure_manifest(settings)), settings.spark_dir / "inputs")


def load_and_check(settings: Settings, build_id: str) -> dict[str, int]:
    """Take in what Spark made and run every check on it, as a build does; returns row counts.

    Raises:
        WarehouseError: Spark left a table out, or the inputs are of another state of the warehouse.
    """
    with build_lock(settings.lock_file):
        with warehouse(settings) as connection:
            manifest = read_manifest(ensure_manifest(settings))
            folder = settings.spark_dir
            rows = load_results(connection, manifest, folder / "inputs", folder / "results")
        results = transform(settings, build_id, VIEWS_AND_TESTS)
    failed = [result.name for result in results if not result.is_ok]
    logger.info("%s of %s views and checks are well", len(results) - len(failed), len(results))
    return rows
