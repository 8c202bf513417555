"""Faults of every kind at many places: what is told of them, and the table of faults and checks.

Draws kind x position x size from a seed, every kind before any comes again, and plants them into deliveries of the
simulated sample, each place once with its fault and once with what only just is none. The report is
docs/soak_planted_faults.md; what is planted is declared in tests/faults/planted/. Work is below data/soak.
"""

import logging
import shutil
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime

import duckdb
import numpy as np
import typer

from dagster_project.revision import git_revision
from dagster_project.settings import PROJECT_ROOT
from tests.faults.planted import campaign as planted
from tests.faults.planted import contract_rules, tampering
from tests.faults.planted.campaign import KINDS, Case
from tests.faults.planted.kinds import POSITIONS, SIZES, Kind, Position, Size
from tests.faults.planted.staging_rows import clean_rows, silent_changes
from tests.faults.planted.warehouse import Clean, Outcome, made_of
from tests.helpers import smallcap

SOAK = PROJECT_ROOT / "data" / "soak" / "planted_faults"
REPORT = PROJECT_ROOT / "docs" / "soak_planted_faults.md"


class Tally:
    """What the batches came to, by kind."""

    def __init__(self) -> None:
        self.places: Counter[str] = Counter()
        self.told: Counter[str] = Counter()
        self.quiet: Counter[str] = Counter()
        self.also: dict[str, Counter[str]] = defaultdict(Counter)
        self.faults: list[str] = []
        self.spread: Counter[tuple[str, str]] = Counter()

    def fault(self, text: str) -> None:
        self.faults.append(text)
        typer.echo(f"  FAULT {text}")


def clean_build() -> Clean:
    """The untouched warehouse, built by the program."""
    shutil.rmtree(SOAK, ignore_errors=True)
    done = smallcap(SOAK / "data", "build", "--quiet")
    if done.code != 0:
        raise SystemExit(f"the clean build ended with {done.code}: {done.err[-3000:]}")
    data = SOAK / "data"
    return Clean(data / "warehouse" / "simulated.duckdb", data / "dbt_target" / "simulated" / "manifest.json")


