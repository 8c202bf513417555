"""The steps of a build, each a function of the settings: what an asset, or the command line, calls.

Belongs here: putting sources, warehouse, dbt and checks together, one function per step.
Does not belong here: Dagster, and the inner workings of any of them.
"""

import csv
import json
import logging
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dagster_project import __version__
from dagster_project.checks.contract_checks import contract_check_results
from dagster_project.checks.results import CheckResult
from dagster_project.contracts.model import Contract
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.dbt_runner import NodeResult, ensure_manifest, invoke_dbt, read_manifest
from dagster_project.errors import SmallcapError, SourceError, WarehouseError
from dagster_project.revision import git_revision
from dagster_project.settings import ReplaySettings, Settings
from dagster_project.sources.base import Source
from dagster_project.warehouse.archive import Archive, Clock, utc_now
from dagster_project.warehouse.check_results import (
    Override,
    audit,
    check_override,
    failing_rows,
    prune_check_results,
    record_check_results,
)
from dagster_project.warehouse.connection import OtherLayoutError, open_warehouse
from dagster_project.warehouse.ingest import (
    TableReport,
    extract_table,
    ingest_pending,
    last_payload_seq,
    latest_payloads,
    rows_after,
)
from dagster_project.warehouse.live_state import read_state
from dagster_project.warehouse.lock import build_lock
from dagster_project.warehouse.meta import write_meta
from dagster_project.warehouse.preview import Preview, plot_points, preview
from dagster_project.warehouse.publish import publish_build, write_build
from dagster_project.warehouse.quarantine import decide
from dagster_project.warehouse.replay import (
    clear_partial,
    forget_later,
    put_in_place,
    refuse_other_mode,
    replay_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from dagster_project.column_lineage import Parents
    from dagster_project.sources.live.config import LiveConfig
    from dagster_project.sources.live.http import Client

logger = logging.getLogger("smallcap.build")


@dataclass(frozen=True)
class ExtractResult:
    """What one extraction left behind: its report, its checks, and the table as it stands."""

    report: TableReport
    checks: list[CheckResult]
    preview: Preview
    years: dict[int, int]
    """New rows by calendar year."""


def new_build_id(now: datetime | None = None) -> str:
    """Identifier of a build: the UTC instant of its start, to the millisecond."""
    now = now or datetime.now(UTC)
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}Z"


def make_source(settings: Settings) -> Source:
    """The source of a mode that needs no warehouse to plan."""
    if settings.source == "sample":
        from dagster_project.sources.sample import SampleSource

        return SampleSource()
    from dagster_project.sources.files import FilesSource

    return FilesSource(settings.inbox_dir, CONTRACTS)


def make_live_source(
    settings: Settings,
    connection: "duckdb.DuckDBPyConnection",
    build_id: str,
    clock: Clock = utc_now,
    asked: tuple[date, date] | None = None,
) -> Source:
    """The live source: it plans with what the warehouse and the archive hold, or with the days asked for."""
    from dagster_project.sources.files import FilesSource
    from dagster_project.sources.live.source import LiveSource

    entries = Archive(settings.archive_dir).entries()
    return LiveSource(
        live_client(settings, build_id),
        lambda table, provider: read_state(connection, entries, CONTRACTS[table], provider, clock(), asked),
        FilesSource(settings.inbox_dir, CONTRACTS, is_optional=True),
    )


def live_client(settings: Settings, build_id: str) -> "Client":
    """The HTTP client of a build: its budget and manners hold for all tables together."""
    return _client(settings.live, settings.yfinance_dir, build_id)


@lru_cache(maxsize=1)
def _client(config: "LiveConfig", cache_dir: Path, build_id: str) -> "Client":
    from dagster_project.sources.live.http import Client

    return Client(config, cache_dir=cache_dir)


