"""Superset for real: a home made twice, a person in a browser, attempts to break out, a new build while it runs.

    .venv/bin/python -m tests.soak.superset [--data-dir DIR] [--report docs/soak_superset.md]

Needs what `make superset` makes (`.venv-superset`), a published build below the data directory, and Chromium. Works on
a copy: the build as it was one session earlier is published first, the build itself while the server runs. Writes
nothing below the data directory. Not a part of the test suite: it takes minutes, and Superset is an optional extra.
"""

import argparse
import os
import re
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import yaml

from dagster_project.settings import load_settings
from dagster_project.warehouse.publish import switch
from tests.clients.test_sql_safety import HARMLESS, REFUSED
from tests.helpers import REPO, file_hashes

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

SUPERSET = REPO / "superset"
CHARTS = sorted(yaml.safe_load(file.read_text())["slice_name"] for file in (SUPERSET / "assets/charts").glob("*.yaml"))
DASHBOARD = "/superset/dashboard/smallcap-watch/"
WAIT_MS = 120_000
SEVERAL_AT_ONCE = 8

EARLIER = {
    "relative_performance": "session_date",
    "claims": "as_of_date",
    "signal_daily": "session_date",
    "relative_performance_horizons": "session_date",
}
"""Marts that lose their last session in the earlier build, and their day."""

CONNECTION_ATTEMPTS = """
import json, sys
sys.path.insert(0, sys.argv[1])
from bootstrap import application
answers = []
with application():
    from superset.extensions import db
    from superset.models.core import Database
    database = db.session.query(Database).one()
    for address in ("duckdb:///published/current/market.duckdb", "duckdb:///:memory:", "duckdb:////etc/passwd"):
        database.sqlalchemy_uri = address  # whatever an administrator enters, the connection is the same
        with database.get_raw_connection() as connection:
            cursor = connection.cursor()
            cursor.execute("select path, readonly from duckdb_databases() where not internal")
            answers.append([address, str(cursor.fetchall())])
    for sql in json.load(sys.stdin):
        with database.get_raw_connection() as connection:
            cursor = connection.cursor()
            try:
                cursor.execute(sql)
                answers.append([sql, str(cursor.fetchall())])
            except Exception as error:
                answers.append([sql, None])
    db.session.rollback()
print(json.dumps(answers))
"""
"""Runs in Superset's environment: attempts over its connection, past its own reading of SQL."""


@dataclass
class Soak:
    """What was found: one line per check, failed ones marked."""

    lines: list[str] = field(default_factory=list)
    failed: int = 0

    def check(self, holds: bool, says: str, seconds: float | None = None) -> None:
        self.failed += not holds
        mark = "passed" if holds else "FAILED"
        self.lines.append(f"| {mark} | {says} | {'' if seconds is None else f'{seconds:.1f}'} |")
        sys.stdout.write(self.lines[-1] + "\n")
        sys.stdout.flush()


