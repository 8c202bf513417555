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
run_monitoring:
  enabled: true
  free_slots_after_run_end_seconds: 30
retention:
  schedule:
    purge_after_days: 30
  sensor:
    purge_after_days: {skipped: 1, failure: 30, success: 30}
python_logs:
  managed_python_loggers: [smallcap]
"""


def relax_history_writes() -> None:
    """Make the ~1,700 events that Dagster writes in a build cheap: they were half of its time.

    Do not wait for the disk after each: a crash of the process loses nothing; a power cut may lose run history, which
    is no system of record. And keep one engine with its connections per history file: Dagster makes new ones for every
    event, and each engine compiles its statements anew.
    """
    from dagster._core.storage.event_log.sqlite import sqlite_event_log
    from dagster._core.storage.runs.sqlite import sqlite_run_storage
    from sqlalchemy import create_engine, event
    from sqlalchemy.engine import Engine
    from sqlalchemy.pool import QueuePool

    engines: dict[str, Engine] = {}

    def one_engine(address: str, **options: Any) -> Engine:
        if address not in engines:
            engine = engines[address] = create_engine(address, **options | {"poolclass": QueuePool})
            engine.dispose = lambda close=True: None  # type: ignore[method-assign]
            event.listen(engine, "connect", _do_not_wait_for_the_disk)
        return engines[address]

    for module in (sqlite_event_log, sqlite_run_storage):
        module.create_engine = one_engine  # type: ignore[attr-defined]


def _do_not_wait_for_the_disk(connection: Any, _record: Any) -> None:
    connection.execute("pragma synchronous = off")


def prepare_instance(dagster_home: Path) -> None:
    """Make the home of the instance, with its settings where there are none."""
    dagster_home.mkdir(parents=True, exist_ok=True)
    settings = dagster_home / "dagster.yaml"
    if not settings.exists():
        settings.write_text(DAGSTER_YAML, encoding="utf-8")
