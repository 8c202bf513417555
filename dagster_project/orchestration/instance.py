"""The Dagster instance inside the data directory, shared by the command line and the UI.

Belongs here: its settings file. Runs are queued one at a time: DuckDB has one writer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dagster_project.errors import SmallcapError
from dagster_project.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

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


POSTGRES_YAML = """\
storage:
  postgres:
    postgres_url:
      env: SMALLCAP_POSTGRES_URL
"""


def prepare_instance(settings: Settings) -> None:
    """Make the home of the instance, with its settings where there are none.

    Raises:
        SmallcapError: PostgreSQL is set, and the home was made without it or cannot use it.
    """
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    file = home / "dagster.yaml"
    if not file.exists():
        partial = file.with_name(f"{file.name}.partial")  # half a file would be taken as edited
        partial.write_text(DAGSTER_YAML + (POSTGRES_YAML if settings.postgres_url else ""), encoding="utf-8")
        partial.rename(file)
    if settings.postgres_url and "SMALLCAP_POSTGRES_URL" not in file.read_text(encoding="utf-8"):
        raise SmallcapError(
            f"SMALLCAP_POSTGRES_URL is set, but {file} keeps the run history in SQLite. Remove that file to have it "
            "written anew (the old history stays in its folder), or unset the variable."
        )


@contextmanager
def open_instance(settings: Settings) -> "Iterator[DagsterInstance]":
    """The instance of the data directory.

    Raises:
        SmallcapError: its PostgreSQL does not answer.
    """
    from dagster import DagsterInstance

    try:
        instance = DagsterInstance.get()
    except Exception as error:  # dagster-postgres wraps what it gets in exceptions of its own
        if settings.postgres_url is None:
            raise
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise SmallcapError(
            f"Dagster's run history cannot be opened: {reason}. Start the server of SMALLCAP_POSTGRES_URL, or correct "
            "the address."
        ) from error
    with instance:
        yield instance