def options_from(arguments: list[str] | None) -> argparse.Namespace:
    """Options of the command line; None: those that this process was started with."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-dir", type=Path, default=load_settings().data_dir)
    parser.add_argument("--python", type=Path, default=REPO / ".venv-superset/bin/python", help="Python with Superset")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--report", type=Path, help="file that the result is appended to")
    parser.add_argument("--screenshot", type=Path, help="where the dashboard's picture goes")
    return parser.parse_args(arguments)


def campaign(seed: int, cases: int) -> bool:
    """The run as it is, with its report: it draws nothing, so seed and number of cases change nothing."""
    return passes(options_from(["--report", str(REPO / "docs/soak_superset.md")]))


def passes(options: argparse.Namespace) -> bool:
    """Whether every check passed; appends to the report where one is wanted."""
    begun = time.monotonic()
    soak = Soak()
    with tempfile.TemporaryDirectory(prefix="superset-soak-") as directory:
        try:
            run(soak, Path(directory), options)
        except Exception as error:  # a report that says where it ended is worth more than none
            soak.check(False, f"ended by {type(error).__name__}: {' '.join(str(error).split())[:300]}")
    if options.report:
        append_report(options.report, soak, options.python, time.monotonic() - begun)
    return not soak.failed


def run(soak: Soak, data_dir: Path, options: argparse.Namespace) -> None:
    """All checks, on a copy of the build below `data_dir`."""
    earlier, later = two_builds(options.data_dir / "published" / "current" / "market.duckdb", data_dir)
    check_home(soak, options.python, data_dir)
    before = [file_hashes(data_dir / folder) for folder in ("builds", "wanted")]
    with someone_to_call() as (port, calls):
        check_connection(soak, options.python, data_dir, port)
        with server(options.python, data_dir) as address, browser(options.chromium) as context:
            page = context.new_page()
            watch = Watch(page, address)
            log_in(soak, page, address, (data_dir / "superset/admin_password").read_text(encoding="utf-8"))
            check_dashboard(soak, page, address, as_of(earlier))
            check_sql_lab(soak, page, address)
            ask = Asking(page, address)
            check_sql_lab_attempts(soak, ask, attempts(data_dir, port))
            check_many_at_once(soak, ask)
            switch(data_dir / "published" / "current", later)
            [[shown]] = ask.sql("select as_of_date from v_today")
            soak.check(shown == as_of(later), f"SQL Lab sees the new build without a restart: {shown}")
            check_dashboard(soak, page, address, as_of(later), options.screenshot)
            soak.check(
                not watch.left, f"no request left the machine; stopped by the page's policy: {watch.stopped_hosts}"
            )
            soak.check(not watch.errors, f"no error on the console of the browser {watch.errors[:3] or ''}")
        soak.check(not calls, "nobody was called over the network")
    after = [file_hashes(data_dir / folder) for folder in ("builds", "wanted")]
    soak.check(after == before, "both builds are unchanged to the byte, nothing beside them")


def two_builds(published: Path, data_dir: Path) -> tuple[Path, Path]:
    """Copies of the published build: as it was without its last session (made current), and as it is.

    With what the attempts want: a table and a view in both, a file and a database beside them.
    """
    builds = [data_dir / "builds" / name for name in ("1-earlier", "2-later")]
    for build in builds:
        build.mkdir(parents=True)
        shutil.copy(published, build / "market.duckdb")
    with duckdb.connect(str(builds[0] / "market.duckdb")) as connection:
        [(last,)] = connection.execute("select as_of_date from v_today").fetchall()
        for mart, day in EARLIER.items():
            connection.execute(f"delete from marts.{mart} where {day} >= ?", [last])
    for build in builds:
        with duckdb.connect(str(build / "market.duckdb")) as connection:
            connection.execute("create table marts.t as select i as x from range(1000) as r (i)")
            connection.execute("create view v_t as select * from marts.t")
    wanted = data_dir / "wanted"
    wanted.mkdir()
    (wanted / "private.csv").write_text("password\nhunter2\n")
    with duckdb.connect(str(wanted / "other.duckdb")) as connection:
        connection.execute("create table private as select 'hunter2' as password")
    switch(data_dir / "published" / "current", builds[0])
    return builds[0], builds[1]


def as_of(build: Path) -> str:
    with duckdb.connect(str(build / "market.duckdb"), read_only=True) as connection:
        [(day,)] = connection.execute("select as_of_date from v_today").fetchall()
    return str(day)


def check_home(soak: Soak, python: Path, data_dir: Path) -> None:
    """The home: made once, the same after a second time, secrets for the owner alone."""
    home = data_dir / "superset"
    seconds = prepare(python, data_dir)
    soak.check(True, "home made: tables, roles, administrator, assets", seconds)
    first = (dump(home), file_hashes(home))
    seconds = prepare(python, data_dir)
    soak.check((dump(home), file_hashes(home)) == first, "made again: every file the same to the byte", seconds)
    (home / "state.json").unlink()
    seconds = prepare(python, data_dir)
    now = dump(home)
    same = {table: rows for table, rows in now.items() if rows != first[0][table]}
    soak.check(
        not same, f"assets imported again: same rows in every table of things shown {sorted(same) or ''}", seconds
    )
    for name in ("secret_key", "admin_password"):
        mode = stat.S_IMODE((home / name).stat().st_mode)
        soak.check(mode == 0o600, f"{name} has mode {mode:o}")


def prepare(python: Path, data_dir: Path) -> float:
    """Run the bootstrap without the server; its seconds."""
    begun = time.monotonic()
    command = [python, SUPERSET / "bootstrap.py", "--data-dir", data_dir, "--only-prepare"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - begun


def dump(home: Path) -> dict[str, list[Any]]:
    """What people see in Superset, by table, without the columns that say when somebody touched it."""
    tables = (
        "dbs",
        "tables",
        "table_columns",
        "sql_metrics",
        "slices",
        "dashboards",
        "dashboard_slices",
        "ab_user",
        "ab_role",
    )
    found: dict[str, list[Any]] = {}
    with sqlite3.connect(home / "superset.db") as connection:
        connection.row_factory = sqlite3.Row
        for table in tables:
            rows = connection.execute(f"select * from {table}").fetchall()
            # Superset makes columns, metrics and the list of a dashboard's charts anew on import: under new numbers
            left_out = {"changed_on", "created_on", "last_saved_at"} | (
                set() if table in ("slices", "dashboards") else {"id"}
            )
            found[table] = sorted(str({key: row[key] for key in row.keys() if key not in left_out}) for row in rows)  # noqa: SIM118
    return found


def attempts(data_dir: Path, port: int) -> list[str]:
    """The attempts of the tests of `smallcap query`, at what `two_builds` laid out for them, and at Superset's home."""
    file = (data_dir / "published/current/market.duckdb").resolve()
    tried = [sql.format(file=file, folder=data_dir / "wanted", port=port) for sql in REFUSED]
    home = data_dir / "superset"
    return [*tried, f"attach '{home}/superset.db' as s (type sqlite)", f"from read_text('{home}/secret_key')"]


