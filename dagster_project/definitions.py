"""The one Definitions object, nothing else."""

import dagster as dg

from dagster_project.assets.common import OWNERS
from dagster_project.assets.extract import raw_assets
from dagster_project.assets.publish import publish
from dagster_project.assets.transform import dbt_models
from dagster_project.orchestration.jobs import after_the_close, build_job

warehouse_mode = dg.AssetSpec(
    ["raw", "warehouse_mode"],
    description="One row: whether the file is simulated. Written when the warehouse file is made.",
    group_name="raw",
    kinds={"duckdb"},
    owners=OWNERS,
)

defs = dg.Definitions(
    assets=[warehouse_mode, *raw_assets(), dbt_models, publish],
    jobs=[build_job],
    schedules=[after_the_close],
    executor=dg.in_process_executor,
)
