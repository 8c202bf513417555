"""Runs as a team starts them: from an empty data directory the UI, then jobs through its API, beside the command line.

Launches `daily`, a backfill of 250 sessions over two years, and `publish` through GraphQL, against the simulated
services of `tests/internet`, and counts runs, requests, payloads and invocations of dbt. Then files with a planted
fault come into an inbox: the sensor starts `daily` once, a blocking check stops it, one alert arrives. Takes pictures
of what a person sees (docs/pictures/ui_*.png) where there is Chromium. `seed` and `cases` change nothing here.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dagster_project.revision import git_revision
from tests import market
from tests.helpers import PROGRAM, REPO, clean_environment
from tests.internet.internet import Internet
from tests.receiver import Receiver
from tests.ui_pictures import OF_A_BUILD, OF_A_FAULT, take_pictures

REPORT = REPO / "docs" / "soak_runs.md"
LAST_SESSIONS = {"since": "2016-05-31", "until": "2017-05-26"}
"""250 sessions."""
SPIKE = ("^RUT", "2016-06-15", 1.3)
"""A close of the headline index that is 30 % too high, and is back the next day: blocks."""
PATIENCE_SECONDS = 1800
PUBLISHED_WITH_GAPS = 3
"""The simulated exchange ends in 2017: Yahoo's symbols of the contracts that trade today are answered with 404."""
LAUNCH = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } } } }"""
ENDED = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status startTime endTime } } }"
RUNS = "{ runsOrError { ... on Runs { results { runId jobName status stepStats { stepKey } } } } }"
LOADED = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"
SWITCH_ON = "mutation($s: SensorSelector!) { startSensor(sensorSelector: $s) { __typename } }"


class Ui:
    """A running `smallcap ui` and its API."""

    def __init__(self, environment: dict[str, str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.environment = environment
        self.seconds_to_answer = 0.0
        self.location: dict[str, str] = {}

    @contextmanager
    def running(self) -> Iterator["Ui"]:
        begun = time.monotonic()
        process = subprocess.Popen(
            [PROGRAM, "ui", "--port", str(self.port)],
            env=self.environment, cwd=REPO, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while not (nodes := self._nodes()):
                if time.monotonic() - begun > PATIENCE_SECONDS or process.poll() is not None:
                    raise TimeoutError("the UI did not come up")
                time.sleep(0.5)
            self.seconds_to_answer = time.monotonic() - begun
            name, location = nodes[0]["name"], nodes[0]["location"]["name"]
            self.location = {"repositoryName": name, "repositoryLocationName": location}
            yield self
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        address = f"http://127.0.0.1:{self.port}/graphql"
        request = urllib.request.Request(address, body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            told: dict[str, Any] = json.load(answer)["data"]
        return told

    def launch(self, job: str, config: dict[str, Any]) -> tuple[str, float, float]:
        """Status of the run, seconds from launch to its end, seconds of these that it ran."""
        begun = time.monotonic()
        asked = {"selector": self.location | {"jobName": job}, "runConfigData": config}
        launched = self.ask(LAUNCH, p=asked)["launchRun"]
        if launched["__typename"] != "LaunchRunSuccess":
            raise RuntimeError(f"{job} was not launched: {launched}")
        run = self.wait_for(launched["run"]["runId"])
        return run["status"], time.monotonic() - begun, run["endTime"] - run["startTime"]

    def wait_for(self, run_id: str) -> dict[str, Any]:
        """The run once it has ended."""
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE_SECONDS:
            run: dict[str, Any] = self.ask(ENDED, id=run_id)["runOrError"]
            if run["status"] in ("SUCCESS", "FAILURE", "CANCELED"):
                return run
            time.sleep(0.5)
        raise TimeoutError(f"run {run_id} did not end")

    def runs(self) -> list[dict[str, Any]]:
        """Every run, the last one first."""
        found: list[dict[str, Any]] = self.ask(RUNS)["runsOrError"]["results"]
        return found

    def _nodes(self) -> list[dict[str, Any]]:
        try:
            return list(self.ask(LOADED)["repositoriesOrError"].get("nodes") or [])
        except OSError:
            return []


def dbt_invocations(runs: list[dict[str, Any]]) -> int:
    """How often a run started the step that invokes dbt."""
    return sum(step["stepKey"] == "dbt_models" for run in runs for step in run["stepStats"])


def payloads(data: Path) -> int:
    """Entries of the archive's ledger."""
    ledgers = (data / "archive").glob("*/ledger.jsonl")
    return sum(len(ledger.read_text(encoding="utf-8").splitlines()) for ledger in ledgers)


