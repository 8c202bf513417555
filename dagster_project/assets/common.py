"""What the assets share: settings, the identifier of the build, metadata of a table."""

import warnings
from base64 import b64encode
from typing import Any

import dagster as dg
from pydantic import Field

from dagster_project.settings import load_settings
from dagster_project.steps import new_build_id
from dagster_project.warehouse.check_results import Override
from dagster_project.warehouse.lock import hold_until_exit
from dagster_project.warehouse.preview import Preview

OWNERS = ["team:smallcap-watch"]
BUILD_ID_TAG = "smallcap/build_id"
WRITE_POOL = "warehouse_writer"
"""Steps of one pool run one at a time (the instance gives it one slot): DuckDB has one writer."""

SETTINGS = load_settings()

# Backfill policies and code references have stood so for years; a warning on every command would hide real ones.
warnings.filterwarnings("ignore", category=dg.BetaWarning)


class OverrideConfig(dg.Config):
    """Failed blocking checks that a person publishes despite of."""

    publish_despite: list[str] = Field(
        default_factory=list, description="names of failed blocking checks to publish despite of"
    )
    reason: str = Field("", description="why that is right; kept in meta.build")

    def override(self) -> Override:
        """The same for the steps."""
        return Override(tuple(self.publish_despite), self.reason)


PATIENCE_SECONDS = 180
"""How long a run of the daemon waits for another build before it refuses: shorter than `retention.GRACE`."""


def hold_build_lock() -> None:
    """Keep other builds out from the first step of a run to the end of its process, not only within a step."""
    hold_until_exit(SETTINGS.lock_file, PATIENCE_SECONDS)


def build_id(context: dg.AssetExecutionContext) -> str:
    """The identifier of the build that this run is; the first step to ask takes the lock for the run."""
    hold_build_lock()
    return build_id_of_run(context.instance, context.run)


def build_id_of_run(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """The identifier the command line gave the run, else the instant at which the run was created."""
    tagged = run.tags.get(BUILD_ID_TAG)
    if tagged:
        return tagged
    record = instance.get_run_record_by_id(run.run_id)
    return new_build_id(record.create_timestamp if record else None)


def picture(content: bytes, kind: str) -> dg.MarkdownMetadataValue:
    """A picture inside the metadata: `kind` is `png` or `svg+xml`."""
    return dg.MetadataValue.md(f"![](data:image/{kind};base64,{b64encode(content).decode()})")


def table_metadata(found: Preview) -> dict[str, Any]:
    """Rows, range of dates and preview, as Dagster shows them."""
    return {
        "dagster/row_count": found.rows,
        "first_day": str(found.first_day or "-"),
        "last_day": str(found.last_day or "-"),
        "preview": dg.MetadataValue.md(found.sample),
    }
