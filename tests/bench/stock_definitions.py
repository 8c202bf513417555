"""The assets of a build as Dagster's and dagster-dbt's own guides write them: what `bench_build` compares with.

The work is the same: the extraction steps, all of dbt, the publishing. What is stock: the default executor (a process
per step; one at a time, because DuckDB has one writer), dbt as a process whose messages are streamed, Dagster's SQLite
as it comes, no partitions.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from dagster_project import steps
from dagster_project.contracts.model import Contract
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.dbt_runner import ensure_manifest
from dagster_project.settings import Settings

SETTINGS = Settings()
SETTINGS.apply_child_environment()


def extracted(contract: Contract) -> dg.AssetsDefinition:
    @dg.asset(key=["raw", contract.table], deps=[["raw", table] for table in contract.extracted_after])
    def extract() -> dg.MaterializeResult[None]:
        done = steps.extract(SETTINGS, contract, steps.new_build_id())
        return dg.MaterializeResult(metadata={"new_vintages": done.report.rows_new})

    return extract


@dbt_assets(manifest=ensure_manifest(SETTINGS), exclude="resource_type:unit_test")
def dbt_models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    yield from dbt.cli(["build", "--exclude-resource-type", "unit_test"], context=context).stream()


@dg.asset(deps=[dbt_models])
def published() -> None:
    steps.publish(SETTINGS, steps.new_build_id())


defs = dg.Definitions(
    assets=[*map(extracted, CONTRACTS.values()), dbt_models, published],
    resources={
        "dbt": DbtCliResource(project_dir=str(SETTINGS.dbt_project_dir), profiles_dir=str(SETTINGS.dbt_project_dir))
    },
    executor=dg.multiprocess_executor.configured({"max_concurrent": 1}),
)
