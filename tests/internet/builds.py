"""Live builds against the loopback internet on evenings of its own, published; needs no network.

The program builds by the clock of the machine, and the simulation ends in 2017: so these call its steps.
"""

import time
from datetime import datetime, timedelta
from pathlib import Path

from dagster_project import steps
from dagster_project.build_log import build_log
from dagster_project.checks.freshness import last_closed_session
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.settings import Settings
from tests.internet.internet import BY_HAND, Internet

FIRST_EVENING = datetime(2017, 5, 31, 22, 30)
"""18:30 in New York, when the schedule builds."""


def build_evenings(internet: Internet, directory: Path, evenings: int) -> None:
    """Build and publish this many evenings of sessions in turn; prints what each asked, and how it ended."""
    settings = internet.settings(directory, **BY_HAND).model_copy(update={"data_dir": directory})
    settings.apply_child_environment()
    for number in range(evenings):
        if number:
            internet.market.now = next_evening(internet.market.now)
        build_id = steps.new_build_id()
        with build_log(settings.logs_dir, build_id, settings.secrets, terminal=True) as log:
            extracted = extract(internet, settings, build_id)
            begun = time.monotonic()
            steps.transform(settings, build_id)
            build = steps.publish(settings, build_id, clock=lambda: internet.market.now)
        manifest = steps.read_build_manifest(build)
        print(
            f"build {number + 1}, {internet.market.now} UTC: {extracted}; {time.monotonic() - begun:.1f} s to publish"
        )
        print("  " + ", ".join(f"{row['domain']} {row['status']}" for row in manifest["freshness"]))
        for problem in manifest["problems"]:
            print(f"  {problem}")
        print(f"  log {log}", flush=True)
    print(f"Read it: SMALLCAP_DATA_DIR={settings.data_dir} smallcap brief")


def extract(internet: Internet, settings: Settings, build_id: str) -> str:
    """Bring every raw table up to date; requests and seconds in words."""
    internet.requests()
    begun = time.monotonic()
    for contract in CONTRACTS.values():
        steps.extract(settings, contract, build_id, clock=lambda: internet.market.now)
    seconds, asked = time.monotonic() - begun, internet.requests()
    each = ", ".join(f"{name} {count}" for name, count in asked.items())
    return f"{sum(asked.values())} requests in {seconds:.1f} s ({each})"


def next_evening(now: datetime) -> datetime:
    """The same time of the day of the next session."""
    later = now + timedelta(days=1)
    while last_closed_session(later) != later.date():
        later += timedelta(days=1)
    return later
