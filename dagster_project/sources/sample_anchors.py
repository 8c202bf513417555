"""Reading of `data/sample/anchors.csv`: the published facts that the simulation is pinned to.

Belongs here: the file's layout, its validation, look-up of one series.
Does not belong here: random numbers, and facts written into code instead of the file. An anchor
without a source is refused: what is not known to be published is simulated, never anchored.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dagster_project.sources.base import SourceError

ANCHORS_PATH = Path(__file__).resolve().parents[2] / "data" / "sample" / "anchors.csv"
"""The anchors of this checkout."""

COLUMNS = ("series", "date", "value", "unit", "source")


@dataclass(frozen=True)
class Anchor:
    """One published fact: the value of `series` on or for `day`, in `unit`, as told by `source`.

    `value` is None where the day itself is the fact (a meeting date).
    """

    series: str
    day: date
    value: float | None
    unit: str
    source: str


@dataclass(frozen=True, eq=False)
class Anchors:
    """All anchors in the order of the file; compared by identity, so that it may key a cache."""

    path: Path
    rows: tuple[Anchor, ...]

    def series(self, name: str) -> Mapping[date, float]:
        """Values of one series by day, oldest first.

        Raises:
            SourceError: the series is absent or has no values.
        """
        found = {row.day: row.value for row in self.rows if row.series == name and row.value is not None}
        if not found:
            raise SourceError(f"{self.path}: no values of series {name!r}; restore the file from the repository")
        return dict(sorted(found.items()))

    def days(self, name: str) -> tuple[date, ...]:
        """Days of one series, oldest first, for series whose day is the fact.

        Raises:
            SourceError: the series is absent.
        """
        found = tuple(sorted(row.day for row in self.rows if row.series == name))
        if not found:
            raise SourceError(f"{self.path}: no rows of series {name!r}; restore the file from the repository")
        return found


def read_anchors(path: Path = ANCHORS_PATH) -> Anchors:
    """Read and validate the anchors file: columns `series,date,value,unit,source`, grain (series, date, source).

    Raises:
        SourceError: the file is missing, has other columns, an unreadable value, a duplicate, or a row
            without a source.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise SourceError(f"{path}: expected columns {','.join(COLUMNS)}, found {reader.fieldnames}")
            rows = tuple(_anchor(path, reader.line_num, row) for row in reader)
    except OSError as error:
        raise SourceError(f"{path}: the anchors of the sample cannot be read ({error}); restore the file") from error
    grain = [(row.series, row.day, row.source) for row in rows]
    if len(set(grain)) != len(grain):
        twice = sorted({key for key in grain if grain.count(key) > 1})
        raise SourceError(f"{path}: anchors given twice: {twice}; keep one row of each")
    return Anchors(path, rows)


def _anchor(path: Path, line: int, row: Mapping[str, str]) -> Anchor:
    where = f"{path}, line {line}"
    if not (row["source"] or "").strip():
        raise SourceError(f"{where}: the anchor {row['series']} {row['date']} has no source; name one or remove it")
    try:
        value = float(row["value"]) if row["value"] else None
        return Anchor(row["series"], date.fromisoformat(row["date"]), value, row["unit"], row["source"])
    except ValueError as error:
        raise SourceError(f"{where}: expected an ISO date and a number, found {dict(row)}") from error
