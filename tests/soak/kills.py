"""Builds killed at random moments, and the report of them.

What a case does, and what must hold, stands in tests/kills.py. Case i of a seed is the same in every run, so a run that
was stopped goes on where it was. CASES counts kills. Everything it writes is in data/soak/kills; the report is
docs/soak_kills.md. A case that failed goes into CASES of tests/integration/test_kills.py.
"""

import json
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from dagster_project.settings import PROJECT_ROOT
from tests import kills
from tests.campaign import REPORTS, begin, facts, place, say
from tests.kills import KILLED, PHASES, Result, Workbench, result_of

SOAK = place("kills")
REPORT = REPORTS / "soak_kills.md"
STARTS = {"nothing": "from an empty data directory", "published": "of a second delivery"}
JOURNAL = SOAK / "journal.jsonl"


def campaign(seed: int, cases: int) -> bool:
    """Kill as many builds as `cases` says and write the report; whether everything held."""
    begin(SOAK, seed, (Path(kills.__file__), *sorted(KILLED.glob("*.py"))))
    say("two undisturbed builds to compare with, unless they are there")
    bench = Workbench(SOAK)
    found = [result_of(line) for line in JOURNAL.read_text().splitlines()] if JOURNAL.exists() else []
    with JOURNAL.open("a", encoding="utf-8") as journal:
        while killed(found) < cases:
            result = bench.run(bench.draw_case(random.Random(f"{seed} kills {len(found)}")))
            found.append(result)
            journal.write(json.dumps(asdict(result)) + "\n")
            journal.flush()
            told = "; ".join(f"{death.phase}: {death.moment}" for death in result.deaths) or "was over before"
            say(f"{killed(found)} of {cases}, {result.seconds:.0f} s, {result.case.start}: {told}")
            for fault in result.faults:
                say(f"      {fault}")
    REPORT.write_text(report(seed, found), encoding="utf-8")
    failed = sum(bool(result.faults) for result in found)
    say(f"{killed(found)} kills in {len(found)} cases, {failed} failed; {REPORT.relative_to(PROJECT_ROOT)}")
    return not failed


def killed(found: Iterable[Result]) -> int:
    return sum(len(result.deaths) for result in found)


def report(seed: int, found: list[Result]) -> str:
    """The results as a page."""
    failed = [result for result in found if result.faults]
    verdict = f"{len(failed)} cases failed" if failed else "every build after a kill was as if there had been none"
    phases = Counter(death.phase for result in found for death in result.deaths)
    in_a_row = Counter(len(result.deaths) for result in found)
    starts = Counter(result.case.start for result in found for _ in result.deaths)
    lines = [
        "# Soak: killed builds",
        "",
        "Written by `make soak CAMPAIGN=kills`; do not edit. Each case kills `smallcap build` with SIGKILL, at a",
        "random CPU second or a random change of its files, up to three builds in a row, while a reader looks at the",
        "published build. The build after the last kill must end with 0 and leave what an undisturbed one leaves; what",
        "is compared, and what may differ, stands in `tests/kills.py`.",
        "",
        f"**{killed(found)} kills in {len(found)} cases: {verdict}.** The reader looked "
        f"{sum(result.looks for result in found):,} times at a published build and "
        + ("saw a whole one each time." if not any("look " in f for r in failed for f in r.faults) else "met faults."),
        "",
        *facts(seed, sum(result.seconds for result in found), len(found)),
        "",
        "| where the build was | kills |",
        "|---|---|",
        *(f"| {phase} | {phases[phase]} |" for phase, _ in PHASES),
        "",
        "| | kills |",
        "|---|---|",
        *(f"| of a build {name} | {starts[start]} |" for start, name in STARTS.items()),
        "",
        "| kills in a row | cases |",
        "|---|---|",
        *(f"| {number} | {times} |" for number, times in sorted(in_a_row.items())),
        "",
        "| case | from | killed at | last change before |",
        "|---|---|---|---|",
        *(
            f"| {number} | {result.case.start} | {death.moment} ({death.phase}) | {death.last_change} |"
            for number, result in enumerate(found, start=1)
            for death in result.deaths
        ),
    ]
    if failed:
        lines += ["", "## Failed", ""]
        for result in failed:
            lines += [f"- `{result.case!r}`", *(f"  - {fault}" for fault in result.faults)]
    return "\n".join(lines) + "\n"
