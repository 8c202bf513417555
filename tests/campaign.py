"""What the long campaigns of tests/soak share: their place, when earlier results still count, the head of a report."""

import hashlib
import shutil
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import typer

from dagster_project.revision import git_revision
from dagster_project.settings import PROJECT_ROOT

REPORTS = PROJECT_ROOT / "docs"


def place(campaign: str) -> Path:
    """Where a campaign writes everything but its report."""
    return PROJECT_ROOT / "data" / "soak" / campaign


def begin(directory: Path, seed: int, code: Iterable[Path]) -> None:
    """Make the directory, and forget what is in it of another seed or other code.

    `code`: files of tests that a result depends on, beside the project itself.
    """
    mark = directory / "fingerprint"
    now = _fingerprint(seed, code)
    if not mark.exists() or mark.read_text() != now:
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        mark.write_text(now)


def _fingerprint(seed: int, code: Iterable[Path]) -> str:
    """Changes with the seed and with every file that a result depends on."""
    digest = hashlib.sha256(str(seed).encode())
    for folder in ("dagster_project", "dbt", "data/sample"):
        for path in sorted((PROJECT_ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".sql", ".yml", ".csv") and "target" not in path.parts:
                digest.update(path.read_bytes())
    for path in code:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def facts(seed: int, seconds: float, cases: int) -> list[str]:
    """The first table of a report: what must be known to run it again."""
    return [
        "| | |",
        "|---|---|",
        f"| seed | {seed} |",
        f"| revision | {git_revision() or 'unknown'} |",
        f"| date | {datetime.now(UTC):%Y-%m-%d} |",
        f"| time | {seconds / 60:.0f} minutes, {seconds / max(cases, 1):.1f} s a case |",
    ]


def say(text: str) -> None:
    typer.echo(f"{time.strftime('%H:%M:%S')} {text}")
