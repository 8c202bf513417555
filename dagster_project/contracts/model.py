"""The words in which a raw table is declared.

Belongs here: `Column`, `RowRule`, `Contract` and what follows from a declaration alone (SQL types,
names of the checks).
Does not belong here: any particular table (see `tables/`), and applying a contract (see `validate`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from dagster_project.contracts.availability import Availability

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["text", "date", "month", "number"]
"""`month` is written `YYYY-MM` (or a full date) in files and stored as the first day of the month."""

SQL_TYPES: dict[Kind, str] = {"text": "VARCHAR", "date": "DATE", "month": "DATE", "number": "DOUBLE"}

CONTRACT_VERSION = "1"
"""Raised when a change of the contracts makes `smallcap rebuild` give other rows."""


@dataclass(frozen=True)
class Column:
    """One column: its name carries the unit where there is one."""

    name: str
    kind: Kind
    description: str
    unit: str = ""
    required: bool = True
    """Required columns must be in the file and have a value in every row."""
    minimum: float | str | None = None
    maximum: float | str | None = None
    above: float | None = None
    """Exclusive lower bound."""
    allowed: tuple[str, ...] = ()
    default: str | None = None
    """Value of every row when a file has no such column; only for columns that are not required."""
    split_power: int = 0
    """How a k-for-1 split rescales earlier rows: -1 divides by k, +1 multiplies."""

    @property
    def sql_type(self) -> str:
        return SQL_TYPES[self.kind]

    @property
    def bounds(self) -> str:
        """Plausibility bounds in words, empty when there are none."""
        if self.allowed:
            return "one of " + ", ".join(self.allowed)
        parts = []
        if self.above is not None:
            parts.append(f"> {self.above:g}")
        if self.minimum is not None:
            parts.append(f">= {self.minimum}")
        if self.maximum is not None:
            parts.append(f"<= {self.maximum}")
        return ", ".join(parts)


@dataclass(frozen=True)
class RowRule:
    """A rule over several columns or rows: `find` returns the reason per bad row, NA for good ones.

    `find` gets the typed frame and returns a Series of str aligned with it.
    """

    name: str
    description: str
    column: str
    """Column that a message points at."""
    find: "Callable[[pd.DataFrame], pd.Series]"


BATCH_RULES: dict[str, str] = {
    "payload_readable": "every payload can be fetched and read as a table with the required columns",
    "removals_explained": "no payload silently drops many rows that it delivered before",
}
"""Rules that refuse a whole payload: raw keeps the last good rows and the domain is marked stale."""

ROW_RULES: dict[str, str] = {
    "fields_complete": "every row has as many fields as the header",
    "value_present": "required columns have a value in every row",
    "value_typed": "numbers are finite numbers, dates are dates",
    "value_in_bounds": "values lie within the plausibility bounds of the contract",
    "available_after_period": "nothing was available before the day it describes",
    "grain_unique": "one row per grain: repeated keys carry equal values",
}
"""Rules that every table has and that put single rows into quarantine."""


@dataclass(frozen=True)
class Contract:
    """Everything that is said about one raw table, said once."""

    table: str
    domain: str
    description: str
    columns: tuple[Column, ...]
    grain: tuple[str, ...]
    series: tuple[str, ...]
    """What one payload covers as a whole: rows of the same series that disappear were removed."""
    time_column: str
    availability: Availability
    live_source: str
    row_rules: tuple[RowRule, ...] = ()
    vintage_column: str | None = None
    """A month column whose last day is the stated `available_at` of the row."""
    source_priority: tuple[str, ...] = (
        "files", "cme", "new_york_fed", "treasury", "ishares", "ssga", "yahoo", "sec_nport", "fred", "sample",
    )  # fmt: skip
    """Who is believed when two sources tell a row at the same instant: a user's own file, then the publisher, then
    those that repeat it."""
    extracted_after: tuple[str, ...] = ()
    """Tables whose rows say what to ask a service for."""
    may_be_empty: bool = False
    """No rows are fine: something else stands in for them."""
    cadence: Literal["session", "irregular"] = "session"
    """`session`: a row is expected for every NYSE session, so the domain can be stale."""

    @cached_property
    def column(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def key(self) -> tuple[str, ...]:
        """What a chain of vintages belongs to: a grain as one source tells it."""
        return tuple(dict.fromkeys(["source", *self.grain]))

    @property
    def values(self) -> tuple[Column, ...]:
        """Columns that may change from one vintage of a grain to the next."""
        return tuple(column for column in self.columns if column.name not in self.grain)

    @property
    def required_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)

    @property
    def has_splits(self) -> bool:
        return any(column.split_power for column in self.columns)

    @property
    def current_relation(self) -> str:
        """Relation of schema `raw` that readers start from."""
        return f"{self.table}_on_current_scale" if self.has_splits else self.table

    @property
    def checks(self) -> dict[str, str]:
        """Names of the asset checks of this table with what each one asserts."""
        return (
            ({} if self.may_be_empty else {"has_rows": "the table has rows"})
            | BATCH_RULES
            | ROW_RULES
            | {rule.name: rule.description for rule in self.row_rules}
        )