def drawn(seed: int, cases: int) -> list[tuple[Kind, Position, Size]]:
    """So many cases: in every round of kinds each has another position and size."""
    random = np.random.default_rng(seed)
    ways = [(position, size) for position in POSITIONS for size in SIZES]
    order = {kind.name: random.permutation(len(ways)) for kind in KINDS}
    rounds = range(-(-cases // len(KINDS)))
    found = [(kind, *ways[order[kind.name][number % len(ways)]]) for number in rounds for kind in KINDS]
    return found[:cases]


def run_batch(cases: list[Case], clean: Clean, tally: Tally) -> None:
    delivery, expected = planted.plant(cases)
    with made_of(delivery, clean, SOAK / "work") as (connection, told):
        silent = silent_changes(connection, clean_rows(clean), told, planted.table_of())
    missed, extra = planted.missed(expected, told), planted.too_much(expected, told)
    delivery, touched = planted.plant_near(cases)
    with made_of(delivery, clean, SOAK / "work") as (_, near):
        alarms = planted.false_alarms(touched, near)
    for case in cases:
        name = case.kind.name
        tally.places[name] += 1
        tally.spread[case.position, case.size] += 1
        tally.told[name] += case not in missed and case not in extra
        tally.also[name].update(also_told(case, expected[case], told))
        near_told = case in alarms or any(planted.is_told(case.kind.check, row, near) for row in expected[case])
        tally.quiet[name] += not near_told
        if case in missed:
            tally.fault(f"{case.name}: {case.kind.check} does not name {sorted(missed[case])[:3]}")
        if case in extra:
            tally.fault(f"{case.name}: {case.kind.check} names {sorted(extra[case])[:3]} as well")
        if near_told:
            tally.fault(f"{case.name}: {case.kind.check} names the near-miss")
    for mart, rows in silent.items():
        tally.fault(f"{mart} changed silently, and marts with it: {len(rows)} rows, for example {rows[0]}")
    for finding in sorted(planted.unexplained(cases, told)):
        tally.fault(f"told with no fault near it: {finding}")


def also_told(case: Case, rows: set[tuple[str, str]], told: Outcome) -> set[str]:
    """Other market checks that name the series of the fault on its days."""
    words = {word for series, _ in rows for word in series.split(" ")} - {""}
    days = {day for _, day in rows}
    return {
        check for check, series, day in told.findings
        if check != case.kind.check and day in days and words & set(series.split(" "))
    }  # fmt: skip


def relations_that_pass(clean: Clean, tally: Tally) -> tuple[int, int]:
    """Change relations under every test of dbt; returns numbers of asserts and mart checks, and of generic tests."""
    changes = {**tampering.ROW_TESTS, **tampering.MART_CHECKS}
    generic = [name for name, node in clean.tests.items() if node.get("test_metadata")]
    with duckdb.connect(str(clean.warehouse_file), read_only=True) as connection:
        for test, change in changes.items():
            if not tampering.objections(connection, clean, test, change.relation, change.fault):
                tally.fault(f"{test} passes a changed {change.relation}")
            if tampering.objections(connection, clean, test, change.relation, change.near):
                tally.fault(f"{test} objects to the near-miss")
        for test in generic:
            if not tampering.generic_objections(connection, clean, test):
                tally.fault(f"{test} passes a broken relation")
    return len(changes), len(generic)


def report(seed: int, tally: Tally, asserts: int, generic: int, batches: int, seconds: float) -> str:
    places, told, quiet = (sum(counter.values()) for counter in (tally.places, tally.told, tally.quiet))
    lines = [
        "# Planted faults",
        "",
        "Written by `make soak CAMPAIGN=planted_faults` (tests/soak/planted_faults.py). The data are SIMULATED: the "
        "sample, with faults planted into its deliveries.",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, revision {git_revision()}, seed {seed}: {len(KINDS)} kinds of faults at "
        f"{places} places in {batches} deliveries, {seconds:.0f} s. Told by the check that names them, at the right "
        f"rows and no others: {told}. As many near-misses at the same places, passed: {quiet}. "
        f"{'No mart changed silently.' if not tally.faults else f'{len(tally.faults)} FAULTS, named below.'}",
        "",
        "| size | " + " | ".join(POSITIONS) + " |",
        "|---|" + "---:|" * len(POSITIONS),
        *(f"| {size} | " + " | ".join(str(tally.spread[p, size]) for p in POSITIONS) + " |" for size in SIZES),
        "",
        f"Beside them {len(contract_rules.ALL)} rules of contracts (every shared rule of every table) are broken and "
        f"only just kept by tests/faults/test_planted_faults.py; {asserts} asserts and comparisons of marts object to "
        f"a changed relation and pass its near-miss; {generic} generic tests of dbt fail on a broken one.",
        "",
        *(["## Faults of this run", "", *(f"- {text}" for text in tally.faults), ""] if tally.faults else []),
        "## Faults and checks",
        "",
        "Also told: other market checks that name the same series and day; one fault is often seen from several sides.",
        "",
        "| fault | table | check | what is planted | told | near-misses passed | also told |",
        "|---|---|---|---|---:|---:|---|",
    ]
    for kind in KINDS:
        if tally.places[kind.name]:
            count, also = tally.places[kind.name], ", ".join(sorted(tally.also[kind.name]))
            lines.append(
                f"| {kind.name} | {kind.table} | {kind.check} | {kind.what} | {tally.told[kind.name]} of {count} "
                f"| {tally.quiet[kind.name]} of {count} | {also} |"
            )
    lines += ["", "## Changed relations", "", "| check | relation |", "|---|---|"]
    changes = {**tampering.MART_CHECKS, **tampering.ROW_TESTS}
    lines += [f"| {check} | {change.relation} |" for check, change in changes.items()]
    return "\n".join(lines) + "\n"


def campaign(seed: int, cases: int) -> bool:
    """Plant the cases and write the report; whether every fault is told, and no near-miss."""
    logging.disable(logging.CRITICAL)  # a refused row is what is planted
    begun = time.monotonic()
    clean, tally = clean_build(), Tally()
    wanted = drawn(seed, max(cases, len(KINDS)))
    batches = planted.batches(wanted, seed, most_batches=max(2, len(wanted) // 25))
    for number, batch in enumerate(batches):
        typer.echo(f"delivery {number + 1} of {len(batches)}: {len(batch)} faults")
        run_batch(batch, clean, tally)
    asserts, generic = relations_that_pass(clean, tally)
    REPORT.write_text(report(seed, tally, asserts, generic, len(batches), time.monotonic() - begun), encoding="utf-8")
    shutil.rmtree(SOAK)
    typer.echo(f"{REPORT}: {sum(tally.told.values())} of {sum(tally.places.values())} faults told")
    return not tally.faults
