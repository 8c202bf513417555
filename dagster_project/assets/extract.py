"""One asset per raw table, with the checks of its contract."""

from collections.abc import Iterator

import dagster as dg
from pydantic import Field

from dagster_project import steps
from dagster_project.assets.common import OWNERS, SETTINGS, WRITE_POOL, build_id, table_metadata
from dagster_project.assets.days import Days
from dagster_project.checks.results import CheckResult
from dagster_project.contracts.model import Contract
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.orchestration.partitions import partitions_of


class ExtractConfig(dg.Config):
    """Settings of one extraction."""

    accept_removals: bool = Field(False, description="take a delivery that lost many rows as meant")


def check_result(result: CheckResult, asset_key: dg.AssetKey) -> dg.AssetCheckResult:
    """A check result as a Dagster event."""
    severity = dg.AssetCheckSeverity.ERROR if result.severity == "error" else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(
        asset_key=asset_key,
        check_name=result.check_id.split("__", 1)[1] if result.family == "contract" else result.check_id,
        passed=result.passed,
        severity=severity,
        metadata={"failed_rows": result.failed_rows}
        | ({"message": result.message} if result.message else {})
        | ({"rows": dg.MetadataValue.md(result.rows)} if result.rows else {}),
    )


def raw_asset(contract: Contract) -> dg.AssetsDefinition:
    """The asset of one raw table."""
    key = dg.AssetKey(["raw", contract.table])

    @dg.asset(
        key=key,
        description=f"{contract.description} Grain: {', '.join(contract.grain)}. "
        f"Available {contract.availability.words}. Live source: {contract.live_source}.",
        group_name="raw",
        kinds={"python", "duckdb"},
        partitions_def=partitions_of(contract),
        backfill_policy=dg.BackfillPolicy.single_run(),
        owners=OWNERS,
        tags={"domain": contract.domain},
        pool=WRITE_POOL,
        deps=[dg.AssetKey(["raw", table]) for table in contract.extracted_after],
        metadata={
            "dagster/column_schema": dg.TableSchema(
                columns=[
                    dg.TableColumn(c.name, c.sql_type, f"{c.description} ({c.unit})" if c.unit else c.description)
                    for c in contract.columns
                ]
            )
        },
        check_specs=[
            dg.AssetCheckSpec(name, asset=key, description=description) for name, description in contract.checks.items()
        ],
    )
    def extract(
        context: dg.AssetExecutionContext, config: ExtractConfig, days: Days
    ) -> Iterator[dg.AssetMaterialization | dg.MaterializeResult[None]]:
        asked = days.asked(context) if partitions_of(contract) else None
        done = steps.extract(SETTINGS, contract, build_id(context), config.accept_removals, asked=asked)
        if partitions_of(contract) and not context.has_partition_key_range:
            # A run without partitions takes what is there; the years that got rows from it are told one by one.
            for year, rows in done.years.items():
                yield dg.AssetMaterialization(key, partition=str(year), metadata={"new_vintages": rows})
        yield dg.MaterializeResult(
            metadata=table_metadata(done.preview)
            | {
                "payloads": done.report.payloads,
                "new_vintages": done.report.rows_new,
                "problems": done.report.problems,
                "remarks": done.report.remarks,
            },
            check_results=[check_result(result, key) for result in done.checks],
        )

    return extract


def raw_assets() -> Iterator[dg.AssetsDefinition]:
    """The assets of all contracts."""
    return (raw_asset(contract) for contract in CONTRACTS.values())
