"""The words in which a fault is declared.

Belongs here: `Kind`, `Place`, limits of checks. Does not belong here: any particular fault.
"""

import csv
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from tests.faults.planted.delivery import Delivery
from tests.helpers import REPO

Position = Literal["start", "middle", "end"]
Size = Literal["single", "run"]
POSITIONS: tuple[Position, ...] = ("start", "middle", "end")
SIZES: tuple[Size, ...] = ("single", "run")
Named = set[tuple[str, str]]
"""Series and day of the rows that a check names."""
Span = tuple[str, str, str]
"""A lane with its first and last day: two faults of a batch share none."""


@dataclass(frozen=True)
class Place:
    """Where a fault is planted: rows `at` to `at + length - 1` of the history of a series."""

    series: str
    history: tuple[str, ...]
    at: int
    length: int
    tag: str
    """Differs from place to place; names sources and files of its own."""

    def day(self, after: int = 0) -> str:
        return self.history[self.at + after]

    @property
    def days(self) -> tuple[str, ...]:
        return self.history[self.at : self.at + self.length]

    @property
    def day_after(self) -> str | None:
        """The first day behind the fault, None at the end of the history."""
        end = self.at + self.length
        return self.history[end] if end < len(self.history) else None

    @property
    def random(self) -> np.random.Generator:
        return np.random.default_rng(zlib.crc32(f"{self.series} {self.day()} {self.tag}".encode()))

    def named(self, *days: str | None, series: str | None = None) -> Named:
        """Rows of this series on the days that there are."""
        return {(series or self.series, day) for day in days if day is not None}


@dataclass(frozen=True)
class Kind:
    """One kind of fault: what it does to the rows of a place, and the check that must name them."""

    name: str
    table: str
    check: str
    what: str
    plant: Callable[[Delivery, Place], Named]
    """Plants the fault; returns the rows that the check must name, and no others at that place."""
    near: Callable[[Delivery, Place], object]
    """Plants what only just is no fault at the same place: the check must say nothing new."""
    series: tuple[str, ...]
    before: int = 1
    """Rows that the check needs before the place."""
    after: int = 0
    """Rows that must follow it."""
    lengths: tuple[int, int] = (1, 3)
    """Rows hit by a single fault and by a run."""
    pad: int = 25
    """Rows around the place that no other fault may touch."""
    fits: Callable[[Place], bool] | None = None
    last_day: str = "9999-12-31"
    """Places in the middle end before it."""
    lanes: "Callable[[Place], list[Span]] | None" = None
    """What it touches, where that is not the rows around the place."""

    def length(self, size: Size) -> int:
        return self.lengths[SIZES.index(size)]


@cache
def _limits() -> dict[str, float]:
    with (REPO / "dbt" / "seeds" / "check_thresholds.csv").open(encoding="utf-8") as opened:
        return {f"{row['check_id']}.{row['parameter']}": float(row["value"]) for row in csv.DictReader(opened)}


def limit(name: str) -> float:
    """A reviewed limit, `check.parameter`: faults and near-misses move with it."""
    return _limits()[name]


def solve(function: Callable[[float], float], target: float, low: float, high: float) -> float:
    """The argument at which a rising function reaches `target`."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < target else (low, middle)
    return (low + high) / 2
