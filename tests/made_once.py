"""Things that cost seconds, made once for all processes of a test run (pytest-xdist starts one per processor)."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from filelock import FileLock

T = TypeVar("T")


def shared_directory(factory: pytest.TempPathFactory, worker: str | None) -> Path:
    """The temporary directory that all processes of this run see; `worker` is the name of this one, if it has one."""
    base = factory.getbasetemp()
    return base.parent if worker else base


def made_once(directory: Path, make: Callable[[Path], T]) -> T:
    """What `make(directory)` gives, from whichever process came first; the others wait for it and read it."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    kept = directory.with_name(f"{directory.name}.pickle")
    with FileLock(directory.with_name(f"{directory.name}.lock")):
        if kept.exists():
            found: T = pickle.loads(kept.read_bytes())
            return found
        made = make(directory)
        kept.write_bytes(pickle.dumps(made))
        return made
