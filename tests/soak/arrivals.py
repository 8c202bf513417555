"""Random stories of deliveries in any order, and the report of them.

What a story is, and what must hold, stands in tests/arrivals.py. Story i of a seed is the same in every run, so a run
that was stopped goes on where it was. Everything it writes is in data/soak/arrivals; the report is
docs/soak_arrivals.md. A story that failed goes into tests/integration/test_arrivals.py.
"""

import json
import logging
import random
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from dagster_project.settings import PROJECT_ROOT
from tests import arrivals
from tests.arrivals import Result, draw_story, marts_that_differ, tell
from tests.campaign import REPORTS, begin, facts, place, say

SOAK = place("arrivals")
REPORT = REPORTS / "soak_arrivals.md"
JOURNAL = SOAK / "journal.jsonl"
CASES_PER_BUILD = 100
"""A build of all models takes as long as dozens of stories."""


def campaign(seed: int, cases: int) -> bool:
    """Tell the stories that the journal lacks and write the report; whether the property held in all of them."""
    logging.disable(logging.CRITICAL)  # refused payloads are part of the stories
    begin(SOAK, seed, (Path(arrivals.__file__),))
    found = [result_of(line) for line in JOURNAL.read_text().splitlines()] if JOURNAL.exists() else []
    with JOURNAL.open("a", encoding="utf-8") as journal:
        while len(found) < cases:
            number, begun = len(found), time.monotonic()
            with tempfile.TemporaryDirectory(dir=SOAK) as directory:
                told = tell(draw_story(draw(seed, number)), Path(directory))
            found.append((told, time.monotonic() - begun))
            journal.write(json.dumps({"seconds": found[-1][1]} | asdict(told), default=str) + "\n")
            journal.flush()
            for fault in told.faults:
                say(f"story {number} of {told.table}: {fault}")
            if len(found) % 10 == 0:
                say(f"{len(found)} of {cases}")
    marts = []
    for number in range(1 + cases // CASES_PER_BUILD):
        say(f"marts of a story of every table, {number + 1}")
        with tempfile.TemporaryDirectory(dir=SOAK) as directory:
            marts.append(marts_that_differ(random.Random(f"{seed} marts {number}"), Path(directory)))
    found = found[:cases]
    REPORT.write_text(report(seed, found, marts), encoding="utf-8")
    failed = sum(bool(told.faults) for told, _ in found) + sum(map(bool, marts))
    say(f"{len(found)} stories, {failed} failed; {REPORT.relative_to(PROJECT_ROOT)}")
    return not failed


def draw(seed: int, number: int) -> random.Random:
    return random.Random(f"{seed} arrivals {number}")


def result_of(line: str) -> tuple[Result, float]:
    """A result and its seconds from JSON."""
    told = json.loads(line)
    seconds = told.pop("seconds")
    return Result(**told | {name: tuple(told[name]) for name in ("what", "faults")}), seconds


def report(seed: int, found: list[tuple[Result, float]], marts: list[list[str]]) -> str:
    """The results as a page."""
    results = [told for told, _ in found]
    failed = [(number, told) for number, told in enumerate(results) if told.faults]
    verdict = f"{len(failed)} did not" if failed else "all came to the same as their facts in order, in one go"
    what = Counter(word for told in results for word in told.what)
    lines = [
        "# Soak: deliveries in any order",
        "",
        "Written by `make soak CAMPAIGN=arrivals`; do not edit. Each story delivers the payloads of one raw table",
        "late, revised, twice, out of order, divided among several files, with rows that are withdrawn, broken or",
        "damaged, and compares raw with the payloads of the end read once each. The property, and what is not drawn",
        "because it differs by contract, stand in `tests/arrivals.py`.",
        "",
        f"**{len(results)} stories: {verdict}.** All models were built after a story of every table,",
        f"{len(marts)} times; {sum(map(bool, marts)) or 'none'} of them with a mart other than in one go.",
        "",
        *facts(seed, sum(seconds for _, seconds in found), len(found)),
        "",
        "| raw table | stories | payloads | readings | refused | vintages at the end |",
        "|---|---|---|---|---|---|",
        *(table_line(table, [told for told in results if told.table == table]) for table in sorted(arrivals.SUBJECTS)),
        "",
        "| what a story had at least once | stories |",
        "|---|---|",
        *(f"| {word} | {times} |" for word, times in sorted(what.items(), key=lambda pair: (-pair[1], pair[0]))),
    ]
    if failed or any(marts):
        lines += ["", "## Failed", ""]
        for number, told in failed:
            lines += [f"- story {number}, {told.table}", *(f"  - {fault}" for fault in told.faults[:5])]
        lines += [f"- marts, {number}: {fault}" for number, faults in enumerate(marts) for fault in faults]
    return "\n".join(lines) + "\n"


def table_line(table: str, part: list[Result]) -> str:
    sums = [sum(getattr(told, name) for told in part) for name in ("payloads", "arrivals", "refused", "vintages")]
    return f"| {table} | {len(part)} | {' | '.join(f'{number:,}' for number in sums)} |"
