"""The Dagster instance inside the data directory, shared by the command line and the UI.

Belongs here: its settings file. Runs are queued one at a time: DuckDB has one writer.
"""

from pathlib import Path
from typing import Any

DAGSTER_YAML = """\
# Written by smallcap; edits are kept.
nux:
  enabled: false
telemetry:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
  pools:
    default_limit: 1
python_logs:
  managed_python_loggers: [smallcap]
"""


def relax_history_writes() -> None:
    """Do not wait for the disk after each of Dagster's ~750 events a build: half of its time otherwise.

    A crash of the process loses nothing; a power cut may lose run history, which is no system of record.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    @event.listens_for(Engine, "connect")
    def _no_sync(connection: Any, _record: Any) -> None:
        if type(connection).__module__.startswith("sqlite3"):
            connection.execute("pragma synchronous = off")


def prepare_instance(dagster_home: Path) -> None:
    """Make the home of the instance, with its settings where there are none."""
    dagster_home.mkdir(parents=True, exist_ok=True)
    settings = dagster_home / "dagster.yaml"
    if not settings.exists():
        settings.write_text(DAGSTER_YAML, encoding="utf-8")
