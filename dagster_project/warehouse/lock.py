"""One writer at a time: the lock that a build holds from its first write to its end.

Belongs here: taking and giving back the lock file. It is an advisory lock of the operating system, so
it goes with the process however that ends.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from dagster_project.errors import BusyError

_held: dict[Path, int] = {}


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


def _holder(text: str) -> str:
    try:
        holder = json.loads(text)
        return f"process {holder['pid']} since {holder['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"
