"""Many random cases of no look-ahead, and the report of them.

On the simulated sample, and on the real input where it is. Case i of a seed is the same in every run, so a run that was
stopped goes on where it was, and a larger CASES adds to it. Everything it writes is in data/soak/look_ahead; the report
is docs/soak_look_ahead.md. A case that failed goes into FAILED_BEFORE of tests/integration/test_no_look_ahead.py, or
into CASES of tests/golden/test_no_look_ahead.py.
"""

import hashlib
import json
import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import typer

from dagster_project.revision import git_revision
from dagster_project.settings import PROJECT_ROOT
from tests import look_ahead
from tests.helpers import PROGRAM, REAL_INBOX, clean_environment
from tests.look_ahead import KNOWN, Case, Result, days_to_cut, draw_case, marts_of, result_of, results

SOAK = PROJECT_ROOT / "data" / "soak" / "look_ahead"
REPORT = PROJECT_ROOT / "docs" / "soak_look_ahead.md"
REAL_PART = 0.25
"""Share of the cases that run on the real input, where there is one: one takes longer."""


@dataclass(frozen=True)
class Input:
    """A kind of input, and how many cases of it are wanted."""

    name: str
    arguments: tuple[object, ...]
    """Arguments of `smallcap build`."""
    warehouse_name: str
    cases: int

    @property
    def directory(self) -> Path:
        return SOAK / self.name

    @property
    def warehouse(self) -> Path:
        return self.directory / "data" / "warehouse" / self.warehouse_name

    @property
    def journal(self) -> Path:
        """One line of JSON per result."""
        return self.directory / "journal.jsonl"

    def build(self) -> None:
        """The untouched warehouse, unless it is there already."""
        if self.warehouse.exists():
            return
        say(f"{self.name}: building the untouched warehouse")
        done = subprocess.run(  # without a time limit: a busy machine is no fault
            [PROGRAM, "build", "--quiet", *map(str, self.arguments)],
            env=clean_environment(SMALLCAP_DATA_DIR=self.directory / "data"),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 3):  # 3: built, with remarks about the input
            self.warehouse.unlink(missing_ok=True)
            raise SystemExit(f"{self.name}: the build ended with {done.returncode}: {done.stderr[-3000:]}")

    def done(self) -> list[Result]:
        """Results that the journal has."""
        if not self.journal.exists():
            return []
        return [result_of(json.loads(line)) for line in self.journal.read_text(encoding="utf-8").splitlines()]

    def case_list(self, seed: int) -> list[Case]:
        days = days_to_cut(self.warehouse)
        return [draw_case(random.Random(f"{seed} {self.name} {number}"), days) for number in range(self.cases)]

    def run(self, seed: int) -> list[Result]:
        """Run what the journal lacks; all results wanted."""
        self.build()
        cases, finished = self.case_list(seed), self.done()
        with self.journal.open("a", encoding="utf-8") as journal:
            for result in results(self.warehouse, self.directory / "bench", cases[len(finished) :]):
                finished.append(result)
                journal.write(json.dumps(asdict(result), default=str) + "\n")
                journal.flush()
                seconds = f"{result.build_seconds + result.compare_seconds:.0f} s"
                verdict = "".join(f"\n      {fault}" for fault in result.faults) or " nothing changed"
                say(f"{self.name} {len(finished)} of {self.cases}, {seconds}: {result.case}:{verdict}")
        return finished[: self.cases]


def inputs(cases: int) -> list[Input]:
    """The sample, and the real input where it is."""
    real = round(cases * REAL_PART) if REAL_INBOX.is_dir() else 0
    found = [Input("sample", ("--source", "sample"), "simulated.duckdb", cases - real)]
    if real:
        found.append(Input("real", ("--source", "files", "--inbox", REAL_INBOX), "real.duckdb", real))
    return found