@contextmanager
def warehouse(settings: Settings) -> "Iterator[duckdb.DuckDBPyConnection]":
    """The warehouse of the mode, locked against other builds and open for writing."""
    with (
        build_lock(settings.lock_file),
        open_warehouse(
            settings.warehouse_file, settings.source, settings.mode == "simulated", settings.resources
        ) as connection,
    ):
        yield connection


def check_source(settings: Settings) -> None:
    """Say early, before anything is started, that there is nothing to build from.

    Raises:
        SourceError: the source cannot be used, or offers nothing and nothing is archived.
    """
    if settings.source == "live":
        return  # what can be asked for shows when it is asked
    plan = make_source(settings).plan(CONTRACTS)
    if not plan.payloads and not Archive(settings.archive_dir).entries():
        raise SourceError(
            f"{settings.inbox_dir}: no file for any table; expected for example daily_bars/prices.csv "
            f"(tables: {', '.join(CONTRACTS)}). Put files there, or point INBOX elsewhere."
        )


def renew_layout(settings: Settings) -> None:
    """Make a warehouse file of another version again from the archive; any other file is left alone."""
    try:
        with warehouse(settings):
            pass
    except OtherLayoutError:
        logger.warning("%s was made by another version: making it again from the archive", settings.warehouse_file)
        if Archive(settings.archive_dir).entries():
            rebuild_raw(settings)
        else:
            settings.warehouse_file.unlink()


def extract(
    settings: Settings,
    contract: Contract,
    build_id: str,
    accept_removals: bool = False,
    clock: Clock = utc_now,
    asked: tuple[date, date] | None = None,
) -> ExtractResult:
    """Bring one raw table up to date. What is wrong with a payload is reported, not raised.

    Args:
        asked: first and last day that services are asked for again; files always offer all they have.

    Raises:
        SourceError: the source as a whole cannot be used.
    """
    with warehouse(settings) as connection:
        archive = Archive(settings.archive_dir)
        before = last_payload_seq(connection)
        is_live = settings.source == "live"
        live = (settings, connection, build_id, clock, asked)
        source = make_live_source(*live) if is_live else make_source(settings)
        report = extract_table(connection, archive, source, contract, accept_removals, clock)
        if is_live:
            logger.debug("asked so far: %s", live_client(settings, build_id).summary)
        connection.execute(
            "insert or replace into ops.domain_status values (?, ?, ?, ?, ?, ?)",
            [contract.table, build_id, report.status, report.problems, report.remarks, report.skipped],
        )
        checks = contract_check_results(connection, contract, report.problems, report.cut_off)
        record_check_results(connection, build_id, checks)
        shown = preview(connection, f"raw.{contract.table}")
        return ExtractResult(report, checks, shown, rows_after(connection, contract, before))


def transform(settings: Settings, build_id: str, select: Sequence[str] = ()) -> list[NodeResult]:
    """Run dbt (all of it, or the nodes named) and keep the results of its tests."""
    return transform_and_check(settings, build_id, select)[0]


def transform_and_check(
    settings: Settings, build_id: str, select: Sequence[str] = ()
) -> tuple[list[NodeResult], dict[str, CheckResult]]:
    """As `transform`, with the check results by dbt's unique_id, failing rows included."""
    with warehouse(settings):
        pass  # makes the file and its tables where there are none, so that dbt finds its sources
    with build_lock(settings.lock_file):
        settings.resources.make_room()
        chosen = ["--select", *select] if select else []
        results = invoke_dbt(settings, ["build", "--exclude-resource-type", "unit_test", *chosen])
        with warehouse(settings) as connection:
            checks = dbt_check_results(connection, read_manifest(ensure_manifest(settings)), results)
            record_check_results(connection, build_id, checks.values())
    return results, checks


def dbt_check_results(
    connection: "duckdb.DuckDBPyConnection", manifest: dict[str, Any], results: Sequence[NodeResult]
) -> dict[str, CheckResult]:
    """Test results by unique_id in the shape of all checks; a test that was skipped has none."""
    return {
        result.unique_id: _dbt_check_result(connection, manifest, result)
        for result in results
        if result.resource_type == "test" and result.status != "skipped"
    }


