"""The outputs of a build: the published snapshot, and the brief and the page in it."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from dagster_project import steps
from dagster_project.assets.common import OWNERS, SETTINGS, WRITE_POOL, OverrideConfig, build_id, picture
from dagster_project.assets.transform import dbt_models
from dagster_project.contracts.tables import CONTRACTS

MART_KEYS = [spec.key for spec in dbt_models.specs if spec.key.path[0] == "marts"]
SNAPSHOT_KEY = dg.AssetKey(["published", "market_snapshot"])
BRIEF_KEY = dg.AssetKey(["published", "brief"])
DASHBOARD_KEY = dg.AssetKey(["published", "dashboard"])
LONGEST_PAUSE = timedelta(days=4, hours=6)
"""From the evening before a long weekend to the next: a policy of Dagster knows no NYSE holidays, so it says only that
builds run at all. How old the data of a domain are is said by the checks below."""
DOMAINS = list(dict.fromkeys(contract.domain for contract in CONTRACTS.values()))


@dg.multi_asset(
    name="audit_and_publish",
    pool=WRITE_POOL,
    specs=[
        dg.AssetSpec(
            SNAPSHOT_KEY,
            deps=MART_KEYS,
            description="market.duckdb with Parquet and CSV beside: what readers and BI tools open. Made current by "
            "one rename, after the audit of the blocking checks.",
            group_name="published",
            kinds={"duckdb", "parquet", "csv"},
            freshness_policy=dg.FreshnessPolicy.time_window(fail_window=LONGEST_PAUSE),
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
        dg.AssetSpec(
            DASHBOARD_KEY,
            deps=MART_KEYS,
            description="The page of the last session: one HTML file that needs nothing else, and its first charts as "
            "PNG, from the snapshot.",
            group_name="published",
            kinds={"html", "altair"},
            owners=OWNERS,
        ),
    ],
    check_specs=[
        dg.AssetCheckSpec(
            f"{domain}_is_fresh",
            asset=SNAPSHOT_KEY,
            description=f"domain {domain} has the last session that was due when the build was published",
        )
        for domain in DOMAINS
    ],
)
def publish(
    context: dg.AssetExecutionContext, config: OverrideConfig
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Audit and publish."""
    build = steps.publish(SETTINGS, build_id(context), context.run.run_id, config.override())
    manifest = steps.read_build_manifest(build)
    yield dg.MaterializeResult(
        asset_key=SNAPSHOT_KEY,
        metadata={
            "path": dg.MetadataValue.path(str(build / "market.duckdb")),
            "dagster/row_count": sum(manifest["rows"].values()),
            "tables": len(manifest["rows"]),
            "is_simulated": manifest["is_simulated"],
            "overrides": manifest["overrides"],
        },
    )
    for domain in manifest["freshness"]:
        yield dg.AssetCheckResult(
            asset_key=SNAPSHOT_KEY,
            check_name=f"{domain['domain']}_is_fresh",
            passed=domain["status"] not in ("stale", "missing", "refused"),
            severity=dg.AssetCheckSeverity.WARN,
            metadata={name: str(value) for name, value in domain.items()},
        )
    yield dg.MaterializeResult(
        asset_key=BRIEF_KEY,
        metadata={
            "path": dg.MetadataValue.path(str(build / "brief.md")),
            "brief": dg.MetadataValue.md((build / "brief.md").read_text(encoding="utf-8")),
        },
    )
    pictures = {file.stem: picture(file.read_bytes(), "png") for file in sorted((build / "charts").glob("*.png"))}
    page = build / "dashboard.html"
    yield dg.MaterializeResult(
        asset_key=DASHBOARD_KEY,
        metadata={"path": dg.MetadataValue.path(str(page)), "bytes": page.stat().st_size, **pictures},
    )
