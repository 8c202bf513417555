"""`python -m tests.internet.published_day DIR`: two live days with faults on the second, published; needs no network.

A process of its own, because dbt and the environment it wants stay behind in one. The key comes from the environment,
as a user's does: dbt writes the arguments of the process into its artifacts.
"""

import os
import sys
from datetime import datetime
from pathlib import Path

from dagster_project import steps
from dagster_project.build_log import build_log
from dagster_project.contracts.tables import CONTRACTS
from tests.internet.internet import Internet

FIRST, SECOND = datetime(2017, 5, 31, 22, 30), datetime(2017, 6, 1, 22, 30)
FAULTS = {"ssga": "500", "treasury": "500", "fred_api": "429"}


def main(directory: Path, key: str) -> None:
    with Internet(FIRST) as internet:
        settings = internet.settings(directory, fred_api_key=key, sec_contact="")
        settings.apply_child_environment()
        with build_log(settings.logs_dir, "days", settings.secrets, terminal=False):
            for turn, day in enumerate((FIRST, SECOND)):
                internet.market.now = day
                internet.faults.update(FAULTS if turn else {})
                for contract in CONTRACTS.values():
                    steps.extract(settings, contract, f"day {turn}", clock=lambda: internet.market.now)
                sys.stdout.write(f"requests of day {turn + 1}: {internet.requests()}\n")
            steps.transform(settings, "day 1")
            steps.publish(settings, steps.new_build_id(), clock=lambda: internet.market.now)


if __name__ == "__main__":
    main(Path(sys.argv[1]), os.environ["SMALLCAP_LIVE__FRED_API_KEY"])