def _dbt_check_result(
    connection: "duckdb.DuckDBPyConnection", manifest: dict[str, Any], result: NodeResult
) -> CheckResult:
    message, rows = result.message if result.status == "error" else "", ""
    if result.status in ("fail", "warn") and result.sql:
        message, rows = failing_rows(connection, result.sql, result.failures)
    return CheckResult(
        check_id=result.name,
        asset=_tested_asset(manifest, result.unique_id),
        family="market" if is_market_check(manifest["nodes"][result.unique_id]) else "dbt",
        severity="warn" if result.severity == "warn" else "error",
        is_blocking=result.severity != "warn",
        passed=result.status == "pass",
        failed_rows=result.failures,
        message=message,
        rows=rows,
    )


def is_market_check(node: dict[str, Any]) -> bool:
    """Whether a node of dbt's manifest tests mart data_quality_findings for one market check."""
    return (node.get("test_metadata") or {}).get("name") == "no_unknown_findings"


def market_checks_in_words(settings: Settings) -> dict[str, str]:
    """What each market check catches and what to do about it, from its seed."""
    with (settings.dbt_project_dir / "seeds" / "market_checks.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["check_id"]: f"{row['title']}: {row['what_it_catches']}. To do: {row['what_to_do']}."
            for row in csv.DictReader(file)
        }


def check_publish_override(settings: Settings, override: Override) -> None:
    """Say early that an override cannot be meant.

    Raises:
        SmallcapError: it gives no reason, or names what is no blocking check.
    """
    if override.check_ids or override.reason:
        manifest = read_manifest(ensure_manifest(settings))
        blocking = [
            node["name"] for node in manifest["nodes"].values()
            if node["resource_type"] == "test" and node["config"]["severity"].lower() != "warn"
        ]  # fmt: skip
        check_override(override, blocking)


def previews(settings: Settings, relations: Sequence[str]) -> dict[str, Preview]:
    """Previews of tables such as `marts.price_levels`."""
    with warehouse(settings) as connection:
        return {relation: preview(connection, relation) for relation in relations}


def column_lineage(
    settings: Settings, results: Sequence[NodeResult], relations: dict[str, str]
) -> "dict[str, Parents]":
    """Where the columns of models come from; `relations` names the table of each unique_id."""
    from dagster_project.column_lineage import kept_column_parents
    from dagster_project.warehouse.preview import column_names

    compiled = {
        relations[r.unique_id]: r.sql
        for r in results
        if r.resource_type == "model" and r.unique_id in relations and not r.sql_file.endswith(".py")
    }
    with warehouse(settings) as connection:
        columns = column_names(connection)
    return kept_column_parents(settings.dbt_target_dir / "column_lineage.json", compiled, columns)


def plots(settings: Settings, relations: Sequence[str]) -> dict[str, str]:
    """Those of the tables whose yml names a plot, drawn as SVG."""
    from dagster_project.charts.mart_line import mart_line
    from dagster_project.charts.render import to_svg

    declared = {
        f"{node['schema']}.{node['name']}": node["config"]["meta"]["plot"]
        for node in read_manifest(ensure_manifest(settings))["nodes"].values()
        if node["config"].get("meta", {}).get("plot")
    }
    drawn = {}
    with warehouse(settings) as connection:
        for relation in relations:
            if relation not in declared:
                continue
            plot = declared[relation]
            points = plot_points(connection, relation, plot["time"], plot["value"], plot["where"])
            chart = mart_line(relation, plot["title"], points)
            if chart.spec is not None:
                drawn[relation] = to_svg(chart)
    return drawn


