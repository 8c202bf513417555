"""dbt in this process: one invocation per build, its results as plain rows.

Belongs here: keeping the manifest current and calling `dbtRunner`. A dbt subprocess costs seconds
before it starts; in-process takes about half.
Does not belong here: Dagster events (`assets`), and SQL (`dbt/`).
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.errors import SmallcapError
from dagster_project.settings import Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

logger = logging.getLogger("smallcap.dbt")

DBT = ("dbt-core", "dbt-adapters", "dbt-duckdb")
WATCHED_SUFFIXES = {".sql", ".yml", ".py", ".csv"}


@dataclass(frozen=True)
class NodeResult:
    """Outcome of one dbt node; `status` is dbt's word: success, error, skipped, pass, fail, warn, no-op (exposures)."""

    unique_id: str
    name: str
    resource_type: str
    status: str
    failures: int
    message: str
    seconds: float
    severity: str
    sql: str = ""
    """What was run, compiled; empty where nothing was."""
    sql_file: str = ""
    """The file that holds it, absolute."""

    @property
    def is_ok(self) -> bool:
        return self.status in ("success", "pass", "warn", "no-op")


def ensure_manifest(settings: Settings) -> Path:
    """Path of a whole manifest that is as new as the dbt project; parses when there is none.

    dbt writes the file in place, so one that was killed leaves a part of it, newer than the project.

    Raises:
        SmallcapError: the project does not parse.
    """
    manifest = settings.dbt_parsed_dir / "manifest.json"
    if (
        not manifest.exists()
        or manifest.stat().st_mtime < _last_change(settings.dbt_project_dir)
        or not _is_whole(manifest)
    ):
        logger.info("parsing the dbt project")
        invoke_dbt(settings, ["parse", "--target-path", str(settings.dbt_parsed_dir)])
    return manifest


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest as a dictionary, not to be changed: every step of a build reads it, and it is read once."""
    return _read_json(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read_json(path: Path, _changed: int) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def _is_whole(manifest: Path) -> bool:
    try:
        return bool(read_manifest(manifest))
    except ValueError:
        return False


def _parsed(settings: Settings) -> "Manifest | None":
    """What dbt keeps of its last parsing. Given that, it neither reads the project again nor writes the manifest anew.

    None where nothing whole is kept that is as new as the project: then dbt parses.
    """
    from dbt.contracts.graph.manifest import Manifest

    kept = ensure_manifest(settings).with_name("partial_parse.msgpack")
    if not kept.exists() or kept.stat().st_mtime < _last_change(settings.dbt_project_dir):
        return None
    try:
        manifest: Manifest = Manifest.from_msgpack(kept.read_bytes())
    except Exception:  # what a killed process leaves of it fails in many ways; dbt reads it as carefully
        return None
    manifest.build_flat_graph()  # type: ignore[no-untyped-call]
    return manifest


def invoke_dbt(settings: Settings, arguments: Sequence[str]) -> list[NodeResult]:
    """Run one dbt command; returns one result per node that it had to do with.

    Raises:
        SmallcapError: dbt could not run at all (nothing parsed, no database). Failing nodes do not raise.
    """
    from dbt.cli.main import dbtRunner

    settings.apply_child_environment()
    progress = _Progress()
    manifest = _parsed(settings) if arguments[0] != "parse" else None
    options = ["--log-level", "none", "--log-level-file", "info", "--no-use-colors", "--no-use-colors-file"]
    if arguments[0] == "build":
        options.append("--no-write-json")  # the manifest stands since the parsing, the results are returned
    try:
        outcome = dbtRunner(manifest=manifest, callbacks=[progress]).invoke([*arguments, *options])
    finally:
        _close_database()
    if outcome.exception is not None:
        raise SmallcapError(f"dbt {arguments[0]} failed: {outcome.exception}. Details: {settings.logs_dir}/dbt.log")
    results = getattr(outcome.result, "results", [])
    return [
        NodeResult(
            unique_id=result.node.unique_id,
            name=result.node.name,
            resource_type=str(result.node.resource_type),
            status=str(result.status),
            failures=int(result.failures or 0),
            message=settings.resources.in_words(str(result.message or "")) or str(result.message or ""),
            seconds=float(result.execution_time),
            severity=str(getattr(result.node.config, "severity", "error")).lower(),
            sql=str(getattr(result.node, "compiled_code", None) or ""),
            sql_file=str(getattr(result.node, "compiled_path", None) or ""),
        )
        for result in results
    ]


def _close_database() -> None:
    """Close the database file, which dbt otherwise keeps open to the end of the process."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]


class _Progress:
    """Callback that logs every finished node with its place in the run; a passed test only in the file."""

    def __call__(self, event: Any) -> None:
        if event.info.name in ("LogModelResult", "LogSeedResult", "LogTestResult"):
            data = event.data
            passed = str(data.status).lower() == "pass"
            level = logging.DEBUG if passed else logging.WARNING if event.info.name == "LogTestResult" else logging.INFO
            logger.log(
                level,
                "%s of %s %s %s", data.index, getattr(data, "total", None) or data.num_models, data.status,
                data.node_info.node_name,
            )  # fmt: skip


@lru_cache(maxsize=1)
def _last_change(project: Path) -> float:
    """When the project, or dbt itself, last changed, as seconds since 1970; looked up once in a process."""
    files = [
        path
        for path in project.rglob("*")
        if path.suffix in WATCHED_SUFFIXES and path.relative_to(project).parts[0] not in ("target", "logs")
    ]
    # an installation writes the list of its files last
    files += [
        Path(str(file.locate())) for name in DBT for file in distribution(name).files or () if file.name == "RECORD"
    ]
    return max(path.stat().st_mtime for path in files)
