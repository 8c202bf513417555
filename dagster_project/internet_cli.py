"""The `smallcap-internet` command: all public services on this machine, simulated, from a checkout.

Belongs here: starting `tests/internet`, which the tests of the live source run against.
Does not belong here: any service. They are test code, so an installation without a checkout has none of it.
"""

import runpy
import sys

from dagster_project.settings import PROJECT_ROOT


def main() -> None:
    """Run `tests/internet` with the arguments of the command line."""
    if not (PROJECT_ROOT / "tests" / "internet").is_dir():
        sys.exit(f"smallcap-internet: the simulated services are in the tests of a checkout; {PROJECT_ROOT} has none.")
    sys.path.insert(0, str(PROJECT_ROOT))
    runpy.run_module("tests.internet", run_name="__main__")
