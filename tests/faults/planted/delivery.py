"""What is delivered: the simulated payloads of the sample as frames, and what a fault makes of them.

Belongs here: `Delivery` and how its rows are found and changed.
Does not belong here: any particular fault (`prices`, `flows`, `rates`, `fundamentals`, `references`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property
from io import BytesIO
from typing import Any

import pandas as pd

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.sources.sample import SampleSource


@cache
def simulated() -> dict[str, pd.DataFrame]:
    """The sample's payloads by table; not to be changed. SIMULATED."""
    source = SampleSource()
    return {ref.table: pd.read_csv(BytesIO(source.fetch(ref).content)) for ref in source.plan(CONTRACTS).payloads}


@dataclass
class Delivery:
    """Payloads of every table: first readings, further files, and second readings of the first."""

    frames: dict[str, pd.DataFrame] = field(default_factory=lambda: {t: f.copy() for t, f in simulated().items()})
    further: list[tuple[str, str, pd.DataFrame]] = field(default_factory=list)
    """Table, name and rows of files that come beside the first one, in order."""
    revisions: dict[str, list[tuple[tuple[str, ...], dict[str, object]]]] = field(default_factory=dict)
    """What the second reading of the first file of a table says otherwise: keys and values."""

    @cached_property
    def rows_by_key(self) -> dict[str, dict[tuple[str, ...], Any]]:
        """Row of the first file by series and day, per table."""
        found = {}
        for table, frame in self.frames.items():
            keys = [frame[name].astype(str) for name in CONTRACTS[table].grain if name in frame.columns]
            found[table] = dict(zip(zip(*keys, strict=True), frame.index, strict=True))
        return found

    def row(self, table: str, *key: str) -> Any:
        """Label of the row with this grain, in the order of the contract."""
        return self.rows_by_key[table][key]

    def get(self, table: str, key: tuple[str, ...], column: str) -> Any:
        return self.frames[table].at[self.row(table, *key), column]

    def put(self, table: str, key: tuple[str, ...], **values: object) -> None:
        """Write values into one row; a column that cannot hold them becomes one of objects."""
        frame = self.frames[table]
        for column, value in values.items():
            if column not in frame.columns:
                frame[column] = pd.Series(pd.NA, index=frame.index, dtype="object")
            if isinstance(value, str) and pd.api.types.is_numeric_dtype(frame[column]):
                frame[column] = frame[column].astype(object)
            elif isinstance(value, float) and pd.api.types.is_integer_dtype(frame[column]):
                frame[column] = frame[column].astype(float)
            frame.at[self.row(table, *key), column] = value

    def drop(self, table: str, keys: Iterable[tuple[str, ...]]) -> pd.DataFrame:
        """Take rows out; returns them as they were."""
        labels = [self.row(table, *key) for key in keys]
        gone = self.frames[table].loc[labels]
        self.frames[table] = self.frames[table].drop(labels)
        return gone

    def add(self, table: str, *rows: dict[str, object]) -> None:
        """Append rows to the first file."""
        frame = self.frames[table]
        first = int(frame.index.max()) + 1  # no label twice: rows are found by theirs
        added = pd.DataFrame(list(rows), index=range(first, first + len(rows)))
        self.frames[table] = pd.concat([frame, added])

    def beside(self, table: str, name: str, rows: pd.DataFrame) -> None:
        """Deliver rows in a file of their own."""
        self.further.append((table, f"z_{name}.csv", rows))

    def copy_of(self, table: str, keys: Iterable[tuple[str, ...]], source: str | None = None) -> pd.DataFrame:
        """Rows as they stand, told by another source where one is named."""
        rows = self.frames[table].loc[[self.row(table, *key) for key in keys]].copy()
        return rows if source is None else rows.assign(source=source)

    def revise(self, table: str, key: tuple[str, ...], **values: object) -> None:
        """Let the second reading of the first file say otherwise."""
        self.revisions.setdefault(table, []).append((key, values))

    def second_readings(self) -> dict[str, pd.DataFrame]:
        """First files that are read again, with what they say then."""
        found = {}
        for table, revisions in self.revisions.items():
            again = Delivery(frames={table: self.frames[table].copy()})
            for key, values in revisions:
                again.put(table, key, **values)
            found[table] = again.frames[table]
        return found


def payload(frame: pd.DataFrame) -> bytes:
    """The frame as the bytes of a CSV file."""
    return frame.to_csv(index=False, lineterminator="\n").encode()
