"""One writer at a time: the lock that a build holds from its first write to its end.

Belongs here: taking and giving back the lock file. It is an advisory lock of the operating system, so
it goes with the process however that ends.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from dagster_project.errors import BusyError

_held: dict[Path, int] = {}
_until_exit = ExitStack()


@contextmanager
def build_lock(path: Path) -> Iterator[None]:
    """Hold the lock; steps of the same process may take it again.

    Raises:
        BusyError: another process holds it; the message names the process and since when.
    """
    if path in _held:
        _held[path] += 1
        try:
            yield
        finally:
            _held[path] -= 1
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise BusyError(
                f"Another build is running ({_holder(file.read())}). Wait for it to end; the lock goes with its "
                "process. The published build stays readable."
            ) from error
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "since": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"}))
        file.flush()
        _held[path] = 1
        try:
            yield
        finally:
            del _held[path]
            file.truncate(0)
            fcntl.flock(file, fcntl.LOCK_UN)


def hold_until_exit(path: Path, patience_seconds: float) -> None:
    """Hold the lock until this process ends, waiting for another build to finish; a no-op where it is held.

    Raises:
        BusyError: it was not free within `patience_seconds`.
    """
    if path in _held:
        return
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            _until_exit.enter_context(build_lock(path))
            return
        except BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def _holder(text: str) -> str:
    try:
        holder = json.loads(text)
        return f"process {holder['pid']} since {holder['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"
