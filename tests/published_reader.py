"""A reader that looks at the published build again and again, in a process of its own.

Belongs here: what a reader must be able to rely on at every moment, and telling each time that it could not.
`python -m tests.published_reader DIRECTORY` reads DIRECTORY/current until its standard input ends, then prints JSON.
"""

import json
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import duckdb

from tests.helpers import REPO, clean_environment

PAUSE_SECONDS = 0.3
REST = 3
"""A reader rests so many times as long as it looked: the build must get on."""


@dataclass
class Seen:
    """What a reader saw: how often it looked, the tables of each build, and what was wrong."""

    looks: int = 0
    tables: dict[str, dict[str, list[int | None]]] = field(default_factory=dict)
    """Per build, in the order seen, rows and a hash of all cells of each table."""
    faults: list[str] = field(default_factory=list)


def tables_of(file: Path) -> tuple[str, dict[str, list[int | None]]]:
    """Identifier of the build in a published database; rows and a hash of all cells of its tables."""
    with duckdb.connect(str(file), read_only=True) as reader:
        [(build_id,)] = reader.execute("select build_id from meta.build").fetchall()
        names = reader.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('marts', 'meta') "
            "order by all"
        ).fetchall()
        return build_id, {
            name: list(reader.execute(f"select count(*), bit_xor(hash(t)) from {name} as t").fetchall()[0])
            for (name,) in names
        }


def look(current: Path, seen: Seen) -> None:
    """Look once, through the link at every step, as a tool does that knows nothing of builds."""

    def manifest() -> dict:
        return json.loads((current / "manifest.json").read_text(encoding="utf-8"))

    if not current.is_symlink() and not seen.tables:
        return  # nothing is published yet
    seen.looks += 1
    try:
        before = manifest()
        build_id, tables = tables_of(current / "market.duckdb")
        after = manifest()
    except Exception as error:  # whatever it is, a reader must not meet it
        seen.faults.append(f"look {seen.looks}: {type(error).__name__}: {error}")
        return
    told = {one["build_id"]: one["rows"] for one in (before, after)}  # the switch may come between two steps
    if build_id not in told:
        seen.faults.append(f"look {seen.looks}: market.duckdb is of build {build_id}, its manifest of {sorted(told)}")
    elif told[build_id] != {name: rows for name, (rows, _) in tables.items()}:
        seen.faults.append(f"look {seen.looks}: rows are not those of the manifest of {build_id}")
    if seen.tables.setdefault(build_id, tables) != tables:
        seen.faults.append(f"look {seen.looks}: build {build_id} has changed")
    if build_id != max(seen.tables):
        seen.faults.append(f"look {seen.looks}: build {build_id} is back after {max(seen.tables)}")


@contextmanager
def reading(published: Path) -> Iterator[Seen]:
    """Let a reader look as long as the block lasts; what it saw is there after it."""
    seen = Seen()
    command = [sys.executable, "-m", "tests.published_reader", str(published)]
    with subprocess.Popen(
        command, cwd=REPO, env=clean_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield seen
        finally:
            told, _ = process.communicate()
        if process.returncode:
            seen.faults.append(f"the reader ended with {process.returncode}")
        else:
            vars(seen).update(json.loads(told))


def main(published: Path) -> None:
    seen, took = Seen(), 0.0
    while True:
        is_over = bool(select.select([sys.stdin], [], [], max(PAUSE_SECONDS, REST * took))[0])
        begun = time.monotonic()
        look(published / "current", seen)  # also after the end: what stands then
        took = time.monotonic() - begun
        if is_over:
            break
    sys.stdout.write(json.dumps(asdict(seen)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
