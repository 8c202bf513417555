"""Faults through the whole program: exit code, message, and the published build, byte for byte."""

import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests import market
from tests.helpers import REPO, clean_environment, file_hashes, smallcap
from tests.scenarios import BARS, RATES, Run

PUBLISHED = Path("published") / "current"
HOLD_THE_LOCK = """
import sys, time
from pathlib import Path
from dagster_project.warehouse.lock import build_lock
with build_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(120)
"""


def published(data: Path) -> dict[str, bytes]:
    return file_hashes(data / PUBLISHED)


# --- 3: published, but a delivery was refused


@pytest.mark.scenario("refused_delivery")
def test_refused_delivery_ends_with_3_and_a_new_build(run: Run):
    assert run.last.code == 3
    assert "daily_bars/prices.csv: line 1 has no comma but semicolons" in run.last.err
    assert "keep the last good rows" in run.last.err
    assert len(list((run.data / "builds").iterdir())) == 2


@pytest.mark.scenario("refused_delivery")
def test_refused_delivery_keeps_the_last_good_rows_and_takes_the_other_table(run: Run):
    assert run.ask("select count(*) from marts.price_levels where return_basis = 'price'") == [(len(BARS),)]
    assert run.ask("select count(*) from raw.policy_rates", run.warehouse_file) == [(len(RATES),)]


@pytest.mark.scenario("refused_delivery")
def test_fault_in_one_domain_leaves_the_others_fresh(run: Run):
    status = {
        domain: told
        for domain, *told in run.ask("select domain, status, data_through, stale_sessions from meta.freshness")
    }
    assert status["prices"][:2] == ["refused", date(2017, 12, 29)]
    assert status["rates"] == ["fresh", date.fromisoformat(RATES["rate_date"].max()), 0]
    assert run.ask("select max(rate_date) from marts.policy_and_yields") == [(status["rates"][1],)]
    assert status["flows"][0] == "missing", "what was not delivered is not called fresh"


@pytest.mark.scenario("refused_delivery")
def test_refused_delivery_is_shown_in_freshness_checks_and_brief(run: Run):
    assert run.ask("select status from meta.freshness where domain = 'prices'") == [("refused",)]
    [(severity, message)] = run.ask(
        "select severity, message from meta.checks where check_id = 'daily_bars__payload_readable'"
    )
    assert severity == "error"
    assert "semicolons" in message
    assert "a delivery was refused" in (run.data / PUBLISHED / "brief.md").read_text()


# --- 1: nothing is published


@pytest.mark.scenario("headline_missing")
def test_without_the_headline_nothing_is_published(run: Run):
    assert run.last.code == 1
    assert "assert_headline_pair_has_rows" in run.last.err
    assert published(run.data) == run.published_before
    assert len(list((run.data / "builds").iterdir())) == 1


@pytest.mark.scenario("base")
def test_missing_inbox(own_run: Run, tmp_path: Path):
    before = published(own_run.data)
    outcome = smallcap(own_run.data, "build", "--source", "files", "--inbox", tmp_path / "nowhere")
    assert outcome.code == 1
    assert f"Inbox {tmp_path / 'nowhere'} does not exist" in outcome.err
    assert "Traceback" not in outcome.err
    assert published(own_run.data) == before


@pytest.mark.scenario("base")
def test_missing_inbox_is_named_though_the_warehouse_is_of_another_version(own_run: Run, tmp_path: Path):
    with duckdb.connect(str(own_run.warehouse_file)) as connection:
        connection.execute("update ops.layout set fingerprint = 'older'")
    outcome = smallcap(own_run.data, "build", "--source", "files", "--inbox", tmp_path / "nowhere")
    assert outcome.code == 1
    assert f"Inbox {tmp_path / 'nowhere'} does not exist" in outcome.err


@pytest.mark.scenario("base")
def test_too_little_memory_says_what_to_raise_and_keeps_what_is_published(own_run: Run):
    before = published(own_run.data)
    build = ("build", "--source", "files", "--inbox", own_run.inbox)
    outcome = smallcap(own_run.data, *build, SMALLCAP_MEMORY_LIMIT="10MB")
    assert outcome.code == 1
    assert "memory ran out at SMALLCAP_MEMORY_LIMIT=10MB: raise it, or lower SMALLCAP_THREADS" in outcome.err
    assert "Traceback" not in outcome.err
    assert published(own_run.data) == before
    assert [path for path in (own_run.data / "temp").rglob("*") if path.is_file()] == []
    assert smallcap(own_run.data, *build).code == 0


