"""Schedules with a clock that stands still: New York time through daylight saving, holidays, one run a day."""

from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

import dagster as dg
import exchange_calendars
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from dagster_project.orchestration.schedules import NEW_YORK, SCHEDULES, after_the_close, next_morning


def evaluated(
    schedule: dg.ScheduleDefinition, at: str, instance: dg.DagsterInstance | None = None
) -> dg.RunRequest | dg.SkipReason:
    instant = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(NEW_YORK))
    found = schedule.evaluate_tick(dg.build_schedule_context(instance, scheduled_execution_time=instant))
    return found.run_requests[0] if found.run_requests else dg.SkipReason(found.skip_message)


def ticks(schedule: dg.ScheduleDefinition, since: str, count: int) -> list[str]:
    """The next instants of a schedule in UTC."""
    start = datetime.fromisoformat(since).replace(tzinfo=ZoneInfo("UTC")).timestamp()
    cron = str(schedule.cron_schedule)
    found = islice(schedule_execution_time_iterator(start, cron, schedule.execution_timezone), count)
    return [f"{instant.astimezone(ZoneInfo('UTC')):%Y-%m-%d %H:%M}" for instant in found]


@pytest.mark.parametrize(("schedule", "hour"), [(after_the_close, "18:30"), (next_morning, "09:30")])
def test_every_session_has_one_run_at_its_hour_and_no_other_day_has(schedule: dg.ScheduleDefinition, hour: str):
    """The end of a year: clocks go back, two holidays, two early closes."""
    due = []
    with dg.DagsterInstance.ephemeral() as instance:
        for tick in ticks(schedule, "2026-10-26 00:00", 49):
            local = datetime.fromisoformat(tick).replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(NEW_YORK))
            if isinstance(evaluated(schedule, f"{local:%Y-%m-%d %H:%M}", instance), dg.RunRequest):
                due.append(f"{local:%Y-%m-%d %H:%M}")
    calendar = exchange_calendars.get_calendar("XNYS", start="2026-10-26", end="2026-12-31")
    assert due == [f"{session:%Y-%m-%d} {hour}" for session in calendar.sessions]
    assert {f"{session:%m-%d}" for session in calendar.early_closes} == {"11-27", "12-24"}


def test_the_evening_keeps_new_york_time_through_both_changes_of_the_clock():
    # Clocks went forward on Sunday 2026-03-08 and back on Sunday 2026-11-01.
    assert ticks(after_the_close, "2026-03-06 00:00", 2) == ["2026-03-06 23:30", "2026-03-09 22:30"]
    assert ticks(after_the_close, "2026-10-30 00:00", 2) == ["2026-10-30 22:30", "2026-11-02 23:30"]


def test_the_morning_keeps_new_york_time_too():
    assert ticks(next_morning, "2026-10-30 00:00", 2) == ["2026-10-30 13:30", "2026-11-02 14:30"]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.name)
@pytest.mark.parametrize(
    "holiday",
    ["2026-11-26 18:30", "2026-12-25 18:30", "2025-01-09 18:30", "2026-07-03 09:30"],
    ids=["Thanksgiving", "Christmas", "day of mourning", "Independence Day, observed"],
)
def test_nothing_runs_when_the_nyse_is_closed(schedule: dg.ScheduleDefinition, holiday: str):
    found = evaluated(schedule, holiday)
    assert isinstance(found, dg.SkipReason)
    assert f"closed on {datetime.fromisoformat(holiday):%A, %Y-%m-%d}" in (found.skip_message or "")


def test_a_session_that_closes_early_runs_at_the_usual_hour():
    assert isinstance(evaluated(after_the_close, "2026-11-27 18:30"), dg.RunRequest)


def test_a_tick_that_is_evaluated_twice_asks_for_one_run():
    first, again = (evaluated(after_the_close, "2026-11-20 18:30") for _ in range(2))
    assert isinstance(first, dg.RunRequest) and isinstance(again, dg.RunRequest)
    assert first.run_key == again.run_key == "after_the_close 2026-11-20"