def publish(
    settings: Settings,
    build_id: str,
    run_id: str | None = None,
    override: Override | None = None,
    clock: Clock = utc_now,
) -> Path:
    """Audit the warehouse as it stands and publish it; returns the directory of the build.

    Args:
        override: failed blocking checks that a person publishes despite of; recorded in meta.build and the manifest.

    Raises:
        AuditError: a blocking check failed or never ran; the published build stays.
    """
    from dagster_project.dashboard.write import write_pages

    manifest = read_manifest(ensure_manifest(settings))
    with warehouse(settings) as connection:
        audited = _audited(connection, settings, manifest, build_id, override=override, clock=clock)
        build = audited | {"dagster_run_id": run_id}
        if settings.mode == "simulated" and _is_current_real(settings):
            logger.warning("the published build was real and is now simulated; `smallcap rollback` goes back")
        return publish_build(
            connection, settings.builds_dir, settings.current_link, build_id, build, write_pages,
            settings.builds_kept,
        )  # fmt: skip


def replay(settings: Settings, build_id: str, known_at: datetime) -> Path:
    """Make a second warehouse from the vintages that were available at an instant; returns its directory.

    Raw comes from the archive, so neither the warehouse nor the published build is touched; of the warehouse it takes
    figures over that were made from the same numbers. A replay whose checks fail gets no name and stays in
    `replays/.partial` until the next one.

    Args:
        known_at: naive UTC, not in the future (`warehouse.replay.read_instant`).

    Raises:
        WarehouseError: there is no archive, or no price was known then.
        AuditError: a blocking check failed or never ran on what was known then.
    """
    from dagster_project.dashboard.write import write_pages
    from dagster_project.warehouse.earlier_rows import copy_kept_figures

    archive = Archive(settings.archive_dir)
    _need_entries(archive, "replay")
    inside = ReplaySettings(**settings.model_dump())
    final = settings.replays_dir / replay_name(known_at)
    with build_lock(settings.lock_file):
        refuse_other_mode(final, settings.mode == "simulated")
        partial = clear_partial(inside.replay_partial_dir)
        with warehouse(inside) as connection:
            logger.info("taking in the archive")
            for contract in CONTRACTS.values():
                ingest_pending(connection, archive, contract)
            forget_later(connection, known_at)
            copy_kept_figures(connection, settings.warehouse_file)
            for contract in CONTRACTS.values():
                record_check_results(connection, build_id, _checks_of_archived(connection, contract))
        results = transform(inside, build_id)
        _need_success(results)
        manifest = read_manifest(ensure_manifest(inside))
        with warehouse(inside) as connection:
            build = _audited(connection, inside, manifest, build_id, known_at)
            write_build(connection, partial, build, write_pages)
        put_in_place(partial, final)
    logger.info("made %s", final)
    return final


def _audited(
    connection: "duckdb.DuckDBPyConnection",
    settings: Settings,
    dbt_manifest: dict[str, Any],
    build_id: str,
    known_at: datetime | None = None,
    override: Override | None = None,
    clock: Clock = utc_now,
) -> dict[str, Any]:
    """Audit the warehouse and write its schema `meta`; returns the manifest of the build."""
    overridden = audit(connection, expected_checks(dbt_manifest), override)
    for one in overridden:
        logger.warning("%s", one.text)
    prune_check_results(connection)
    now = clock()
    build: dict[str, Any] = {
        "build_id": build_id,
        "built_at_utc": now,
        "known_at_utc": known_at,
        "source_mode": settings.source,
        "is_simulated": settings.mode == "simulated",
        "git_revision": git_revision(),
        "version": __version__,
        "overrides": [one.text for one in overridden],
    }
    freshness = write_meta(connection, build, now, mart_descriptions(dbt_manifest))
    return build | {"freshness": [vars(row) for row in freshness], "problems": _problems(connection)}


def _checks_of_archived(connection: "duckdb.DuckDBPyConnection", contract: Contract) -> list[CheckResult]:
    """Contract checks of a table that was made from the archive alone: every payload in it is on offer."""
    refused = [found for found in latest_payloads(connection, contract.table) if found.status == "refused"]
    cut_off = [found.reason for found in refused if found.rule == "removals_explained"]
    return contract_check_results(connection, contract, [found.reason for found in refused], cut_off)


