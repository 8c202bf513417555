"""When the daily job runs by itself. Both schedules are off until they are switched on.

Belongs here: times and the NYSE calendar.
Does not belong here: which table is due: each source asks only for what was published since (`sources/live`), so a
weekly or quarterly table costs nothing on other days.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg

from dagster_project.contracts.availability import nyse_sessions
from dagster_project.orchestration.jobs import daily_job
from dagster_project.orchestration.retention import STARTED_BY_TAG

NEW_YORK = "America/New_York"


def _skip_reason(scheduled: datetime) -> str | None:
    """Why nothing is due at an instant; None on a session."""
    import numpy as np

    day = scheduled.astimezone(ZoneInfo(NEW_YORK)).date()
    if np.datetime64(day) in nyse_sessions(day.year, day.year):
        return None
    return f"The NYSE is closed on {day:%A, %Y-%m-%d}: nothing new is due before the next session."


def _on_sessions(name: str, cron: str, description: str) -> dg.ScheduleDefinition:
    @dg.schedule(name=name, job=daily_job, cron_schedule=cron, execution_timezone=NEW_YORK, description=description)
    def evaluate(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        scheduled = context.scheduled_execution_time
        reason = _skip_reason(scheduled)
        if reason:
            return dg.SkipReason(reason)
        return dg.RunRequest(run_key=f"{name} {scheduled:%Y-%m-%d}", tags={STARTED_BY_TAG: name})

    return evaluate


after_the_close = _on_sessions(
    "after_the_close",
    "30 18 * * 1-5",
    "18:30 in New York on every session: prices and settlements of the day are final.",
)
next_morning = _on_sessions(
    "next_morning",
    "30 9 * * 1-5",
    "09:30 in New York on every session: the EFFR and the share counts of the session before are out.",
)

SCHEDULES = [after_the_close, next_morning]