def test_empty_inbox(tmp_path: Path):
    (tmp_path / "inbox").mkdir()
    outcome = smallcap(tmp_path / "data", "build", "--source", "files", "--inbox", tmp_path / "inbox")
    assert outcome.code == 1
    assert "no file for any table" in outcome.err
    assert "daily_bars/prices.csv" in outcome.err
    assert not (tmp_path / "data" / "published").exists()


def test_data_directory_below_a_regular_file(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    outcome = smallcap(tmp_path / "file" / "data", "build")
    assert outcome.code == 1
    assert str(tmp_path / "file") in outcome.err
    assert "SMALLCAP_DATA_DIR" in outcome.err
    assert "Traceback" not in outcome.err


@pytest.fixture
def read_only_disk(own_run: Run):
    """The data directory of a published build, mounted read-only over itself."""
    mount = ["mount", "--bind", str(own_run.data), str(own_run.data)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to mount: the read-only disk was not tested")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(own_run.data)], check=True, capture_output=True)
        yield own_run
    finally:
        subprocess.run(["umount", str(own_run.data)], check=True)


@pytest.mark.scenario("base")
def test_read_only_disk(read_only_disk: Run):
    run = read_only_disk
    before = published(run.data)
    outcome = run.build()
    assert outcome.code == 1
    assert "Read-only file system" in outcome.err
    assert str(run.data) in outcome.err
    assert "SMALLCAP_DATA_DIR" in outcome.err
    assert "Traceback" not in outcome.err
    assert published(run.data) == before
    assert run.call("brief").code == 0
    assert run.call("query", "select 1").code == 0


@pytest.fixture
def full_disk(own_run: Run, tmp_path: Path):
    """The data directory of a published build on a disk that has room for little more."""
    disk = tmp_path / "disk"
    disk.mkdir()
    used = sum(file.stat().st_blocks * 512 for file in own_run.data.rglob("*") if not file.is_symlink())
    mount = ["mount", "-t", "tmpfs", "-o", f"size={used + (3 << 20)}", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to mount: the full disk was not tested")
    try:
        shutil.copytree(own_run.data, disk / "data", symlinks=True)
        yield disk / "data"
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.scenario("base")
def test_full_disk_says_so_in_one_sentence_and_keeps_what_is_published(full_disk: Path, run: Run):
    """Failed once: with a traceback of the run history, and with another one of the log that had no room either."""
    before = published(full_disk)
    outcome = smallcap(full_disk, "build", "--source", "files", "--inbox", run.inbox, "--quiet")
    assert outcome.code == 1
    assert "is full" in outcome.err
    assert "SMALLCAP_DATA_DIR" in outcome.err
    assert "Traceback" not in outcome.err
    assert published(full_disk) == before
    assert not list((full_disk / "builds").glob(".*"))
    assert smallcap(full_disk, "query", "select 1").code == 0


@pytest.mark.parametrize("command", [("rollback",), ("rebuild",), ("brief",), ("query", "select 1")])
def test_command_before_the_first_build(tmp_path: Path, command):
    outcome = smallcap(tmp_path / "data", *command)
    assert outcome.code == 1
    assert outcome.err.startswith("smallcap: ") or "smallcap: " in outcome.err
    assert "Traceback" not in outcome.err


def test_wrong_source(tmp_path: Path):
    outcome = smallcap(tmp_path / "data", "build", "--source", "bloomberg")
    assert outcome.code == 1
    assert "SMALLCAP_SOURCE='bloomberg'" in outcome.err
    assert smallcap(tmp_path / "data", "build", "--sauce", "files").code == 2


# --- 4: another build runs


@pytest.mark.scenario("base")
def test_second_build_while_one_runs(own_run: Run):
    before = published(own_run.data)
    lock = own_run.data / "warehouse" / "build.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LOCK, str(lock)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPO,
        env=clean_environment(),
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        for command in (["build"], ["rebuild"], ["rollback"], ["publish"]):
            if command != ["rollback"]:
                command += ["--source", "files"]
            outcome = smallcap(own_run.data, *command)
            assert outcome.code == 4, command
            assert f"process {holder.pid} since" in outcome.err
        assert smallcap(own_run.data, "brief").code == 0
        assert smallcap(own_run.data, "doctor").code == 0
    finally:
        holder.kill()
        holder.communicate()
    assert published(own_run.data) == before


# --- 0: usable, with remarks


@pytest.mark.scenario("usable_with_remarks")
def test_bad_row_missing_symbol_and_unknown_folder_only_warn(run: Run):
    assert run.last.code == 0, run.last.err
    assert run.ask("select passed, failed_rows from meta.checks where check_id = 'daily_bars__value_in_bounds'") == [
        (False, 1)
    ]
    assert run.ask("select line from quarantine.daily_bars", run.warehouse_file) == [(102,)]
    assert run.ask("select distinct pair_id from marts.relative_performance") == [("RUT_GSPC",)]
    [(remarks,)] = run.ask("select remarks from ops.domain_status where table_name = 'daily_bars'", run.warehouse_file)
    assert any("tick_data: not a table of the contracts" in remark for remark in remarks)


@pytest.mark.scenario("usable_with_remarks")
def test_quiet_build_says_nothing(run: Run):
    assert run.last.out == ""


# --- damage


@pytest.mark.scenario("base")
def test_warehouse_that_is_no_database(own_run: Run):
    own_run.warehouse_file.write_bytes(b"not a database" * 1000)
    outcome = smallcap(own_run.data, "publish", "--source", "files")
    assert outcome.code == 1
    assert "doctor" in outcome.err
    assert smallcap(own_run.data, "rebuild", "--source", "files").code == 0


@pytest.mark.scenario("base")
def test_archive_that_was_changed_is_found_by_the_doctor_and_stops_the_rebuild(own_run: Run):
    [payload] = (own_run.data / "archive" / "real" / "daily_bars").iterdir()
    payload.write_bytes(payload.read_bytes() + b"\n")
    doctor = smallcap(own_run.data, "doctor", SMALLCAP_SOURCE="files", SMALLCAP_INBOX=own_run.inbox)
    assert doctor.code == 1
    assert "has changed" in doctor.out
    before = own_run.warehouse_file.read_bytes()
    rebuild = smallcap(own_run.data, "rebuild", "--source", "files")
    assert rebuild.code == 1
    assert str(payload) in rebuild.err
    assert own_run.warehouse_file.read_bytes() == before


@pytest.mark.scenario("base")
def test_publish_needs_every_check_to_have_run(own_run: Run):
    """A warehouse with a check that vanished is not published."""
    with duckdb.connect(str(own_run.warehouse_file)) as connection:
        connection.execute("delete from ops.check_results where check_id = 'assert_levels_start_at_100'")
    before = published(own_run.data)
    outcome = smallcap(own_run.data, "publish", "--source", "files")
    assert outcome.code == 1
    assert "1 checks have not run, for example assert_levels_start_at_100" in outcome.err
    assert published(own_run.data) == before


@pytest.mark.scenario("base")
def test_publish_refuses_a_failed_blocking_check(own_run: Run):
    with duckdb.connect(str(own_run.warehouse_file)) as connection:
        connection.execute(
            "insert into ops.check_results select * replace (false as passed, 3 as failed_rows, now()::timestamp "
            "+ interval 1 day as evaluated_at_utc) from ops.check_results where check_id = 'assert_levels_start_at_100'"
        )
    outcome = smallcap(own_run.data, "publish", "--source", "files")
    assert outcome.code == 1
    assert "1 blocking checks failed: assert_levels_start_at_100 (3 rows" in outcome.err
    assert len(list((own_run.data / "builds").iterdir())) == 1


def test_inbox_of_the_generator_is_good():
    """The market of these tests breaks no contract: 3 years of 4 symbols."""
    assert len(BARS) == 4 * len(market.sessions("2015-01-02", "2017-12-29"))
    assert (BARS["high"] >= BARS[["open", "close", "low"]].max(axis=1)).all()
    assert (BARS["low"] <= BARS[["open", "close", "high"]].min(axis=1)).all()
