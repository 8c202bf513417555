"""Runs of the whole program that several tests look at, each made once and two at a time: a build takes seconds."""

import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from tests import market
from tests.helpers import Outcome, file_hashes, smallcap
from tests.made_once import made_once


@dataclass
class Run:
    """A data directory, what the program said each time, and what was published before the last time."""

    data: Path
    inbox: Path
    outcomes: list[Outcome] = field(default_factory=list)
    published_before: dict[str, bytes] = field(default_factory=dict)
    copies: dict[str, Path] = field(default_factory=dict)

    @property
    def last(self) -> Outcome:
        return self.outcomes[-1]

    @property
    def market_file(self) -> Path:
        return self.data / "published" / "current" / "market.duckdb"

    @property
    def warehouse_file(self) -> Path:
        return self.data / "warehouse" / "real.duckdb"

    def call(self, *arguments: object, **variables: object) -> Outcome:
        self.outcomes.append(smallcap(self.data, *arguments, **variables))
        return self.last

    def build(self, *arguments: object) -> Outcome:
        self.published_before = file_hashes(self.data / "published" / "current") if self.market_file.exists() else {}
        return self.call("build", "--source", "files", "--inbox", self.inbox, *arguments)

    def keep(self, name: str) -> None:
        """Keep the published database of this moment under a name."""
        self.copies[name] = self.data.parent / f"{name}.duckdb"
        shutil.copy(self.market_file, self.copies[name])

    def copied_to(self, directory: Path) -> "Run":
        shutil.copytree(self.data, directory / "data", symlinks=True)
        shutil.copytree(self.inbox, directory / "inbox")
        return Run(directory / "data", directory / "inbox")

    def ask(self, sql: str, database: Path | None = None) -> list[tuple]:
        with duckdb.connect(str(database or self.market_file), read_only=True) as connection:
            return connection.execute(sql).fetchall()


BARS = market.bars()
RATES = market.effective_rates()


def new_run(directory: Path) -> Run:
    directory.mkdir(parents=True)
    return Run(directory / "data", directory / "inbox")


def base(directory: Path) -> Run:
    """A published build of a good inbox; every other scenario starts from a copy of it."""
    run = new_run(directory)
    market.deliver(run.inbox, BARS)
    assert run.build().code == 0, run.last.err
    return run


def refused_delivery(directory: Path, base: Run) -> Run:
    """The next delivery of prices has semicolons; a table that is good and up to date comes with it."""
    run = base.copied_to(directory)
    market.deliver(run.inbox, market.csv(BARS).replace(b",", b";"))
    market.deliver(run.inbox, RATES, "rates.csv", table="policy_rates")
    run.build()
    return run


def headline_missing(directory: Path, base: Run) -> Run:
    """The warehouse starts anew from an inbox without the small index of the headline."""
    run = base.copied_to(directory)
    shutil.rmtree(run.data / "warehouse")
    shutil.rmtree(run.data / "archive")
    market.deliver(run.inbox, BARS[BARS["symbol"] != "^RUT"])
    run.build()
    return run


def usable_with_remarks(directory: Path) -> Run:
    """One symbol of a second pair is missing, one row is bad, an unknown folder lies in the inbox."""
    run = new_run(directory)
    frame = BARS[BARS["symbol"] != "SPY"].reset_index(drop=True)
    frame.loc[100, "close"] = -1.0
    market.deliver(run.inbox, frame)
    market.deliver(run.inbox, b"a,b\n1,2\n", "ticks.csv", table="tick_data")
    run.build("--quiet")
    return run


def rebuilt(directory: Path, base: Run) -> Run:
    """Raw is made again from the archive, then a build is made of it."""
    run = base.copied_to(directory)
    run.keep("before")
    run.call("rebuild", "--source", "files")
    run.build("--quiet")
    return run


def sample_twice(directory: Path) -> Run:
    """The sample is built two times into one data directory."""
    run = new_run(directory)
    run.call("build")
    run.keep("first")
    run.call("build", "--quiet")
    return run


FROM_BASE: dict[str, Callable[[Path, Run], Run]] = {
    scenario.__name__: scenario for scenario in (refused_delivery, headline_missing, rebuilt)
}
FROM_NOTHING: dict[str, Callable[[Path], Run]] = {
    scenario.__name__: scenario for scenario in (base, usable_with_remarks, sample_twice)
}


class Scenarios:
    """Starts the scenarios that are wanted, so many at a time, and hands each out when it has run.

    Every process of a test run has an object of its own on the same directory; each scenario is made by one of them.
    """

    def __init__(self, directory: Path, wanted: set[str], at_a_time: int, is_from_the_end: bool) -> None:
        self.directory = directory
        self.pool = ThreadPoolExecutor(at_a_time)
        needed = wanted | ({"base"} if wanted & set(FROM_BASE) else set())
        self.futures: dict[str, Future[Run]] = {}
        # longest first; what starts from the base comes after it. Two processes begin at both ends.
        from_nothing, from_base = ["base", "sample_twice", "usable_with_remarks"], list(FROM_BASE)
        if is_from_the_end:
            from_nothing.reverse()
            from_base.reverse()
        for name in from_nothing:
            if name in needed:
                self.futures[name] = self.pool.submit(made_once, directory / name, FROM_NOTHING[name])
        for name in from_base:
            if name in needed:
                self.futures[name] = self.pool.submit(self._from_base, name)

    def _from_base(self, name: str) -> Run:
        base = self.futures["base"].result()
        return made_once(self.directory / name, lambda directory: FROM_BASE[name](directory, base))

    def __getitem__(self, name: str) -> Run:
        return self.futures[name].result()
