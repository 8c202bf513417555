"""Sensors as Dagster evaluates them, on an instance of its own: what starts a run, and who is told how it ended."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest
from pydantic import SecretStr

from dagster_project.definitions import defs
from dagster_project.errors import SmallcapError
from dagster_project.orchestration import sensors
from dagster_project.orchestration.retention import COMMAND_LINE, STARTED_BY_TAG
from dagster_project.settings import Settings
from tests import market
from tests.helpers import files_settings
from tests.receiver import Receiver

NOW = datetime(2026, 11, 20, 18, 30).timestamp()


@pytest.fixture
def webhook() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()


@pytest.fixture
def settings(tmp_path: Path, webhook: Receiver, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of the sensors: the inbox is a folder of the test, alerts go to its webhook."""
    made = files_settings(tmp_path).model_copy(update={"alert_webhook": SecretStr(webhook.address)})
    monkeypatch.setattr(sensors, "SETTINGS", made)
    return made


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


class Daemon:
    """What Dagster's daemon does with the inbox sensor: keeps the cursor, starts one run per key."""

    def __init__(self, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
        self.instance, self.patch = instance, monkeypatch
        self.cursor: str | None = None
        self.started: list[str] = []

    def tick(self, seconds: float, forgets: bool = False) -> str | None:
        """Evaluate at a moment; returns why nothing was started. `forgets`: it dies before the cursor is kept."""
        self.patch.setattr("dagster_project.orchestration.sensors.time.time", lambda: NOW + seconds)
        context = dg.build_sensor_context(self.instance, self.cursor, definitions=defs, sensor_name="inbox")
        done = sensors.inbox.evaluate_tick(context)
        for request in done.run_requests or []:
            assert request.run_key
            self.started += [request.run_key] if request.run_key not in self.started else []
        if not forgets:
            self.cursor = done.cursor
        return done.skip_message


@pytest.fixture
def daemon(instance: dg.DagsterInstance, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Daemon:
    return Daemon(instance, monkeypatch)


def deliver(settings: Settings, content: bytes, seconds: float = 0, name: str = "prices.csv") -> Path:
    file = market.deliver(settings.inbox_dir, content, name)
    os.utime(file, (NOW + seconds, NOW + seconds))
    return file


# --- the inbox


def test_the_inbox_sensor_starts_the_daily_job():
    assert [target.job_name for target in sensors.inbox.targets] == ["daily"]


def test_a_new_file_starts_one_run_once_it_is_quiet(daemon: Daemon, settings: Settings):
    assert "No file in" in (daemon.tick(0) or "")
    deliver(settings, b"symbol\n")
    assert "may still be written" in (daemon.tick(19) or "")
    assert daemon.tick(21) is None
    for later in (51, 81, 3600):
        assert daemon.tick(later) == "Nothing changed since the last run that this sensor started."
    assert len(daemon.started) == 1


def test_every_later_change_starts_one_more(daemon: Daemon, settings: Settings):
    first = deliver(settings, b"symbol\n")
    daemon.tick(30)
    changes = [
        lambda: deliver(settings, b"symbol,close\n", 100),
        lambda: deliver(settings, b"symbol\n", 200, "more.csv"),
        first.unlink,
    ]
    for number, change in enumerate(changes, start=1):
        change()
        for _ in range(2):
            daemon.tick(1000 * number)
        assert len(daemon.started) == 1 + number


def test_files_put_back_as_they_were_start_a_run(daemon: Daemon, settings: Settings):
    deliver(settings, b"symbol\n")
    daemon.tick(30)
    deliver(settings, b"symbol,close\n", 100)
    daemon.tick(200)
    deliver(settings, b"symbol\n")
    daemon.tick(300)
    assert len(daemon.started) == 3


def test_a_daemon_that_dies_after_it_started_a_run_starts_no_second_one(daemon: Daemon, settings: Settings):
    deliver(settings, b"symbol\n")
    daemon.tick(30, forgets=True)
    daemon.tick(60)
    assert len(daemon.started) == 1


def test_folders_of_no_table_and_hidden_files_start_nothing(daemon: Daemon, settings: Settings):
    deliver(settings, b"", name=".prices.csv.part")
    market.deliver(settings.inbox_dir, b"", table="notes")
    assert "No file in" in (daemon.tick(1e6) or "")


def test_the_sample_has_no_inbox(daemon: Daemon, settings: Settings, monkeypatch: pytest.MonkeyPatch):
    deliver(settings, b"symbol\n")
    monkeypatch.setattr(sensors, "SETTINGS", settings.model_copy(update={"source": "sample"}))
    assert "SMALLCAP_SOURCE=files" in (daemon.tick(30) or "")
    assert daemon.started == []


# --- how a run ended


@dg.op
def failing() -> None:
    """Fails as a step of a build does, with an error behind another."""
    try:
        raise ValueError("cause")
    except ValueError as error:
        raise SmallcapError("prices.csv: column close is missing. Add it to the header.") from error


@dg.op
def stopped() -> None:
    """Fails as dbt's step does."""
    raise dg.Failure("blocking check prices_jump failed on 2 rows", allow_retries=False)


@dg.op
def fine() -> None:
    """Does nothing."""


def ended(instance: dg.DagsterInstance, op: dg.OpDefinition, **tags: str) -> dg.RunStatusSensorContext:
    """What a sensor of run status is given after a run of one op."""

    @dg.job(name="daily")
    def job() -> None:
        op()

    result = job.execute_in_process(instance=instance, raise_on_error=False, tags=tags)
    kind = dg.DagsterEventType.RUN_SUCCESS if result.success else dg.DagsterEventType.RUN_FAILURE
    [event] = [event for event in result.all_events if event.event_type is kind]
    return dg.build_run_status_sensor_context("sensor", event, instance, result.dagster_run)


@pytest.mark.parametrize(
    ("op", "told"),
    [
        (failing, "failing: prices.csv: column close is missing. Add it to the header."),
        (stopped, "stopped: blocking check prices_jump failed on 2 rows"),
    ],
)
def test_a_failed_run_is_told_of_once_in_the_words_of_its_error(
    instance: dg.DagsterInstance, settings: Settings, webhook: Receiver, op: dg.OpDefinition, told: str
):
    sensors.failed_runs(ended(instance, op).for_run_failure())
    [got] = webhook.got
    assert got["failed"] == [told]
    assert (got["since"], got["meaning"]) == ("the first build", "there are none yet.")


def test_a_run_that_was_killed_is_told_of_with_where_to_look(
    instance: dg.DagsterInstance, settings: Settings, webhook: Receiver
):
    @dg.job(name="daily")
    def job() -> None:
        fine()

    run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    instance.report_run_failed(run)
    [entry] = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    context = dg.build_run_status_sensor_context("sensor", entry.get_dagster_event(), instance, run)
    sensors.failed_runs(context.for_run_failure())
    [got] = webhook.got
    assert got["failed"] == [
        "This run has been marked as failed from outside the execution context. "
        f"The log of run {run.run_id} in the UI says more."
    ]


def test_a_build_of_the_command_line_is_not_told_of_again(
    instance: dg.DagsterInstance, settings: Settings, webhook: Receiver
):
    sensors.failed_runs(ended(instance, failing, **{STARTED_BY_TAG: COMMAND_LINE}).for_run_failure())
    sensors.succeeded_runs(ended(instance, fine, **{STARTED_BY_TAG: COMMAND_LINE}))
    assert webhook.got == []


def test_a_run_that_published_nothing_of_its_own_is_not_told_of(
    instance: dg.DagsterInstance, settings: Settings, webhook: Receiver
):
    sensors.succeeded_runs(ended(instance, fine))
    assert webhook.got == []


def test_every_job_is_watched():
    jobs = {"daily", "backfill", "publish", "replay"}
    for sensor in (sensors.failed_runs, sensors.succeeded_runs):
        assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    assert {job.name for job in sensors.JOBS} == jobs
