"""The jobs of the warehouse: which assets each one materializes.

Belongs here: selections, tags, time-outs. Each job is one run in one process, with one invocation of dbt.
Does not belong here: when they run (`schedules`, `sensors`).
"""

from datetime import datetime

import dagster as dg
from pydantic import Field

from dagster_project import steps
from dagster_project.assets.common import SETTINGS, WRITE_POOL, hold_build_lock
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.orchestration.partitions import partitions_of

MAX_SECONDS = 2 * 60 * 60
"""A run that takes longer hangs: the daemon ends it, and the next one can go."""

TAGS = {"dagster/max_runtime": str(MAX_SECONDS)}

yearly_tables = dg.AssetSelection.assets(
    *(["raw", table] for table, contract in CONTRACTS.items() if partitions_of(contract))
)

daily_job = dg.define_asset_job(
    "daily",
    selection=dg.AssetSelection.all(),
    tags=TAGS,
    description="Extract what is due, run dbt, audit, publish: what `smallcap build` runs.",
)

backfill_job = dg.define_asset_job(
    "backfill",
    # All of dbt, not only what lies downstream: the audit wants every check to have run since the last delivery.
    selection=dg.AssetSelection.all() - (dg.AssetSelection.groups("raw") - yearly_tables),
    tags=TAGS,
    description="Fetch the tables with a row each session again for a range of days, then run dbt once, audit, "
    "publish. The range is run configuration: resources: {days: {config: {since: 2016-06-01, until: 2017-05-26}}}; "
    "or choose years as partitions.",
)

publish_job = dg.define_asset_job(
    "publish",
    selection=dg.AssetSelection.groups("published"),
    tags=TAGS,
    description="Audit the warehouse as it stands and publish it: what `smallcap publish` does.",
)


class ReplayConfig(dg.Config):
    """What a replay needs to know."""

    known_at: str = Field(description="YYYY-MM-DD (the end of that day in New York), or an instant with its zone")


@dg.op(pool=WRITE_POOL)
def make_replay(context: dg.OpExecutionContext, config: ReplayConfig) -> None:
    """A second warehouse of what was known at an instant; the published build stays as it is."""
    from dagster_project.warehouse.replay import read_instant

    hold_build_lock()
    instant: datetime = read_instant(config.known_at)
    made = steps.replay(SETTINGS, steps.new_build_id(), instant)
    context.add_output_metadata({"path": dg.MetadataValue.path(str(made))})


@dg.job(
    name="replay",
    tags=TAGS,
    description="Make a second warehouse of what was known at an instant: what `smallcap replay` does.",
)
def replay_job() -> None:
    """One step."""
    make_replay()


JOBS = (daily_job, backfill_job, publish_job, replay_job)