def jobs_through_the_api(internet: Internet, data: Path) -> tuple[list[str], list[str], bool]:
    """Rows of the report, sentences, and whether all succeeded."""
    rows, before, is_good = [], 0, True
    with Ui(clean_environment(**internet.environment(data))).running() as ui:
        for job, config in (
            ("daily", {}),
            ("backfill", {"resources": {"days": {"config": LAST_SESSIONS}}}),
            ("publish", {}),
        ):
            status, seconds, ran = ui.launch(job, config)
            is_good &= status == "SUCCESS"
            asked, entries = sum(internet.requests().values()), payloads(data)
            rows.append(
                f"| `{job}` through the UI's API and the daemon | {status} | {seconds:.0f} | {ran:.0f} | {asked} | "
                f"{entries - before} |"
            )
            before = entries
        runs = ui.runs()
        take_pictures(ui.port, OF_A_BUILD)
    told = [
        f"The UI answers with everything loaded {ui.seconds_to_answer:.0f} s after its start.",
        f"Through the API: {len(runs)} runs, {dbt_invocations(runs)} invocations of dbt.",
    ]
    return rows, told, is_good and (len(runs), dbt_invocations(runs)) == (3, 2)


def command_line(internet: Internet, data: Path) -> tuple[str, bool]:
    """Row of the report, and whether the build was published."""
    begun = time.monotonic()
    environment = clean_environment(**internet.environment(data))
    done = subprocess.run([PROGRAM, "build", "--quiet"], env=environment, cwd=REPO, capture_output=True)
    seconds, asked = time.monotonic() - begun, sum(internet.requests().values())
    row = f"| `smallcap build`, of a data directory of its own | exit {done.returncode} | {seconds:.0f} | | {asked} | "
    return row + f"{payloads(data)} |", done.returncode == PUBLISHED_WITH_GAPS


def fault_in_the_inbox(directory: Path) -> tuple[str, bool]:
    """What the sensors made of a faulty delivery in words, and whether that is right."""
    inbox, receiver = directory / "inbox", Receiver()
    inbox.mkdir(parents=True)
    environment = clean_environment(
        SMALLCAP_DATA_DIR=directory / "data", SMALLCAP_SOURCE="files", SMALLCAP_INBOX=inbox,
        SMALLCAP_ALERT_WEBHOOK=receiver.address,
    )  # fmt: skip
    with Ui(environment).running() as ui:
        ui.ask(SWITCH_ON, s=ui.location | {"sensorName": "inbox"})
        symbol, day, factor = SPIKE
        bars = market.bars()
        bars.loc[(bars["symbol"] == symbol) & (bars["session_date"] == day), ["high", "close"]] *= factor
        market.deliver(inbox, bars)
        begun = time.monotonic()
        while not (runs := ui.runs()) and time.monotonic() - begun < PATIENCE_SECONDS:
            time.sleep(1)
        noticed = time.monotonic() - begun
        ui.wait_for(runs[0]["runId"])
        while not receiver.got and time.monotonic() - begun < PATIENCE_SECONDS:
            time.sleep(1)
        time.sleep(90)  # three ticks more of the sensors: neither a second run nor a second alert
        runs = ui.runs()
        take_pictures(ui.port, OF_A_FAULT)
    receiver.server.shutdown()
    is_good = [(run["jobName"], run["status"]) for run in runs] == [("daily", "FAILURE")] and len(receiver.got) == 1
    is_good &= "blocking check prices_jump failed on 2 rows" in receiver.got[0]["text"]
    alert = "\n".join(f"> {line}" for line in receiver.got[0]["text"].strip().splitlines())
    return (
        f"A file with a close of {symbol} that is 30 % too high came into the inbox: its sensor started `daily` after "
        f"{noticed:.0f} s, once (it waits 20 s for a file to be quiet and looks every 30). A blocking check ended the "
        f"run, and {len(receiver.got)} alert came to the webhook:\n\n{alert}\n"
    ), is_good


def campaign(seed: int, cases: int) -> bool:
    """All of it once; writes the report and says whether everything held."""
    scratch = Path(tempfile.mkdtemp(prefix="smallcap-runs-"))
    # The services know everything up to the last midnight: a day's end that a build may ask for.
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    with Internet(midnight - timedelta(seconds=1)) as internet:
        rows, told, is_good = jobs_through_the_api(internet, scratch / "ui")
        row, is_good_too = command_line(internet, scratch / "command_line")
    story, is_told = fault_in_the_inbox(scratch / "faulty")
    table, sentences = "\n".join([*rows, row]), "\n".join(told)
    text = f"""# Runs from an empty data directory

Written by `make soak CAMPAIGN=runs`; do not edit. Revision {git_revision()}, {datetime.now(UTC):%Y-%m-%d},
{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the end (other work on the machine stretches the seconds).
The services are those of `tests/internet` on this machine; every number of theirs is simulated. Their exchange ends in
2017, so the futures that trade today are asked for in vain: builds publish and end with {PUBLISHED_WITH_GAPS}.

{sentences} The backfill is of 250 sessions over two
years ({LAST_SESSIONS["since"]} to {LAST_SESSIONS["until"]}).

| what | ended | seconds from launch to end | of them running | requests | payloads archived |
|---|---|---|---|---|---|
{table}

## A fault in the inbox

{story}
What a person sees of all this: [pictures of the UI](deploy.md#what-the-ui-shows).
"""
    REPORT.write_text(text, encoding="utf-8")
    shutil.rmtree(scratch)
    return bool(is_good and is_good_too and is_told)
