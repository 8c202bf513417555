"""One writer at a time, across processes, and no lock outlives its process."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dagster_project.errors import BusyError
from dagster_project.warehouse.lock import build_lock
from tests.helpers import REPO, clean_environment

HOLDER = """
import sys, time
from pathlib import Path
from dagster_project.warehouse.lock import build_lock
with build_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def held_by_another_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True, cwd=REPO, env=clean_environment()
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
    finally:
        holder.kill()
        holder.communicate()


def test_second_process_is_refused_with_the_process_that_holds_it(tmp_path: Path):
    path = tmp_path / "below" / "build.lock"
    with held_by_another_process(path) as holder:
        with pytest.raises(BusyError) as caught, build_lock(path):
            pass
        assert f"process {holder.pid} since 20" in str(caught.value)
        assert "Wait" in str(caught.value)
        assert caught.value.exit_code == 4


def test_lock_goes_with_its_process_however_it_dies(tmp_path: Path):
    path = tmp_path / "build.lock"
    with held_by_another_process(path) as holder:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        with build_lock(path):
            assert str(os.getpid()) in path.read_text()


def test_lock_is_free_after_use_and_after_an_error(tmp_path: Path):
    path = tmp_path / "build.lock"
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), build_lock(path):
            raise ZeroDivisionError
        assert path.read_text() == ""
    with held_by_another_process(path):
        pass


def test_steps_of_one_process_may_take_it_again_and_the_outer_one_keeps_it(tmp_path: Path):
    path = tmp_path / "build.lock"
    take = [sys.executable, "-c", HOLDER.replace("time.sleep(60)", ""), str(path)]
    with build_lock(path):
        with build_lock(path), build_lock(path):
            pass
        assert subprocess.run(take, capture_output=True, cwd=REPO, check=False).returncode == 1
    assert subprocess.run(take, capture_output=True, cwd=REPO, check=False).returncode == 0


def test_unreadable_note_of_the_holder_does_not_hide_the_message(tmp_path: Path):
    path = tmp_path / "build.lock"
    with held_by_another_process(path):
        path.write_text("{half")
        with pytest.raises(BusyError, match="another process"), build_lock(path):
            pass
