"""Builds that are killed: what must hold while they run, when they are dead, and after the next build.

Belongs here: one case (`Workbench.run`), the moments it may choose from, the comparison with an undisturbed build.
tests/integration/test_kills.py runs a fixed case, tests/soak/kills.py many random ones.

A case puts a data directory back to a start, kills one build after another with SIGKILL, each at its moment, and then
lets a build run to its end. A reader looks at the published build all the time. The last build must end with 0 and
leave what an undisturbed build of the same input leaves: raw, quarantine, the log of payloads and all marts, cell by
cell, and files of the same names. Only instants of building may differ: `observed_at` in raw and `ops.payload_log`, an
`available_at` that is the row's own `observed_at`, and, in names, the identifiers of builds and runs. What may stay
is the history of the killed run in Dagster, with SQLite's own journals beside it, and a log.
"""

import json
import random
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.warehouse.archive import Archive
from tests import market
from tests.helpers import HANGS_AFTER_SECONDS, PROGRAM, REPO, clean_environment
from tests.killed.sitecustomize import word_for
from tests.published_reader import Seen, reading, tables_of

KILLED = REPO / "tests" / "killed"
WRITER_POOL = "warehouse_writer"
SIGKILL_CODE = -9
SQLITE_JOURNALS = (".db-wal", ".db-shm")
"""They hold a part of the history of a killed run until somebody opens it."""


@dataclass(frozen=True)
class Moment:
    """When a build is killed: after a share of the CPU seconds of an undisturbed one, or at a change of its files."""

    cpu_seconds: float = 0
    change: str = ""

    def __str__(self) -> str:
        return self.change or f"{self.cpu_seconds:.2f} CPU seconds"

    @property
    def variables(self) -> dict[str, object]:
        return {"KILL_CHANGE": self.change} if self.change else {"KILL_CPU_SECONDS": self.cpu_seconds}


@dataclass(frozen=True)
class Case:
    """A start, and the moments at which builds are killed one after the other."""

    start: str
    moments: tuple[Moment, ...]


@dataclass(frozen=True)
class Death:
    """Where a build was when it was killed."""

    moment: str
    phase: str
    last_change: str


@dataclass(frozen=True)
class Result:
    """What became of a case: `faults` is empty when everything held."""

    case: Case
    deaths: tuple[Death, ...]
    looks: int
    """How often the reader looked at a published build."""
    faults: tuple[str, ...]
    seconds: float


PHASES = (
    ("start", ""),
    ("Dagster's run", "dagster_home/"),
    ("extraction", "dagster_home/storage/RUN/compute_logs"),
    ("dbt", "dbt_target/real/run"),
    ("publishing", "builds/.BUILD.partial"),
    ("switch", "builds/BUILD"),
    ("end", "published/current"),
)
"""Phases of a build in order, each with the start of the path whose change begins it."""


def phase_of(changes: Sequence[str]) -> str:
    """The last phase of which a change was made."""
    paths = [change.split(" to ")[-1].split(" ", 1)[-1] for change in changes]
    return [name for name, begins in PHASES if not begins or any(path.startswith(begins) for path in paths)][-1]


@dataclass(frozen=True)
class Untouched:
    """What an undisturbed build left in a data directory, and when it changed which file."""

    data: Path
    changes: tuple[tuple[float, str], ...]
    """CPU seconds and name of each change, in order."""

    def draw_moment(self, draw: random.Random) -> Moment:
        """Half of the moments by the clock, half at a change; every folder is as likely as another."""
        if draw.random() < 0.5:
            return Moment(cpu_seconds=round(draw.uniform(0, self.changes[-1][0]), 2))
        folders: dict[str, list[str]] = {}
        for _, change in self.changes:
            folders.setdefault(change.split(" to ")[-1].split(" ", 1)[-1].split("/")[0], []).append(change)
        return Moment(change=draw.choice(folders[draw.choice(sorted(folders))]))


def read_journal(file: Path) -> tuple[tuple[float, str], ...]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return tuple((float(seconds), change) for seconds, change in (line.split(" ", 1) for line in lines))


