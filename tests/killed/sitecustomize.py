"""Python loads this by itself in a process that has its folder on PYTHONPATH: kills the process at a chosen moment.

Belongs here: `kill -9` of oneself, before a change of the file system or after CPU seconds, and the journal of the
changes. Standard library alone; whoever imports this in another way gets nothing (tests/kills.py sets the variables).

KILL_BELOW: directory whose changes count. KILL_JOURNAL: file that gets one line per change. KILL_CHANGE: kill at the
first change of this name (a file that is opened to be written anew is opened, and empty, then). KILL_CPU_SECONDS: kill
when the process has used so many. What DuckDB and SQLite write is no change here: they do not ask Python.
"""

import os
import re
import signal
import sys
import threading
import time

NAMES = (
    (re.compile(r"\d{8}T\d{9}Z"), "BUILD"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "RUN"),
    (re.compile(r"compute_logs/[a-z]+"), "compute_logs/STEP"),
    (re.compile(r"[0-9a-f]{64}"), "HASH"),
)
"""What differs from run to run, and the word that stands for it in the name of a change."""
MOVES = {"os.rename": "rename", "os.link": "link", "os.symlink": "link"}
CHANGES = {"os.mkdir": "mkdir", "os.remove": "remove", "os.rmdir": "rmdir", "os.truncate": "truncate",
           "shutil.rmtree": "rmtree"}  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR


def begin() -> None:
    below = os.path.realpath(os.environ["KILL_BELOW"]) + os.sep
    wanted = os.environ.get("KILL_CHANGE")
    journal = os.open(os.environ["KILL_JOURNAL"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    seen: set[str] = set()

    def name_of(path: object) -> str | None:
        """Path below the directory with words for what differs from run to run; None for any other path."""
        if not isinstance(path, str | bytes | os.PathLike):
            return None  # a descriptor
        name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - a link is changed itself, not what it points to
        if not name.startswith(below):
            return None
        return word_for(name.removeprefix(below))

    def changed(event: str, arguments: tuple) -> str | None:
        if event == "open":
            path, _, flags = arguments
            name = name_of(path) if flags & WRITING else None
            return name and f"{'write' if flags & os.O_TRUNC else 'open'} {name}"
        if event in MOVES:
            name = name_of(arguments[1])
            return name and f"{MOVES[event]} to {name}"
        if event in CHANGES:
            name = name_of(arguments[0])
            return name and f"{CHANGES[event]} {name}"
        return None

    def hook(event: str, arguments: tuple) -> None:
        change = changed(event, arguments)
        if change is None or change in seen:
            return
        seen.add(change)
        os.write(journal, f"{time.process_time():.2f} {change}\n".encode())
        if change == wanted:
            if change.startswith("write "):
                os.close(os.open(arguments[0], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644))
            die()

    sys.addaudithook(hook)
    if "KILL_CPU_SECONDS" in os.environ:
        threading.Thread(target=wait, args=(float(os.environ["KILL_CPU_SECONDS"]),), daemon=True).start()


def word_for(name: str) -> str:
    """The name with words for what differs from run to run."""
    for pattern, word in NAMES:
        name = pattern.sub(word, name)
    return name


def wait(cpu_seconds: float) -> None:
    while time.process_time() < cpu_seconds:
        time.sleep(0.005)
    die()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if "KILL_BELOW" in os.environ:
    begin()
