"""`python -m tests.internet`: all public services on this machine, for trying a live build without a network."""

import argparse
from datetime import datetime

from tests.internet.internet import serve

parser = argparse.ArgumentParser(description="Public services on the loopback interface; all numbers are simulated.")
parser.add_argument("--now", default="2017-06-01T02:00:00", help="moment (UTC) up to which the services know anything")
parser.add_argument("--port", type=int, default=8900, help="first of a dozen ports")
chosen = parser.parse_args()
serve(datetime.fromisoformat(chosen.now), chosen.port)
