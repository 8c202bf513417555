"""One measured figure, and measuring a process: what every bench prints and `tests.bench` collects."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from dagster_project.settings import PROJECT_ROOT


@dataclass(frozen=True)
class Figure:
    """Cost of one thing: medians, and the range where it was measured several times."""

    name: str
    seconds: float
    cpu_seconds: float | None = None
    peak_mib: float | None = None
    rows: int | None = None
    ratio: float | None = None
    ratio_of: str = ""
    range_seconds: tuple[float, float] | None = None
    note: str = ""

    def line(self) -> str:
        """As one line of JSON."""
        return json.dumps(asdict(self))


def of_process(name: str, command: Sequence[str], environment: Mapping[str, str]) -> Figure:
    """Run a command to its end; the figures are those of its process tree. Raises when it fails."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, env=dict(environment), cwd=PROJECT_ROOT, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 3):
            output.seek(0)
            raise RuntimeError(f"{name} ended with {process.returncode}: {output.read()[-2000:].decode()}")
    return Figure(name, time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def middle(found: Sequence[Figure]) -> Figure:
    """Medians of several measurements of one thing, the highest peak, and the range of the seconds."""
    seconds = [one.seconds for one in found]
    cpu = [one.cpu_seconds for one in found if one.cpu_seconds is not None]
    peaks = [one.peak_mib for one in found if one.peak_mib is not None]
    return Figure(
        found[0].name, median(seconds), median(cpu) if cpu else None, max(peaks, default=None), found[0].rows,
        range_seconds=(min(seconds), max(seconds)), note=found[0].note,
    )  # fmt: skip