def _need_success(results: Sequence[NodeResult]) -> None:
    """Raise for nodes of dbt that could not run; failed checks are for the audit."""
    broken = [result for result in results if result.status == "error"]
    if broken:
        raise SmallcapError(
            f"{len(broken)} models or checks could not run, for example {broken[0].name}: {broken[0].message.strip()}"
        )


def read_build_manifest(build: Path) -> dict[str, Any]:
    """The manifest of a published build."""
    manifest: dict[str, Any] = json.loads((build / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def decide_quarantine(
    settings: Settings, decision: Literal["release", "drop"], row_ids: Sequence[str], note: str
) -> int:
    """Write decisions about rows in quarantine and take them in; returns the number of new vintages.

    Raises:
        SmallcapError: a row is not open, or cannot be released; nothing is written.
    """
    archive = Archive(settings.archive_dir)
    with warehouse(settings) as connection:
        entries = decide(connection, archive, decision, row_ids, note)
        tables = dict.fromkeys(entry.table for entry in entries)
        return sum(ingest_pending(connection, archive, CONTRACTS[table]) for table in tables)


def open_problems(settings: Settings) -> list[str]:
    """Deliveries that the last run could not use; none where the warehouse cannot tell."""
    if not settings.warehouse_file.exists():
        return []
    try:
        with warehouse(settings) as connection:
            return _problems(connection)
    except WarehouseError:
        return []


def rebuild_raw(settings: Settings) -> dict[str, int]:
    """Make raw again from the archive, in a new file that replaces the old one; returns rows per table.

    Raises:
        WarehouseError: there is no archive to rebuild from.
    """
    archive = Archive(settings.archive_dir)
    _need_entries(archive, "rebuild")
    fresh = settings.warehouse_file.with_name(f"rebuild-{settings.warehouse_file.name}")
    with build_lock(settings.lock_file):
        for leftover in (fresh, fresh.with_name(fresh.name + ".wal")):
            leftover.unlink(missing_ok=True)
        rows = {}
        with open_warehouse(fresh, settings.source, settings.mode == "simulated", settings.resources) as connection:
            for contract in CONTRACTS.values():
                logger.info("rebuilding raw.%s", contract.table)
                ingest_pending(connection, archive, contract)
                [(rows[contract.table],)] = connection.execute(f"select count(*) from raw.{contract.table}").fetchall()
        settings.warehouse_file.with_name(settings.warehouse_file.name + ".wal").unlink(missing_ok=True)
        fresh.replace(settings.warehouse_file)
    return rows


def _need_entries(archive: Archive, purpose: str) -> None:
    if not archive.entries():
        raise WarehouseError(f"{archive.ledger_file}: no archive to {purpose} from. Run `smallcap build` first.")


def expected_checks(manifest: dict[str, Any]) -> list[str]:
    """Identifiers of every check that a full build runs."""
    contract_checks = [f"{c.table}__{name}" for c in CONTRACTS.values() for name in c.checks]
    return contract_checks + [node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"]


def mart_descriptions(manifest: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Descriptions of the marts and their columns as the dbt project documents them."""
    return {
        node["name"]: {"": node["description"]} | {c["name"]: c["description"] for c in node["columns"].values()}
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }


def _tested_asset(manifest: dict[str, Any], unique_id: str) -> str:
    node = manifest["nodes"][unique_id]
    tested = node.get("attached_node") or node["depends_on"]["nodes"][0]
    found = manifest["nodes"].get(tested) or manifest["sources"][tested]
    return f"{found['schema']}/{found['name']}"


def _problems(connection: "duckdb.DuckDBPyConnection") -> list[str]:
    found = connection.execute("select unnest(problems) from ops.domain_status order by table_name").fetchall()
    return list(dict.fromkeys(problem for (problem,) in found))


def _is_current_real(settings: Settings) -> bool:
    try:
        return not read_build_manifest(settings.current_link)["is_simulated"]
    except (OSError, ValueError, KeyError):
        return False