def fingerprint(seed: int) -> str:
    """Changes with the seed and with every file that a result depends on."""
    digest = hashlib.sha256(str(seed).encode())
    for folder in ("dagster_project", "dbt", "data/sample"):
        for path in sorted((PROJECT_ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".sql", ".yml", ".csv") and "target" not in path.parts:
                digest.update(path.read_bytes())
    for path in (Path(look_ahead.__file__), Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def begin(seed: int) -> None:
    """Forget the results of another seed or of other code."""
    mark = SOAK / "fingerprint"
    now = fingerprint(seed)
    if not mark.exists() or mark.read_text() != now:
        shutil.rmtree(SOAK, ignore_errors=True)
        SOAK.mkdir(parents=True)
        mark.write_text(now)


def report(seed: int, marts: list[str], found: dict[str, list[Result]]) -> str:
    """The results as a page."""
    everything = [result for results_of_input in found.values() for result in results_of_input]
    failed = [(name, result) for name, part in found.items() for result in part if result.faults]
    seconds = sum(result.build_seconds + result.compare_seconds for result in everything)
    verdict = (
        f"{len(failed)} of them changed something" if failed else "nothing known by the day changed in any of them"
    )
    lines = [
        "# Soak: no look-ahead",
        "",
        "Written by `make soak CAMPAIGN=look_ahead`; do not edit. Each case alters or removes the raw rows after a",
        "random day, in one, several or all tables, builds every model, and compares every mart but `claim_outcomes`",
        "with the untouched build, cell by cell, up to that day. What counts as known up to a day stands in",
        "`tests/look_ahead.py`.",
        "",
        f"**{len(everything)} cases: {verdict}.**",
        "",
        "| | |",
        "|---|---|",
        f"| seed | {seed} |",
        f"| revision | {git_revision() or 'unknown'} |",
        f"| date | {datetime.now(UTC):%Y-%m-%d} |",
        f"| time | {seconds / 60:.0f} minutes, {seconds / max(len(everything), 1):.0f} s a case |",
        f"| marts compared | {sum(bool(KNOWN[mart]) for mart in marts)} of {len(marts)} |",
        "",
        "| input | cases | failed | first day | last day | seconds to build | to compare |",
        "|---|---|---|---|---|---|---|",
        *(input_line(name, part) for name, part in found.items() if part),
        "",
        "| what was done to a table | times |",
        "|---|---|",
        *(f"| {what} | {times} |" for what, times in counted(operation for _, operation in changes(everything))),
        "",
        "| raw table | times changed |",
        "|---|---|",
        *(f"| {table} | {times} |" for table, times in counted(table for table, _ in changes(everything))),
    ]
    if failed:
        lines += ["", "## Failed", ""]
        for name, result in failed:
            lines += [f"- {name}: `{result.case!r}`", *(f"  - {fault}" for fault in result.faults)]
    return "\n".join(lines) + "\n"


def input_line(name: str, part: list[Result]) -> str:
    days = [result.case.day for result in part]
    failed = sum(bool(result.faults) for result in part)
    build = sum(result.build_seconds for result in part) / len(part)
    compare = sum(result.compare_seconds for result in part) / len(part)
    return f"| {name} | {len(part)} | {failed} | {min(days)} | {max(days)} | {build:.1f} | {compare:.1f} |"


def changes(found: Iterable[Result]) -> list[tuple[str, str]]:
    return [change for result in found for change in result.case.changes]


def counted(names: Iterable[str]) -> list[tuple[str, int]]:
    return sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0]))


def say(text: str) -> None:
    typer.echo(f"{time.strftime('%H:%M:%S')} {text}")


def campaign(seed: int, cases: int) -> bool:
    """Run the cases and write the report; whether nothing known has changed in any of them."""
    begin(seed)
    kinds = inputs(cases)
    found = {kind.name: kind.run(seed) for kind in kinds}
    with duckdb.connect(str(kinds[0].warehouse), read_only=True) as connection:
        marts = marts_of(connection, kinds[0].warehouse.stem)
    REPORT.write_text(report(seed, marts, found), encoding="utf-8")
    failed = sum(bool(result.faults) for part in found.values() for result in part)
    say(f"{sum(map(len, found.values()))} cases, {failed} failed; {REPORT.relative_to(PROJECT_ROOT)}")
    return not failed
