"""`smallcap-internet`: all public services on this machine, for trying a live build without a network."""

import argparse
import signal
import tempfile
from datetime import datetime
from pathlib import Path

from tests.internet.builds import FIRST_EVENING, build_evenings
from tests.internet.internet import FAULTS, Internet
from tests.internet.services import SERVICES


def fault(text: str) -> tuple[str, str]:
    """`ssga=500`."""
    service, _, kind = text.partition("=")
    if service not in SERVICES or kind not in FAULTS:
        raise argparse.ArgumentTypeError(
            f"expected SERVICE=FAULT with one of {', '.join(SERVICES)} and one of {', '.join(FAULTS)}, found {text!r}"
        )
    return service, kind


parser = argparse.ArgumentParser(
    prog="smallcap-internet",
    description="All public services on the loopback interface. Every number is SIMULATED.",
    epilog="Without --builds the services run until Ctrl-C, and the lines printed point a build at them.",
)
parser.add_argument(
    "--now", type=datetime.fromisoformat, default=FIRST_EVENING,
    help=f"moment (UTC) up to which the services know anything; default {FIRST_EVENING:%Y-%m-%dT%H:%M}, at most 2017",
)  # fmt: skip
parser.add_argument("--port", type=int, default=8900, help="first of a dozen ports; default 8900")
parser.add_argument("--data-dir", type=Path, help="data directory of the builds; default a new temporary one")
parser.add_argument(
    "--builds", type=int, metavar="N", help="build N evenings from --now on, print what each asked, end"
)
parser.add_argument("--fault", type=fault, action="append", default=[], metavar="SERVICE=FAULT",
                    help=f"how a service fails: one of {', '.join(FAULTS)}; may be repeated")  # fmt: skip
chosen = parser.parse_args()

for ending in (signal.SIGINT, signal.SIGTERM):  # a shell in the background makes its children deaf to the first
    signal.signal(ending, signal.default_int_handler)
directory = chosen.data_dir or Path(tempfile.mkdtemp(prefix="smallcap-internet-"))
with Internet(chosen.now, chosen.port) as internet:
    internet.faults.update(chosen.fault)
    try:
        if chosen.builds:
            build_evenings(internet, directory.resolve(), chosen.builds)
        else:
            print("# Lines for .env, or for a shell (`set -a`, these lines, `set +a`). A build calls these simulated")
            print("# numbers real, so it gets a data directory of its own. The services know nothing after")
            print(f"# {internet.market.now} UTC: a build by the clock of this machine finds them stale.")
            for name, value in internet.environment(directory.resolve()).items():
                print(f"{name}='{value}'")
            print("# Then: smallcap doctor --network; smallcap build. Ctrl-C ends the services.", flush=True)
            internet.services["yahoo"].stopping.wait()
    except KeyboardInterrupt:
        print("# ended")
