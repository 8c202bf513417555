"""The dbt project as assets and asset checks, run by one in-process invocation."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets

from dagster_project import steps
from dagster_project.assets.common import (
    OWNERS,
    SETTINGS,
    WRITE_POOL,
    OverrideConfig,
    build_id,
    picture,
    table_metadata,
)
from dagster_project.assets.extract import check_result
from dagster_project.checks.blocked import blocked_message
from dagster_project.checks.results import CheckResult
from dagster_project.checks.words import test_in_words
from dagster_project.column_lineage import Parents
from dagster_project.dbt_runner import NodeResult, ensure_manifest

UNIQUE_ID = "dagster_dbt/unique_id"
MODE = dg.AssetKey(["raw", "warehouse_mode"])
"""Every mart reads from it whether it is simulated: a fact about the file, no data that flows, and 33 arrows."""
MARKET_CHECKS = steps.market_checks_in_words(SETTINGS)


def _key(schema: str, table: str) -> dg.AssetKey:
    return dg.AssetKey([schema, table.removesuffix("_on_current_scale")])


class Translator(DagsterDbtTranslator):
    """Keys are layer and table; a dbt source is the raw asset that fills it."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        return _key(dbt_resource_props["schema"], dbt_resource_props["name"])

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        return spec.replace_attributes(deps=[dep for dep in spec.deps if dep.asset_key != MODE])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        group: str = dbt_resource_props["schema"]
        return group

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        file = SETTINGS.dbt_project_dir / dbt_resource_props["original_file_path"]
        code = dg.CodeReferencesMetadataValue(code_references=[dg.LocalFileCodeReference(file_path=str(file))])
        return {**super().get_metadata(dbt_resource_props), "dagster/code_references": code}

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetCheckSpec | None:
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return spec and spec._replace(description=test_in_words(manifest["nodes"][unique_id], MARKET_CHECKS))

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        return OWNERS


@dbt_assets(
    manifest=ensure_manifest(SETTINGS),
    dagster_dbt_translator=Translator(),
    exclude="resource_type:unit_test",
    name="dbt_models",
    pool=WRITE_POOL,
)
def dbt_models(
    context: dg.AssetExecutionContext, config: OverrideConfig
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Every seed, model and test of the dbt project."""
    specs = {spec.metadata[UNIQUE_ID]: spec for spec in dbt_models.specs if UNIQUE_ID in spec.metadata}
    checks = {spec.metadata[UNIQUE_ID]: spec.key for spec in dbt_models.check_specs if spec.metadata}
    selected = context.selected_asset_keys
    names = [spec.key.path[-1] for spec in specs.values() if spec.key in selected]
    # A check that is executed alone runs its test alone, not the models.
    names += [key.name for key in context.selected_asset_check_keys if key.asset_key not in selected]
    results, outcomes = steps.transform_and_check(SETTINGS, build_id(context), names if context.is_subset else ())
    built = [r for r in results if r.unique_id in specs and r.is_ok and specs[r.unique_id].key in selected]
    relations = {r.unique_id: ".".join(specs[r.unique_id].key.path) for r in built}
    found = steps.previews(SETTINGS, list(relations.values()))
    drawn = steps.plots(SETTINGS, list(relations.values()))
    parents = steps.column_lineage(SETTINGS, built, relations)
    for result in built:
        relation = relations[result.unique_id]
        plot = {"plot": picture(drawn[relation].encode(), "svg+xml")} if relation in drawn else {}
        yield dg.MaterializeResult(
            asset_key=specs[result.unique_id].key,
            metadata=table_metadata(found[relation])
            | {"seconds": result.seconds}
            | plot
            | _lineage(parents.get(relation, {})),
        )
    for unique_id, outcome in outcomes.items():
        check = checks.get(unique_id)
        if check and check in context.selected_asset_check_keys:
            # Dagster ends a run at a blocking check with severity ERROR, whatever follows.
            is_overridden = outcome.check_id in config.publish_despite
            yield check_result(replace(outcome, severity="warn") if is_overridden else outcome, check.asset_key)
    broken = [r for r in results if not r.is_ok and not (r.resource_type == "test" and r.severity == "warn")]
    # What an override lets through; what did not run because of it is no part of that.
    stopping = [r for r in broken if not (r.status == "fail" and r.name in config.publish_despite)]
    if stopping:
        raise dg.Failure(_told(stopping, outcomes), allow_retries=False)


def _lineage(parents: Parents) -> dict[str, Any]:
    deps = {
        column: [dg.TableColumnDep(_key(*relation.split(".")), name) for relation, name in origins]
        for column, origins in parents.items()
    }
    if not deps:
        return {}
    # The open-source UI shows column lineage nowhere, only its API does: people get a table.
    lines = ["| column | made from |", "| --- | --- |"]
    for column, origins in parents.items():
        lines.append(f"| {column} | {', '.join(f'{relation}.{name}' for relation, name in origins) or 'a constant'} |")
    return {
        "dagster/column_lineage": dg.TableColumnLineage(deps),
        "made_from": dg.MetadataValue.md("\n".join(lines)),
    }


def _last_line(message: str) -> str:
    """The error itself: dbt puts its circumstances, and a Python model its traceback, before it."""
    lines = [line.strip() for line in message.strip().splitlines() if line.strip() and not line.strip().startswith(">")]
    return lines[-1][:600] if lines else "no message"


def _told(broken: Sequence[NodeResult], outcomes: Mapping[str, CheckResult]) -> str:
    failed = [r for r in broken if r.status != "skipped"] or list(broken)
    skipped = len(broken) - len(failed)
    if all(r.status == "fail" for r in failed):
        found = [outcomes[r.unique_id] for r in failed]
        file = SETTINGS.dbt_project_dir / failed[0].sql_file
        return blocked_message(found, SETTINGS.source, str(file), skipped)
    told = [
        f"check {r.name} failed on {r.failures} rows" if r.status == "fail" else f"{r.name}: {_last_line(r.message)}"
        for r in failed
    ]
    return (
        "; ".join(told[:5])
        + (f"; and {len(told) - 5} more" if len(told) > 5 else "")
        + (f"; {skipped} models and checks that depend on them did not run" if skipped else "")
        + ". Nothing was published; the published build stays."
    )
