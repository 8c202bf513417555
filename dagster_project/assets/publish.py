"""The outputs of a build: the published snapshot and the brief in it."""

from collections.abc import Iterator

import dagster as dg

from dagster_project import steps
from dagster_project.assets.common import OWNERS, SETTINGS, WRITE_POOL, build_id
from dagster_project.assets.transform import dbt_models

MART_KEYS = [spec.key for spec in dbt_models.specs if spec.key.path[0] == "marts"]
SNAPSHOT_KEY = dg.AssetKey(["published", "market_snapshot"])
BRIEF_KEY = dg.AssetKey(["published", "brief"])


@dg.multi_asset(
    name="publish",
    pool=WRITE_POOL,
    specs=[
        dg.AssetSpec(
            SNAPSHOT_KEY,
            deps=MART_KEYS,
            description="market.duckdb with Parquet and CSV beside: what readers and BI tools open. Made current by "
            "one rename, after the audit of the blocking checks.",
            group_name="published",
            kinds={"duckdb", "parquet", "csv"},
            owners=OWNERS,
        ),
        dg.AssetSpec(
            BRIEF_KEY,
            deps=MART_KEYS,
            description="The story of the last session in Markdown and JSON, from the snapshot.",
            group_name="published",
            kinds={"markdown", "json"},
            owners=OWNERS,
        ),
    ],
)
def publish(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """Audit and publish."""
    build = steps.publish(SETTINGS, build_id(context), context.run.run_id)
    manifest = steps.read_build_manifest(build)
    yield dg.MaterializeResult(
        asset_key=SNAPSHOT_KEY,
        metadata={
            "path": dg.MetadataValue.path(str(build / "market.duckdb")),
            "dagster/row_count": sum(manifest["rows"].values()),
            "tables": len(manifest["rows"]),
            "is_simulated": manifest["is_simulated"],
        },
    )
    yield dg.MaterializeResult(
        asset_key=BRIEF_KEY,
        metadata={
            "path": dg.MetadataValue.path(str(build / "brief.md")),
            "brief": dg.MetadataValue.md((build / "brief.md").read_text(encoding="utf-8")),
        },
    )
