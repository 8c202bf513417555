"""The one job of the warehouse, and when it runs."""

import dagster as dg

build_job = dg.define_asset_job(
    "build",
    selection=dg.AssetSelection.all(),
    description="Extract every raw table, run dbt, audit, publish: what `smallcap build` runs.",
)

after_the_close = dg.ScheduleDefinition(
    name="after_the_close",
    job=build_job,
    cron_schedule="30 18 * * 1-5",
    execution_timezone="America/New_York",
    description="Half an hour after the last settlement of the day is out. Off until it is switched on.",
)
