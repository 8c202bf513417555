"""Random arrivals of members' bars, symbols and memberships: the incremental build against the full refresh.

What a case is stands in tests/member_builds.py, what the rows are like in tests/members.py. Case i of a seed is the
same in every run, so a run that was stopped goes on where it was. Everything it writes is in data/soak/members; the
report is docs/soak_members.md. A case that failed goes into tests/integration/test_members.py.
"""

import json
import random
import time
from dataclasses import asdict
from pathlib import Path

from dagster_project.settings import PROJECT_ROOT
from tests import member_builds, members
from tests.campaign import REPORTS, begin, facts, place, say
from tests.member_builds import Result, compile_models, draw_case, tell

SOAK = place("members")
REPORT = REPORTS / "soak_members.md"
JOURNAL = SOAK / "journal.jsonl"


def campaign(seed: int, cases: int) -> bool:
    """Run the cases that the journal lacks and write the report; whether the two were equal in all of them."""
    begin(SOAK, seed, (Path(member_builds.__file__), Path(members.__file__)))
    found = [result_of(line) for line in JOURNAL.read_text().splitlines()] if JOURNAL.exists() else []
    compiled = compile_models(SOAK / "compiled")
    with JOURNAL.open("a", encoding="utf-8") as journal:
        while len(found) < cases:
            number, begun = len(found), time.monotonic()
            case = draw_case(random.Random(f"{seed} members {number}"))
            told = tell(case, compiled)
            found.append((told, len(case.builds), time.monotonic() - begun))
            journal.write(json.dumps({"seconds": found[-1][2], "builds": found[-1][1]} | asdict(told)) + "\n")
            journal.flush()
            for fault in told.faults:
                say(f"case {number}, {case}: {fault}")
            if len(found) % 20 == 0:
                say(f"{len(found)} of {cases}")
    found = found[:cases]
    REPORT.write_text(report(seed, found), encoding="utf-8")
    failed = sum(bool(told.faults) for told, _, _ in found)
    say(f"{len(found)} cases, {failed} failed; {REPORT.relative_to(PROJECT_ROOT)}")
    return not failed


def result_of(line: str) -> tuple[Result, int, float]:
    """A result, its builds and its seconds from JSON."""
    told = json.loads(line)
    builds, seconds = told.pop("builds"), told.pop("seconds")
    return Result(**told | {"faults": tuple(told["faults"])}), builds, seconds


def report(seed: int, found: list[tuple[Result, int, float]]) -> str:
    """The results as a page."""
    failed = [(number, told) for number, (told, _, _) in enumerate(found) if told.faults]
    verdict = f"{len(failed)} were not" if failed else "every cell was equal in all of them"
    days = sum(told.member_days for told, _, _ in found)
    lines = [
        "# Soak: members, incremental against full refresh",
        "",
        "Written by `make soak CAMPAIGN=members`; do not edit. Each case is an adversarial history of members of two",
        "indices (tests/members.py): conflicting, revised and withdrawn bars, nulls and zeros, holes, splits that",
        "rescale what was read before, ticker changes, tickers that another company takes over, late listings,",
        "delistings, spells that are told late, corrected or taken back. It arrives late, doubled and out of order in",
        "several deliveries, with builds between them; then `int_members__days` and the marts `breadth` and",
        "`data_quality_coverage` are compared with",
        "those of one full refresh.",
        "",
        f"**{len(found)} cases: {verdict}.**",
        "",
        *facts(seed, sum(seconds for _, _, seconds in found), len(found)),
        f"| builds | {sum(builds for _, builds, _ in found):,} |",
        f"| vintages of bars | {sum(told.vintages for told, _, _ in found):,} |",
        f"| rows of int_members__days in the end | {days:,} |",
        f"| of them made by an earlier build than the last | {sum(told.rows_kept for told, _, _ in found):,} |",
    ]
    if failed:
        lines += ["", "## Failed", ""]
        for number, told in failed:
            lines += [f"- case {number}", *(f"  - {fault}" for fault in told.faults[:5])]
    return "\n".join(lines) + "\n"
