"""`make bench`: every bench in turn, its figures kept in docs/benchmarks.json and shown in docs/benchmarks.md.

    python -m tests.bench [SECTION ...]

Without names all sections but `scale`, which takes most of an hour and 30 GB of disk. A section that is not measured
keeps its figures of the run before, with the date, the machine and the load of that run.
"""

import json
import os
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from dagster_project.settings import PROJECT_ROOT

REPORT = PROJECT_ROOT / "docs" / "benchmarks.md"
KEPT = REPORT.with_suffix(".json")
REAL_INPUT = PROJECT_ROOT.parent / "shared" / "realdata" / "inbox"
SECTIONS: dict[str, tuple[str, str]] = {
    "build": (
        "A build against its SQL, its imports and the stock way (sample)", "tests.bench.bench_build --rounds 2"
    ),
    "build_real": (
        "The same on real input (shared/realdata)",
        "tests.bench.bench_build --rounds 1 --source files --inbox ../shared/realdata/inbox",
    ),
    "build_large": (
        "A whole build beside 10 million bars of members, against the bare SQL of its models (shared/realdata)",
        "tests.bench.bench_large_build ../shared/realdata/inbox --rows 10000000",
    ),
    "odds": (
        "Meeting odds against two public packages (shared/realdata)",
        "tests.bench.bench_meeting_odds ../shared/realdata/inbox",
    ),
    "marts": (
        "Three marts against pandas and polars, inputs of the sample 60 times over",
        "tests.bench.bench_marts --times 60 --rounds 3",
    ),
    "members": (
        "A day on top of the members' history, against the full rebuild of breadth",
        "tests.bench.bench_members --rows 100000 --rows 1000000 --rows 10000000 --repeats 3",
    ),
    "scale": (
        "Every model of the project, from 10 to 60 million bars of members, DuckDB held to 7 GB",
        "tests.bench.bench_members --rows 10000000 --rows 30000000 --rows 60000000 --repeats 1 --whole-project",
    ),
}  # fmt: skip
PACKAGES = ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "pandas", "numpy")


def main(sections: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Measure the sections and write both files."""
    for name in sections or [name for name in SECTIONS if name != "scale"]:
        title, command = SECTIONS[name]
        if "../shared" in command and not REAL_INPUT.exists():
            typer.echo(f"{name}: left out, {REAL_INPUT} is not there")
            continue
        typer.echo(f"{name}: python -m {command}")
        section = {"title": title, "command": f"python -m {command}", **circumstances(), "figures": measured(command)}
        section["load_after"] = round(os.getloadavg()[0], 1)
        kept: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
        kept[name] = section
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        REPORT.write_text(report(kept), encoding="utf-8")
    typer.echo(f"wrote {REPORT} and {KEPT}")


def measured(command: str) -> list[dict[str, Any]]:
    """The figures that a bench prints; what it says besides goes to the terminal."""
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)], cwd=PROJECT_ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def circumstances() -> dict[str, Any]:
    """When, where and with what."""
    processor = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": f"{os.cpu_count()} processors ({processor}), {memory:.0f} GiB, {platform.system()}",
        "versions": ", ".join(
            [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in PACKAGES)]
        ),
        "load_before": round(os.getloadavg()[0], 1),
    }


def report(kept: dict[str, Any]) -> str:
    """docs/benchmarks.md."""
    lines = [
        "# Benchmarks", "",
        "Written by `make bench`; the same figures as data: [benchmarks.json](benchmarks.json). Every section is one",
        "run, its things measured in turns: read the ratios, the seconds are those of one machine and its load then.",
        "Seconds are medians with the range behind, CPU and peak memory those of the whole process tree.",
    ]  # fmt: skip
    for name in SECTIONS:
        if name not in kept:
            continue
        section = kept[name]
        lines += [
            "", f"## {section['title']}", "", f"`{section['command']}`", "",
            f"{section['date']}; {section['machine']}; load {section['load_before']} before, "
            f"{section['load_after']} after. {section['versions']}.", "",
            "| what | rows | seconds | CPU s | peak MiB | ratio | |", "|---|---:|---:|---:|---:|---:|---|",
            *map(row, section["figures"]),
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def row(figure: dict[str, Any]) -> str:
    """One line of the table."""
    seconds = shown(figure.get("seconds"))
    if figure.get("range_seconds") and figure["range_seconds"][0] != figure["range_seconds"][1]:
        seconds += f" ({shown(figure['range_seconds'][0])} to {shown(figure['range_seconds'][1])})"
    rows = f"{figure['rows']:,}" if figure.get("rows") else ""
    peak = f"{figure['peak_mib']:,.0f}" if figure.get("peak_mib") else ""
    said = ". ".join(str(figure[key]) for key in ("ratio_of", "note", "slowest") if figure.get(key))
    cpu, ratio = shown(figure.get("cpu_seconds")), shown(figure.get("ratio"))
    return f"| {figure['name']} | {rows} | {seconds} | {cpu} | {peak} | {ratio} | {said} |"


def shown(number: float | None) -> str:
    """Three digits that say something."""
    if number is None:
        return ""
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}" if number >= 0.1 else f"{number:.2g}"


if __name__ == "__main__":
    typer.run(main)