def check_connection(soak: Soak, python: Path, data_dir: Path, port: int) -> None:
    """Attempts over the connection itself."""
    tried = attempts(data_dir, port)
    asked = subprocess.run(
        [python, "-c", CONNECTION_ATTEMPTS, SUPERSET],
        input=yaml.safe_dump(tried + HARMLESS, default_flow_style=True, default_style='"', width=10**9),
        env={**os.environ, **environment(data_dir), "API_KEY_X": "hunter2"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if asked.returncode:
        soak.check(False, f"attempts over the connection: {asked.stderr[-500:]}")
        return
    answers = yaml.safe_load(asked.stdout.splitlines()[-1])
    addresses, answers = answers[:3], answers[3:]
    file = (data_dir / "published/current/market.duckdb").resolve()
    same = all(answer == f"[('{file}', True)]" for _, answer in addresses)
    soak.check(same, f"every address leads to the published file, read-only: {[address for address, _ in addresses]}")
    through = [sql for sql, answer in answers[: len(tried)] if answer is not None]
    soak.check(not through, f"{len(tried)} attempts over the connection refused {through or ''}")
    soak.check("hunter2" not in str(answers), f"{len(HARMLESS)} allowed statements show nothing of the process")


def check_sql_lab_attempts(soak: Soak, ask: "Asking", tried: list[str]) -> None:
    """The same attempts through the interface of SQL Lab."""
    begun = time.monotonic()
    through = [sql for sql in tried if ask.status(sql) < 400]
    soak.check(not through, f"{len(tried)} attempts through SQL Lab refused {through or ''}", time.monotonic() - begun)


def check_many_at_once(soak: Soak, ask: "Asking") -> None:
    """Charts and SQL Lab at the same time: one DuckDB instance serves all threads."""
    begun = time.monotonic()
    statuses = ask.many("select count(*) from marts.claims", SEVERAL_AT_ONCE)
    soak.check(
        statuses == [200] * SEVERAL_AT_ONCE, f"{SEVERAL_AT_ONCE} queries at once: {statuses}", time.monotonic() - begun
    )


def environment(data_dir: Path) -> dict[str, str]:
    return {
        "SMALLCAP_DATA_DIR": str(data_dir),
        "SUPERSET_HOME": str(data_dir / "superset"),
        "SUPERSET_CONFIG_PATH": str(SUPERSET / "superset_config.py"),
    }


@contextmanager
def server(python: Path, data_dir: Path) -> Iterator[str]:
    """Superset as `make superset` starts it, on a free port; ended by its own process id."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = data_dir / "server.log"
    command = [python, SUPERSET / "bootstrap.py", "--data-dir", data_dir, "--port", str(port)]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: answers(port), 120, f"the server; it said: {log.read_text()[-500:]}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def wait_for(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Raises TimeoutError when `holds` does not come true."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.2)


@contextmanager
def someone_to_call() -> Iterator[tuple[int, list[object]]]:
    """A port that an attempt could reach, and who called."""
    seen: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def listen() -> None:
            while True:
                try:
                    connection, caller = listening.accept()
                except OSError:
                    return
                seen.append(caller)
                connection.close()

        threading.Thread(target=listen, daemon=True).start()
        yield listening.getsockname()[1], seen


@contextmanager
def browser(chromium: str) -> "Iterator[BrowserContext]":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = running.new_context(viewport={"width": 1400, "height": 3000})
        context.set_default_timeout(WAIT_MS)
        try:
            yield context
        finally:
            running.close()


class Watch:
    """What the page asks of other machines, and its errors."""

    def __init__(self, page: "Page", address: str) -> None:
        self.left: list[str] = []
        self.stopped_hosts: set[str] = set()
        self.errors: list[str] = []
        self._address = address
        page.on("requestfailed", self._failed)
        page.on("response", lambda response: self._answered(response.url))
        page.on("console", self._said)

    def _is_ours(self, url: str) -> bool:
        return url.startswith((self._address, "data:", "blob:"))

    def _failed(self, request: Any) -> None:
        if self._is_ours(request.url):
            return
        if request.failure == "csp":
            self.stopped_hosts.add(request.url.split("/")[2])
        else:
            self.left.append(request.url)

    def _answered(self, url: str) -> None:
        if not self._is_ours(url):
            self.left.append(url)

    def _said(self, message: Any) -> None:
        # The table of SQL Lab's answers wants to evaluate strings, which Superset's own policy forbids as well.
        expected = "Content Security Policy" in message.text or message.text.startswith("AG Grid: error")
        if message.type == "error" and not expected:
            self.errors.append(message.text)


def log_in(soak: Soak, page: "Page", address: str, password: str) -> None:
    begun = time.monotonic()
    page.goto(f"{address}/login/")
    page.fill("#username, input[data-test=username-input]", "admin")
    page.fill("input[type=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("welcome"))
    soak.check(True, "logged in with the generated password", time.monotonic() - begun)


FILLED = """() => Object.fromEntries([...document.querySelectorAll('.chart-slice')].map(slice => {
    const lit = canvas => {
        const context = canvas.getContext('2d');
        const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
        let marked = 0;
        for (let i = 3; i < pixels.length; i += 4) marked += pixels[i] > 0;
        return marked;
    };
    const marks = [...slice.querySelectorAll('canvas')].reduce((sum, canvas) => sum + lit(canvas), 0);
    const rows = slice.querySelectorAll('tbody tr').length;
    const numbers = /[0-9]/.test(slice.querySelector('.header-line')?.innerText ?? '') ? 1 : 0;
    const faults = /No results|Data error|Error:|went wrong/.test(slice.innerText);
    return [slice.getAttribute('data-test-chart-name'), faults ? 0 : marks + rows + numbers];
}))"""
"""Every chart of the dashboard with what it shows: painted pixels, rows, or a number."""


def check_dashboard(soak: Soak, page: "Page", address: str, day: str, screenshot: Path | None = None) -> None:
    """Every chart has data and no error, and the day is the one of the current build."""
    begun = time.monotonic()
    page.goto(f"{address}{DASHBOARD}")
    filled: dict[str, int] = {}

    def complete() -> bool:
        filled.clear()
        filled.update(page.evaluate(FILLED))
        return sorted(filled) == CHARTS and all(filled.values())

    end = begun + WAIT_MS / 1000
    while not complete() and time.monotonic() < end:
        page.wait_for_timeout(250)
    seconds = time.monotonic() - begun
    empty = [name for name in CHARTS if not filled.get(name)]
    soak.check(
        not empty, f"dashboard: {len(CHARTS) - len(empty)} of {len(CHARTS)} charts with data {empty or ''}", seconds
    )
    shown = page.locator(".chart-slice", has_text="Day and build").inner_text()
    soak.check(day in shown, f"dashboard shows the day of the current build: {day}")
    if screenshot:
        page.wait_for_timeout(2000)  # charts move into place
        page.screenshot(path=screenshot)


def check_sql_lab(soak: Soak, page: "Page", address: str) -> None:
    """A query typed into SQL Lab shows its rows."""
    begun = time.monotonic()
    page.goto(f"{address}/sqllab/?dbid=1&name=soak&sql=select%2041%20%2B%20count(*)%20as%20answer%20from%20v_today")
    page.locator("button", has_text=re.compile(r"^\s*Run")).first.click()
    cell = page.get_by_text("42", exact=True)
    cell.first.wait_for()
    soak.check(True, "SQL Lab: a query in the editor shows its rows", time.monotonic() - begun)


class Asking:
    """SQL Lab's interface, called from the logged-in page."""

    def __init__(self, page: "Page", address: str) -> None:
        self._request = page.context.request
        self._address = address
        answer = self._request.get(f"{address}/api/v1/security/csrf_token/")
        self._headers = {"X-CSRFToken": answer.json()["result"], "Referer": address}
        self._cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}

    def _post(self, sql: str) -> Any:
        body = {"database_id": 1, "sql": sql, "client_id": os.urandom(5).hex(), "runAsync": False, "queryLimit": 10}
        return self._request.post(
            f"{self._address}/api/v1/sqllab/execute/", data=body, headers=self._headers, timeout=WAIT_MS
        )

    def status(self, sql: str) -> int:
        return int(self._post(sql).status)

    def sql(self, sql: str) -> list[list[str]]:
        answer = self._post(sql).json()
        return [[str(value) for value in row.values()] for row in answer["data"]]

    def many(self, sql: str, number: int) -> list[int]:
        """The statuses of `number` queries at once: from threads, for a page asks one after the other."""
        import json
        import urllib.error
        import urllib.request

        def one(_: int) -> int:
            body = {"database_id": 1, "sql": sql, "client_id": os.urandom(5).hex(), "runAsync": False}
            cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
            headers = {**self._headers, "Cookie": cookie, "Content-Type": "application/json"}
            url = f"{self._address}/api/v1/sqllab/execute/"
            try:
                with urllib.request.urlopen(
                    urllib.request.Request(url, json.dumps(body).encode(), headers), timeout=60
                ) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                return error.code

        with ThreadPoolExecutor(number) as pool:
            return list(pool.map(one, range(number)))


def said(command: list[str]) -> str:
    """What a command prints."""
    return subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False).stdout.strip()


def append_report(report: Path, soak: Soak, python: Path, seconds: float) -> None:
    """Append date, revision, versions and the lines of this run."""
    packages = ("apache-superset", "duckdb", "duckdb-engine")
    listed = f"import importlib.metadata as m; print(*(n + ' ' + m.version(n) for n in {packages}), sep=', ')"
    versions = said([str(python), "-c", listed])
    revision = said(["git", "describe", "--always", "--dirty"]) or "no revision"
    result = "passed" if not soak.failed else f"{soak.failed} checks FAILED"
    head = f"## {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {revision}: {result} in {seconds:.0f} s"
    text = "\n".join(
        ["", head, "", f"{versions}.", "", "| result | check | seconds |", "|---|---|---:|", *soak.lines, ""]
    )
    start = "" if report.exists() else "# Superset in a browser\n\nRuns of `tests/soak/superset.py`, newest last.\n"
    with report.open("a", encoding="utf-8") as opened:
        opened.write(start + text)


if __name__ == "__main__":
    sys.exit(not passes(options_from(None)))
