"""Sensors, partitions and the tidying of runs, each on an instance of its own."""

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.assets.days import Days
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.definitions import defs
from dagster_project.errors import BusyError
from dagster_project.orchestration.instance import DAGSTER_YAML, prepare_instance
from dagster_project.orchestration.jobs import backfill_job
from dagster_project.orchestration.partitions import partitions_of
from dagster_project.orchestration.retention import COMMAND_LINE, STARTED_BY_TAG, end_dead_runs, forget_old_runs
from dagster_project.settings import Settings
from dagster_project.warehouse.lock import build_lock
from tests.helpers import files_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return files_settings(tmp_path)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def test_settings_of_the_instance_are_whole_or_not_there(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    home = settings.dagster_home

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", die)
        with pytest.raises(KeyboardInterrupt):
            prepare_instance(settings)
    assert not (home / "dagster.yaml").exists()
    prepare_instance(settings)
    assert [path.name for path in home.iterdir()] == ["dagster.yaml"]
    assert (home / "dagster.yaml").read_text() == DAGSTER_YAML


def started_run(instance: dg.DagsterInstance, **tags: str) -> str:
    @dg.job
    def nothing() -> None:
        pass

    run = instance.create_run_for_job(nothing, tags=tags, status=dg.DagsterRunStatus.STARTED)
    return run.run_id


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


# --- partitions and days


def test_tables_with_a_row_each_session_have_years_and_no_other_has():
    with_years = {table for table, contract in CONTRACTS.items() if partitions_of(contract)}
    assert with_years == {table for table, contract in CONTRACTS.items() if contract.cadence == "session"}
    assert {"daily_bars", "fund_nav_shares", "fed_funds_futures"} <= with_years
    assert not {"published_figures", "fomc_meetings", "company_facts"} & with_years


def test_the_years_reach_from_the_first_session_to_this_year():
    years = partitions_of(CONTRACTS["daily_bars"])
    assert years is not None
    keys = years.get_partition_keys()
    assert (keys[0], keys[-1]) == ("1927", str(date.today().year))


def test_a_range_in_the_configuration_is_what_a_run_is_about():
    context = dg.build_asset_context()
    assert Days(since="2016-06-01", until="2017-05-26").asked(context) == (date(2016, 6, 1), date(2017, 5, 26))


def test_years_of_a_run_become_days():
    context = dg.build_asset_context(partition_key_range=dg.PartitionKeyRange("2016", "2017"))
    assert Days(since=None, until=None).asked(context) == (date(2016, 1, 1), date(2017, 12, 31))


@pytest.mark.parametrize(("since", "until"), [("2017-05-26", "2016-06-01"), ("2017-05-26", None), ("May", "June")])
def test_a_range_that_is_none_says_what_is_expected(since: str, until: str | None):
    with pytest.raises(dg.Failure, match="expected two dates YYYY-MM-DD"):
        Days(since=since, until=until).asked(dg.build_asset_context())


def test_a_backfill_runs_every_check_that_the_audit_wants_after_a_delivery():
    graph = defs.resolve_asset_graph()
    chosen = backfill_job.selection
    others = {key for key in graph.executable_asset_keys if key.path[0] != "raw"}
    yearly = {dg.AssetKey(["raw", table]) for table, contract in CONTRACTS.items() if partitions_of(contract)}
    assert chosen.resolve(graph) == others | yearly
    assert chosen.resolve_checks(graph) >= {key for key in graph.asset_check_keys if key.asset_key in others}


# --- runs that died


def test_a_killed_run_of_the_command_line_is_marked_as_failed(instance: dg.DagsterInstance, settings: Settings):
    dead = started_run(instance, **{STARTED_BY_TAG: COMMAND_LINE})
    assert end_dead_runs(instance, settings) == [dead]
    assert status(instance, dead) is dg.DagsterRunStatus.FAILURE


def test_a_run_of_the_daemon_has_some_minutes_to_take_the_lock(
    instance: dg.DagsterInstance, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    run = started_run(instance)
    assert end_dead_runs(instance, settings) == []
    now = time.time()
    monkeypatch.setattr("dagster_project.orchestration.retention.time.time", lambda: now + 301)
    assert end_dead_runs(instance, settings) == [run]


def test_no_run_is_ended_while_a_build_holds_the_lock(instance: dg.DagsterInstance, settings: Settings):
    run = started_run(instance, **{STARTED_BY_TAG: COMMAND_LINE})
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(f"""
                from pathlib import Path
                from dagster_project.warehouse.lock import build_lock
                with build_lock(Path({str(settings.lock_file)!r})):
                    print("held", flush=True)
                    input()
            """),
        ],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None and holder.stdin is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(BusyError, match=f"process {holder.pid}"):
        end_dead_runs(instance, settings)
    assert status(instance, run) is dg.DagsterRunStatus.STARTED
    holder.communicate("\n", timeout=30)
    with build_lock(settings.lock_file):
        assert end_dead_runs(instance, settings) == [run]


def test_old_runs_and_logs_go_and_recent_ones_stay(instance: dg.DagsterInstance, settings: Settings):
    run = instance.get_run_by_id(started_run(instance))
    assert run is not None
    instance.report_run_failed(run)
    settings.logs_dir.mkdir(parents=True)
    old, recent = settings.logs_dir / "old.jsonl", settings.logs_dir / "recent.jsonl"
    for file, days in ((old, settings.runs_kept_days + 1), (recent, 1)):
        file.write_text("{}\n")
        os.utime(file, 2 * (time.time() - days * 86_400,))
    assert forget_old_runs(instance, settings) == 0
    assert (old.exists(), recent.exists()) == (False, True)
    assert forget_old_runs(instance, settings.model_copy(update={"runs_kept_days": 0})) == 1
    assert instance.get_runs() == []
