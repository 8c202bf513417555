"""Letting go of what a run leaves behind: dead runs at the start of a build, old ones at its end.

Belongs here: Dagster's records of runs, and the log files. Published builds are kept by `warehouse/publish`.
"""

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dagster_project.settings import Settings
from dagster_project.warehouse.lock import build_lock

if TYPE_CHECKING:
    from dagster import DagsterInstance

logger = logging.getLogger("smallcap.runs")

STARTED_BY_TAG = "smallcap/started_by"
COMMAND_LINE = "command line"
GRACE = timedelta(minutes=5)
"""A run of the daemon that started so recently may not have taken the lock yet."""


def end_dead_runs(instance: "DagsterInstance", settings: Settings) -> list[str]:
    """Mark runs as failed whose process is gone, and free the slots they held in pools; returns their ids.

    Without it a build that was killed would look as if it ran for ever, and would hold the one slot of the writer.
    A run holds the build lock from its first step to the end of its process, so while we hold it nobody runs.

    Raises:
        BusyError: a build is running.
    """
    from dagster import DagsterRunStatus, RunsFilter

    unfinished = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
    ended = []
    with build_lock(settings.lock_file):
        for record in instance.get_run_records(RunsFilter(statuses=unfinished)):
            run, started = record.dagster_run, record.start_time or record.create_timestamp.timestamp()
            age = timedelta(seconds=time.time() - started)
            if run.tags.get(STARTED_BY_TAG) == COMMAND_LINE or age > GRACE:
                instance.report_run_failed(run, "Its process is gone: it was killed or the machine stopped.")
                instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
                logger.warning("run %s had been killed: marked as failed, its slot is free", run.run_id)
                ended.append(run.run_id)
    return ended


def forget_old_runs(instance: "DagsterInstance", settings: Settings) -> int:
    """Delete finished runs, and log files, older than the settings keep; returns the number of runs."""
    from dagster import RunsFilter
    from dagster._core.storage.dagster_run import FINISHED_STATUSES

    before = datetime.now(UTC) - timedelta(days=settings.runs_kept_days)
    old = instance.get_runs(RunsFilter(statuses=FINISHED_STATUSES, created_before=before))
    for run in old:
        instance.delete_run(run.run_id)
    for file in settings.logs_dir.glob("*.jsonl"):
        if file.stat().st_mtime < before.timestamp():
            file.unlink(missing_ok=True)
    return len(old)
