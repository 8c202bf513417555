"""`python -m tests.internet.published_day DIR`: two live days, published; needs no network. On the second
services fail, and the SEC's contact has gone. The universe has one fund more than the project's.

A process of its own, because dbt and the environment it wants stay behind in one. The key comes from the environment,
as a user's does: dbt writes the arguments of the process into its artifacts.
"""

import os
import sys
from pathlib import Path

from dagster_project import steps
from dagster_project.build_log import build_log
from dagster_project.sources.live import universe
from tests.internet.another_fund import universe_with_it
from tests.internet.builds import FIRST_EVENING, extract, next_evening
from tests.internet.internet import Internet

FAULTS = {"ssga": "500", "treasury": "500", "fred_api": "429"}


def main(directory: Path, key: str) -> None:
    universe.FILE = universe_with_it(directory)
    with Internet(FIRST_EVENING) as internet:
        for turn, contact in ((1, "Tests tests@localhost"), (2, "")):
            settings = internet.settings(directory, fred_api_key=key, sec_contact=contact)
            settings.apply_child_environment()
            with build_log(settings.logs_dir, f"day {turn}", settings.secrets, terminal=False):
                sys.stdout.write(f"day {turn}: {extract(internet, settings, f'day {turn}')}\n")
                if turn == 2:
                    steps.transform(settings, f"day {turn}")
                    steps.publish(settings, steps.new_build_id(), clock=lambda: internet.market.now)
            internet.market.now = next_evening(FIRST_EVENING)
            internet.faults.update(FAULTS)


if __name__ == "__main__":
    main(Path(sys.argv[1]), os.environ["SMALLCAP_LIVE__FRED_API_KEY"])
