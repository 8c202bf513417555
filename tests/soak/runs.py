"""Runs as a team starts them: from an empty data directory the UI, then jobs through its API, beside the command line.

Launches `daily`, a backfill of 250 sessions over two years, and `publish` through GraphQL, on the sample, and takes
screenshots of what a person sees (docs/pictures/ui_*.png). The report counts runs and invocations of dbt, and gives
seconds. Needs Chromium for the pictures. `seed` and `cases` change nothing here.
"""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dagster_project.revision import git_revision
from tests.helpers import PROGRAM, REPO, clean_environment

REPORT = REPO / "docs" / "soak_runs.md"
PICTURES = REPO / "docs" / "pictures"
LAST_SESSIONS = {"since": "2016-05-31", "until": "2017-05-26"}
"""250 sessions."""
PATIENCE_SECONDS = 900
LAUNCH = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } } } }"""
ENDED = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status startTime endTime } } }"
LOADED = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"
SCREENS = {
    "lineage": "/asset-groups",
    "mart": "/assets/marts/relative_performance?view=overview",
    "checks": "/assets/raw/daily_bars?view=checks",
    "partitions": "/assets/raw/daily_bars?view=partitions",
}


class Ui:
    """A running `smallcap ui` and its API."""

    def __init__(self, data: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.data = data
        self.seconds_to_answer = 0.0
        self.location: dict[str, str] = {}

    @contextmanager
    def running(self) -> Iterator["Ui"]:
        begun = time.monotonic()
        process = subprocess.Popen(
            [PROGRAM, "ui", "--source", "sample", "--port", str(self.port)],
            env=clean_environment(SMALLCAP_DATA_DIR=self.data), cwd=REPO, start_new_session=True,
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
        while time.monotonic() - begun < PATIENCE_SECONDS:
            run = self.ask(ENDED, id=launched["run"]["runId"])["runOrError"]
            if run["status"] in ("SUCCESS", "FAILURE", "CANCELED"):
                return run["status"], time.monotonic() - begun, run["endTime"] - run["startTime"]
            time.sleep(0.5)
        raise TimeoutError(f"{job} did not end")

    def _nodes(self) -> list[dict[str, Any]]:
        try:
            return list(self.ask(LOADED)["repositoriesOrError"].get("nodes") or [])
        except OSError:
            return []


def invocations(data: Path) -> tuple[int, int]:
    """Runs of the instance, and how often one of them started the step that invokes dbt."""
    runs = [file for file in (data / "dagster_home" / "history" / "runs").glob("*.db") if file.stem != "index"]
    started = 0
    for file in runs:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as history:
            [(count,)] = history.execute(
                "select count(*) from event_logs where dagster_event_type = 'STEP_START' and step_key = 'dbt_models'"
            ).fetchall()
            started += count
    return len(runs), started


def take_pictures(port: int, directory: Path) -> None:
    """What a person sees, as PNG."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        for name, path in SCREENS.items():
            page.goto(f"http://127.0.0.1:{port}{path}")
            page.wait_for_timeout(15_000)
            if name == "lineage":
                page.get_by_text("marts", exact=True).last.dblclick()
                page.wait_for_timeout(5_000)
            page.screenshot(path=directory / f"ui_{name}.png")
        browser.close()


def campaign(seed: int, cases: int) -> bool:
    """All jobs once; writes the report and says whether every run succeeded."""
    scratch = Path(tempfile.mkdtemp(prefix="smallcap-runs-"))
    rows, is_good = [], True
    with Ui(scratch / "ui").running() as ui:
        for job, config in (
            ("daily", {}),
            ("backfill", {"resources": {"days": {"config": LAST_SESSIONS}}}),
            ("publish", {}),
        ):
            status, seconds, ran = ui.launch(job, config)
            is_good &= status == "SUCCESS"
            rows.append(f"| `{job}` through the UI's API and the daemon | {status} | {seconds:.0f} | {ran:.0f} |")
        if shutil.which("chromium"):
            take_pictures(ui.port, PICTURES)
    runs, started = invocations(scratch / "ui")
    for attempt in ("first", "second"):
        begun = time.monotonic()
        environment = clean_environment(SMALLCAP_DATA_DIR=scratch / "command_line")
        done = subprocess.run(
            [PROGRAM, "build", "--source", "sample", "--quiet"], env=environment, cwd=REPO, capture_output=True
        )
        is_good &= done.returncode == 0
        rows.append(
            f"| `smallcap build`, {attempt} in a data directory | exit {done.returncode} | "
            f"{time.monotonic() - begun:.0f} | |"
        )
    is_good &= (runs, started) == (3, 2)
    table = "\n".join(rows)
    text = f"""# Runs from an empty data directory

`make soak CAMPAIGN=runs`, revision {git_revision()}, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors,
load {os.getloadavg()[0]:.1f} at the end. The source is the simulated sample.

The UI answers with everything loaded {ui.seconds_to_answer:.0f} s after its start.
The backfill is of 250 sessions over two years ({LAST_SESSIONS["since"]} to {LAST_SESSIONS["until"]}).

| what | ended | seconds from launch to end | of them running |
|---|---|---|---|
{table}

Through the API: {runs} runs, {started} invocations of dbt. The sample asks no service; how many requests a backfill
costs is tested against the loopback services (`tests/integration/test_live.py`).
"""
    REPORT.write_text(text, encoding="utf-8")
    shutil.rmtree(scratch)
    return bool(is_good)
