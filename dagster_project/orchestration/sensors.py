"""What starts or follows a run: files in the inbox, and how a run ended.

Belongs here: noticing. Does not belong here: the work (`steps`), the words of an alert (`alerts`).
"""

import hashlib
import time
from pathlib import Path

import dagster as dg

from dagster_project import alerts
from dagster_project.assets.common import SETTINGS, build_id_of_run
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.errors import BusyError
from dagster_project.orchestration.failures import failure_in_words
from dagster_project.orchestration.jobs import JOBS, daily_job
from dagster_project.orchestration.retention import COMMAND_LINE, STARTED_BY_TAG, end_dead_runs, forget_old_runs

QUIET_SECONDS = 20
"""A file that changed more recently may still be written."""


def _inbox_files(inbox: Path) -> list[tuple[str, int, int]]:
    """Name, size and time of change (ns) of every file in a table's folder."""
    found = []
    for table in CONTRACTS:
        for file in sorted((inbox / table).glob("*")):
            if file.is_file() and not file.name.startswith("."):
                facts = file.stat()
                found.append((f"{table}/{file.name}", facts.st_size, facts.st_mtime_ns))
    return found


@dg.sensor(
    job=daily_job,
    minimum_interval_seconds=30,
    description="Starts the daily job when files of the inbox are new or changed and have been quiet for 20 seconds.",
)
def inbox(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Looks at names, sizes and times of change only."""
    if SETTINGS.source == "sample":
        return dg.SkipReason("The source is sample: there is no inbox. Set SMALLCAP_SOURCE=files.")
    files = _inbox_files(SETTINGS.inbox_dir)
    if not files:
        return dg.SkipReason(f"No file in {SETTINGS.inbox_dir}.")
    seen = hashlib.sha256(repr(files).encode()).hexdigest()
    if seen == context.cursor:
        return dg.SkipReason("Nothing changed since the last run that this sensor started.")
    newest = max(changed for *_, changed in files) / 1e9
    if time.time() - newest < QUIET_SECONDS:
        return dg.SkipReason(f"A file changed less than {QUIET_SECONDS} seconds ago and may still be written.")
    # Files that were put back as they were are new once more, and Dagster starts no second run with the same key.
    run_key = f"{seen} after {context.cursor}"
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=run_key, tags={STARTED_BY_TAG: "inbox"})], cursor=seen)


@dg.run_failure_sensor(
    monitored_jobs=[*JOBS],
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells of a failed run by log, webhook and mail, as set. The command line tells of its own.",
)
def failed_runs(context: dg.RunFailureSensorContext) -> None:
    """One alert per run."""
    run = context.dagster_run
    if run.tags.get(STARTED_BY_TAG) == COMMAND_LINE:
        return
    reasons = [failure_in_words(event) for event in context.get_step_failure_events()]
    # A run whose process is gone has no failed step, and Dagster says of it only that somebody else ended it.
    told = reasons or [f"{context.failure_event.message} The log of run {run.run_id} in the UI says more."]
    alerts.send(SETTINGS, alerts.failed_build(SETTINGS, build_id_of_run(context.instance, run), told))


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[*JOBS],
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells of a build that was published with gaps, and lets go of old runs and logs.",
)
def succeeded_runs(context: dg.RunStatusSensorContext) -> None:
    """At most one alert per run."""
    forget_old_runs(context.instance, SETTINGS)
    run = context.dagster_run
    if run.tags.get(STARTED_BY_TAG) == COMMAND_LINE:
        return
    alert = alerts.incomplete_build(SETTINGS, build_id_of_run(context.instance, run))
    if alert:
        alerts.send(SETTINGS, alert)


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Marks runs as failed whose process was killed, so that the next one can go.",
)
def killed_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Starts nothing."""
    try:
        ended = end_dead_runs(context.instance, SETTINGS)
    except BusyError:
        return dg.SkipReason("A build is running.")
    return dg.SkipReason(f"Marked as failed: {', '.join(ended)}." if ended else "No run was killed.")


SENSORS = [inbox, killed_runs, failed_runs, succeeded_runs]
