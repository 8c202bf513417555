"""Python loads this by itself in a process that has its folder on PYTHONPATH: the program starts at another moment.

The simulation ends in 2017 and the program goes by the clock of the machine. TEST_CLOCK: the moment at which it starts,
naive UTC in ISO 8601. Its one function of the time is changed where it stands, since others hold it as a default; the
names of runs and locks keep to the true time.
"""

import os

if moment := os.environ.get("TEST_CLOCK"):
    from datetime import UTC, datetime

    from dagster_project.warehouse import archive

    def shifted() -> object:
        return datetime.now(UTC).replace(tzinfo=None) - SHIFT  # type: ignore[name-defined] # noqa: F821

    archive.SHIFT = datetime.now(UTC).replace(tzinfo=None) - datetime.fromisoformat(moment)  # type: ignore[attr-defined]
    archive.utc_now.__code__ = shifted.__code__
