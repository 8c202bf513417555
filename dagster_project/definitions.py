"""The one Definitions object, nothing else."""

import dagster as dg

from dagster_project.assets.days import Days
from dagster_project.assets.extract import raw_assets
from dagster_project.assets.publish import publish
from dagster_project.assets.transform import dbt_models
from dagster_project.orchestration.jobs import JOBS
from dagster_project.orchestration.schedules import SCHEDULES
from dagster_project.orchestration.sensors import SENSORS

defs = dg.Definitions(
    assets=[dbt_models, *dg.with_source_code_references([*raw_assets(), publish])],
    resources={"days": Days(since=None, until=None)},
    jobs=JOBS,
    schedules=SCHEDULES,
    sensors=SENSORS,
    executor=dg.in_process_executor,
)