class Bench:
    """One data directory at a fixed place (dbt parses anew when its place changes) and builds in it."""

    def __init__(self, directory: Path) -> None:
        self.data = directory / "data"
        self.inbox = directory / "inbox"
        self.journal = directory / "journal.txt"

    def build(self, moment: Moment | None = None) -> subprocess.CompletedProcess[str]:
        """Run a build, to its end or to a moment."""
        self.journal.unlink(missing_ok=True)
        return subprocess.run(
            [PROGRAM, "build", "--quiet", "--source", "files", "--inbox", str(self.inbox)],
            env=clean_environment(
                SMALLCAP_DATA_DIR=self.data, PYTHONPATH=KILLED, KILL_BELOW=self.data, KILL_JOURNAL=self.journal,
                **(moment.variables if moment else {}),
            ),
            capture_output=True, text=True, check=False, timeout=HANGS_AFTER_SECONDS, cwd=REPO,
        )  # fmt: skip

    def build_untouched(self, keep: Path) -> None:
        """Run a build that nobody disturbs and keep what it left."""
        done = self.build()
        if done.returncode:
            raise RuntimeError(f"an undisturbed build ended with {done.returncode}: {done.stderr[-3000:]}")
        unfinished = keep.with_name(keep.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        copy_data(self.data, unfinished / "data")
        shutil.copy(self.journal, unfinished / "journal.txt")
        unfinished.rename(keep)

    def put_back(self, data: Path | None, inbox: Path) -> None:
        """Make the directory what it was at a start; None: there is nothing yet."""
        for stale in (self.data, self.inbox):
            shutil.rmtree(stale, ignore_errors=True)
        if data:
            copy_data(data, self.data)
        shutil.copytree(inbox, self.inbox)

    def run(self, case: Case, untouched: Untouched, known: dict[str, Untouched]) -> Result:
        """Kill builds at the moments of the case, let the next one run to its end, and compare.

        `known`: undisturbed builds of which the published one may be seen, by name.
        """
        deaths, begun = [], time.monotonic()
        self.data.mkdir(exist_ok=True)
        with reading(self.data / "published") as seen:
            for moment in (*case.moments, None):
                done = self.build(moment)
                if done.returncode != SIGKILL_CODE:
                    break
                changes = [change for _, change in read_journal(self.journal)]
                deaths.append(Death(str(moment), phase_of(changes), changes[-1] if changes else "none"))
        faults = list(seen.faults)
        if done.returncode:
            faults.append(f"the build after the kills ended with {done.returncode}: {done.stderr[-1500:]}")
        else:
            faults += self.faults_of_end(untouched, seen, known)
        return Result(case, tuple(deaths), seen.looks, tuple(faults), time.monotonic() - begun)

    def faults_of_end(self, untouched: Untouched, seen: Seen, known: dict[str, Untouched]) -> list[str]:
        """Everything in which the data directory is not what an undisturbed build leaves."""
        return [
            *differing_cells(untouched.data, self.data),
            *strange_builds(seen, known),
            *differing_names(untouched.data, self.data),
            *broken_archive(self.data / "archive" / "real"),
            *unfinished_runs(self.data / "dagster_home"),
        ]


def copy_data(source: Path, target: Path) -> None:
    """Copy a data directory with its links and times (dbt's manifest is judged by its time)."""
    shutil.copytree(source, target, symlinks=True)


# --- what must be equal


def compared_sql(contract_tables: Sequence[str] = tuple(CONTRACTS)) -> dict[str, str]:
    """Per relation of the warehouse what is compared of it: everything but instants of building."""
    observed = "case when available_at = observed_at then null else available_at end as available_at"
    found = {f"raw.{t}": f"* exclude (observed_at) replace ({observed})" for t in contract_tables}
    found |= {f"quarantine.{t}": "*" for t in (*contract_tables, "judged_rows")}
    return found | {
        "raw.split_events": "* exclude (observed_at)",
        "ops.payload_log": "* exclude (observed_at, origin)",  # the hash tells which payload it was
        "ops.domain_status": "* exclude (build_id)",
    }


def differing_cells(expected: Path, found: Path) -> list[str]:
    """Relations of the warehouse that are not equal cell by cell."""
    file = Path("warehouse", "real.duckdb")
    with duckdb.connect(str(found / file), read_only=True) as connection:
        connection.execute(f"attach '{expected / file}' as expected (read_only)")
        marts = {
            database: {
                f"marts.{table}"
                for (table,) in connection.execute(
                    "select table_name from duckdb_tables() where schema_name = 'marts' and database_name = ?",
                    [database],
                ).fetchall()
            }
            for database in ("expected", "real")
        }
        if marts["expected"] != marts["real"] or not marts["real"]:
            return [f"other marts: {sorted(marts['expected'] ^ marts['real']) or 'none'}"]
        faults = []
        for relation, columns in (compared_sql() | dict.fromkeys(sorted(marts["real"]), "*")).items():
            sides = [f"select {columns} from {database}.{relation}" for database in ("expected", "real")]
            lost, new = (
                connection.execute(f"select count(*) from ({a} except all {b})").fetchall()[0][0]
                for a, b in (sides, sides[::-1])
            )
            if lost or new:
                faults.append(f"{relation}: {lost} rows are lost, {new} are new")
        return faults


def strange_builds(seen: Seen, known: dict[str, Untouched]) -> list[str]:
    """Published builds whose marts are not all those of one undisturbed build."""
    allowed = {name: marts_of(one.data / "published" / "current" / "market.duckdb") for name, one in known.items()}
    faults = []
    for build_id, tables in seen.tables.items():
        marts = {name: content for name, content in tables.items() if name.startswith("marts.")}
        if marts not in allowed.values():
            differing = {name: [t for t in marts if marts[t] != one.get(t)] for name, one in allowed.items()}
            faults.append(f"published {build_id} is no undisturbed build; differing marts: {differing}")
    if not seen.tables:
        faults.append("the reader saw no build")
    return faults


def marts_of(file: Path) -> dict[str, list[int | None]]:
    return {name: content for name, content in tables_of(file)[1].items() if name.startswith("marts.")}


def differing_names(expected: Path, found: Path) -> list[str]:
    """Files and folders that one of the directories lacks."""
    there, here = names_below(expected), names_below(found)
    return [f"left behind: {name}" for name in sorted(here - there)] + [
        f"is missing: {name}" for name in sorted(there - here)
    ]


def names_below(directory: Path) -> set[str]:
    """Names with words for what differs from run to run."""
    names = {word_for(path.relative_to(directory).as_posix()) for path in directory.rglob("*")}
    return {name for name in names if not name.endswith(SQLITE_JOURNALS)}


def broken_archive(directory: Path) -> list[str]:
    """What is wrong with the ledger, and payloads that it does not name."""
    archive = Archive(directory)
    entries = archive.entries()
    faults = [] if archive.ledger_file.read_bytes().endswith(b"\n") else ["the ledger ends within a line"]
    faults += [] if [entry.seq for entry in entries] == list(range(1, len(entries) + 1)) else ["the ledger has gaps"]
    for entry in entries:
        archive.read(entry)  # verifies the hash
    named = {archive.payload_file(entry) for entry in entries} | {archive.ledger_file}
    unnamed = {path for path in directory.rglob("*") if path.is_file()} - named
    return faults + [f"not in the ledger: {path.relative_to(directory)}" for path in sorted(unnamed)]


def unfinished_runs(dagster_home: Path) -> list[str]:
    """Runs that look as if they went on, and slots of the writer's pool that a dead run holds."""
    from dagster import DagsterInstance, DagsterRunStatus

    with DagsterInstance.from_config(str(dagster_home)) as instance:
        over = (DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE)
        runs = instance.get_runs()
        faults = [f"run {run.run_id} is {run.status.value}" for run in runs if run.status not in over]
        if not runs or runs[0].status != DagsterRunStatus.SUCCESS:
            faults.append("the last run did not succeed")
        pool = instance.event_log_storage.get_concurrency_info(WRITER_POOL)
        if pool.claimed_slots or pool.pending_steps:
            faults.append(f"pool {WRITER_POOL}: {pool.claimed_slots} claimed, {pool.pending_steps} pending")
        return faults


# --- the starts of the campaign


FIRST = market.bars(("^RUT", "^GSPC"), "2016-06-01", "2017-06-30")


def second_delivery() -> pd.DataFrame:
    """A longer history: one close is revised, one row goes to quarantine."""
    bars = market.bars(("^RUT", "^GSPC"), "2016-06-01", "2017-07-14")
    assert bars.merge(FIRST, on=["symbol", "session_date"]).shape[0] == len(FIRST)
    kept = bars.merge(FIRST[["symbol", "session_date"]], on=["symbol", "session_date"])
    revised = kept.index[100]
    bars.loc[revised, ["close", "high", "low"]] *= 1.001
    bars.loc[bars.index[-1], "close"] = -1.0
    return bars


class Workbench:
    """The starts, and the undisturbed build of each; made once, which takes two builds.

    From `nothing` the first delivery is built. `published` begins where that ended, with a second delivery that has
    another file, a revised row, new ones, and one for the quarantine.
    """

    STARTS = ("nothing", "published")

    def __init__(self, directory: Path) -> None:
        self.bench = Bench(directory / "bench")
        self.kept = {start: directory / f"after_{start}" for start in self.STARTS}
        self.inboxes = {start: directory / f"inbox_{start}" for start in self.STARTS}
        self.starts = {"nothing": None, "published": self.kept["nothing"] / "data"}
        market.deliver(self.inboxes["nothing"], FIRST)
        market.deliver(self.inboxes["published"], second_delivery())
        rates = b"rate_date,effr_pct,target_lower_pct,target_upper_pct\n2017-07-11,1.16,1.00,1.25\n"
        market.deliver(self.inboxes["published"], rates, "rates.csv", table="policy_rates")
        for start in self.STARTS:
            if not self.kept[start].exists():
                self.put_back(start)
                self.bench.build_untouched(self.kept[start])
        self.untouched = {
            start: Untouched(kept / "data", read_journal(kept / "journal.txt")) for start, kept in self.kept.items()
        }

    def put_back(self, start: str) -> None:
        self.bench.put_back(self.starts[start], self.inboxes[start])

    def draw_case(self, draw: random.Random) -> Case:
        """One kill, at times two or three builds killed in a row; one case in five from an empty data directory."""
        start = "nothing" if draw.random() < 0.2 else "published"
        moments = [self.untouched[start].draw_moment(draw) for _ in range(draw.choice((1, 1, 2, 3)))]
        return Case(start, tuple(moments))

    def run(self, case: Case) -> Result:
        self.put_back(case.start)
        known = {start: self.untouched[start] for start in self.STARTS}
        return self.bench.run(case, self.untouched[case.start], known)


def result_of(line: str) -> Result:
    """A result from its JSON."""
    told = json.loads(line)
    case = Case(told["case"]["start"], tuple(Moment(**moment) for moment in told["case"]["moments"]))
    return Result(
        case, tuple(Death(**death) for death in told["deaths"]), told["looks"], tuple(told["faults"]), told["seconds"]
    )
