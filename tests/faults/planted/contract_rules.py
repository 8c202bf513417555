"""Faults of every table that its contract names: made from the declarations alone.

Each rule is broken in rows at the start, in the middle and at the end of a file, and only just kept in another reading
of the same rows. Nothing is modelled: quarantine and the log of payloads tell.

Belongs here: the rules that all contracts share. Does not belong here: rules of one table, which are kinds of its
module.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from dagster_project.checks.contract_checks import contract_check_results
from dagster_project.contracts.model import BATCH_RULES, ROW_RULES, Contract
from dagster_project.contracts.tables import CONTRACTS
from tests.faults.planted.delivery import simulated
from tests.helpers import Store, good_row

ROWS = 60
"""Rows of a file, more than the rules have places."""


def good_rows(contract: Contract) -> pd.DataFrame:
    """Rows of the sample as text; where it has none, or several of a key, one made from the contract, day after day."""
    frame = simulated().get(contract.table)
    if frame is None or len(frame) < ROWS or frame.duplicated(list(contract.grain)).any():
        day = pd.Timestamp("2017-01-02")
        rows = [
            good_row(contract) | {contract.time_column: f"{day + pd.DateOffset(months=n):%Y-%m-%d}"}
            for n in range(ROWS)
        ]
        frame = pd.DataFrame(rows)
    # a vintage would be one more day that has to fit
    columns = [c.name for c in contract.columns if c.name in frame.columns and c.name != contract.vintage_column]
    text = frame.iloc[:ROWS][columns].astype(object)
    return text.where(text.notna(), "").astype(str).reset_index(drop=True)


Change = Callable[[Contract, pd.DataFrame, int], list[str]]
"""Changes a row of a file in place; returns lines to append."""


def _number(contract: Contract) -> str:
    numbers = [column.name for column in contract.columns if column.kind in ("number", "date")]
    required = [name for name in numbers if contract.column[name].required and name not in contract.grain]
    return (required or [name for name in numbers if name not in contract.grain] or [contract.time_column])[0]


def _bounded(contract: Contract) -> tuple[str, str, str] | None:
    """A column that has bounds, a value beyond them and the last one that is allowed."""
    for column in sorted(contract.columns, key=lambda one: one.name in contract.grain):
        if column.kind == "number" and column.maximum is not None:
            return column.name, f"{float(column.maximum) * 1.01:.6f}", f"{float(column.maximum):.6f}"
        if column.kind == "number" and column.minimum is not None:
            return column.name, f"{float(column.minimum) - 1:.6f}", f"{float(column.minimum):.6f}"
        if column.kind == "number" and column.above is not None:
            return column.name, "0", "0.01"
    for column in contract.columns:
        if column.allowed:
            return column.name, "neither", column.allowed[0]
    for column in contract.columns:
        if column.kind == "date" and column.minimum:
            return column.name, "1066-10-14", str(column.minimum)
    return None


def _line(frame: pd.DataFrame, row: int) -> str:
    return ",".join(f'"{value}"' if "," in value else value for value in frame.loc[row])


def _put(frame: pd.DataFrame, row: int, column: str, value: str) -> list[str]:
    if column not in frame.columns:
        frame[column] = ""
    frame.loc[row, column] = value
    return []


def _stated(days: int) -> Change:
    def change(contract: Contract, frame: pd.DataFrame, row: int) -> list[str]:
        day = pd.Timestamp(frame.loc[row, contract.time_column])
        if contract.availability.rule == "on" and contract.availability.column != contract.time_column:
            # known with the day of another column, a filing
            return _put(frame, row, contract.availability.column, f"{day + timedelta(days=days):%Y-%m-%d}")
        # a month begins on its first day, whatever day a file writes
        begins = day.replace(day=1) if contract.column[contract.time_column].kind == "month" else day
        known = begins + timedelta(days=days)
        return _put(frame, row, "available_at", f"{known:%Y-%m-%d}")

    return change


BROKEN: dict[str, Change] = {
    "grain_unique": lambda contract, frame, row: [_other_value(contract, frame, row)],
    "fields_complete": lambda contract, frame, row: [_line(frame, row) + ",surplus"],
    "value_present": lambda contract, frame, row: _put(frame, row, contract.required_names[-1], ""),
    "value_typed": lambda contract, frame, row: _put(frame, row, _number(contract), "n/a"),
    "value_in_bounds": lambda contract, frame, row: _put(frame, row, *_bounds(contract)[:2]),
    "available_after_period": _stated(-1),
}
KEPT: dict[str, Change] = {
    "grain_unique": lambda contract, frame, row: [_line(frame, row)],
    "fields_complete": lambda contract, frame, row: [_line(frame, row)],
    "value_present": lambda contract, frame, row: _put(frame, row, _optional(contract), ""),
    "value_typed": lambda contract, frame, row: _put(
        frame, row, contract.names[0], f" {frame.loc[row, contract.names[0]]} "
    ),
    "value_in_bounds": lambda contract, frame, row: _put(frame, row, _bounds(contract)[0], _bounds(contract)[2]),
    "available_after_period": _stated(0),
}


def _bounds(contract: Contract) -> tuple[str, str, str]:
    found = _bounded(contract)
    assert found is not None, f"{contract.table} has no bounds"
    return found


def _optional(contract: Contract) -> str:
    names = [column.name for column in contract.columns if not column.required and column.default is None]
    return names[0] if names else "available_at"


def _other_value(contract: Contract, frame: pd.DataFrame, row: int) -> str:
    """The row once more with another value beside its key."""
    other = frame.loc[[row]].copy()
    value = next((c for c in contract.values if c.name in frame.columns and c.kind in ("number", "date", "text")), None)
    assert value is not None, f"{contract.table} has no values beside its grain"
    text = other.loc[row, value.name]
    if value.allowed:
        changed = next(one for one in value.allowed if one != text)
    elif value.kind == "number":
        changed = f"{float(text) + 0.001:.6f}"
    elif value.kind == "date":
        changed = f"{pd.Timestamp(text or '2017-05-26') + timedelta(days=1):%Y-%m-%d}"
    else:
        changed = text + "x"
    other.loc[row, value.name] = changed
    return _line(other, row)


@dataclass(frozen=True)
class Told:
    """Of one rule of one table: whether its check failed, the lines that it named, those that it had to name."""

    failed: bool
    named: frozenset[int] = frozenset()
    expected: frozenset[int] = frozenset()


def exercise(store: Store, contract: Contract) -> dict[tuple[str, bool], Told]:
    """Deliver files that only just keep, and that break, every rule; what is told, by rule and whether it is broken."""
    found: dict[tuple[str, bool], Told] = {}
    table = contract.table
    if not contract.may_be_empty:
        found["has_rows", True] = Told("has_rows" in _failed(store, contract))
    for name, broken, changes in (("kept.csv", False, KEPT), ("broken.csv", True, BROKEN)):
        content, lines = _with_changes(contract, changes)
        store.read(content, name, table=table)
        failed = _failed(store, contract)
        named: dict[str, set[int]] = {}
        for rule, line in store.rows(f"select rule, line from quarantine.{table} where name = ?", name):
            named.setdefault(rule, set()).add(line)
        for rule in changes:
            found[rule, broken] = Told(rule in failed, frozenset(named.get(rule, ())), frozenset(lines[rule]))
    if not contract.may_be_empty:
        found["has_rows", False] = Told("has_rows" in _failed(store, contract))
    frame = good_rows(contract)
    for broken in (False, True):
        other = frame.drop(columns=contract.required_names[-1]) if broken else frame.assign(colour="red")
        report = store.read(other, f"readable_{broken}.csv", table=table)
        failed = _failed(store, contract, report.problems, report.cut_off)
        found["payload_readable", broken] = Told("payload_readable" in failed)
        name = f"whole_{broken}.csv"
        store.read(frame, name, table=table)
        report = store.read(frame.drop(index=_removable(contract, frame, 12 if broken else 1)), name, table=table)
        cut_off = [problem for problem in report.cut_off if name in problem]
        found["removals_explained", broken] = Told("removals_explained" in _failed(store, contract, cut_off, cut_off))
    return {key: one for key, one in found.items() if key[0] in rules(contract)}


def _with_changes(contract: Contract, changes: dict[str, Change]) -> tuple[str, dict[str, set[int]]]:
    """A file with every change at the start, in the middle and at the end, and the lines of each."""
    frame = good_rows(contract)
    lines: dict[str, set[int]] = {}
    extra: list[str] = []
    for number, (rule, change) in enumerate(changes.items()):
        if rule not in rules(contract):
            lines[rule] = set()
            continue
        rows = (number, ROWS // 2 + number, ROWS - 1 - number)
        # a row as it stands in the file: the columns that a change adds come after
        added = [line for row in rows for line in change(contract, frame, row)]
        appended = {ROWS + 2 + len(extra) + k for k in range(len(added))}
        extra += added
        changed = {row + 2 for row in rows}
        lines[rule] = {"fields_complete": appended, "grain_unique": changed | appended}.get(rule, changed)
    width = len(good_rows(contract).columns)
    padding = "," * (len(frame.columns) - width)
    text = frame.to_csv(index=False, lineterminator="\n") + "".join(_padded(line, padding) for line in extra)
    return text, lines


def _padded(line: str, padding: str) -> str:
    return line + padding + "\n"


def _failed(
    store: Store, contract: Contract, problems: list[str] | None = None, cut_off: list[str] | None = None
) -> set[str]:
    checks = contract_check_results(store.connection, contract, problems or [], cut_off or [])
    return {check.check_id.removeprefix(f"{contract.table}__") for check in checks if not check.passed}


def _removable(contract: Contract, frame: pd.DataFrame, count: int) -> list[int]:
    """Rows of series that go on beside them, after the first day of each."""
    kept = frame.sort_values(contract.time_column).groupby(list(contract.series) or (lambda _: 0)).head(1).index
    return [int(row) for row in frame.index if row not in kept][-count:]


def rules(contract: Contract) -> list[str]:
    """Rules that all contracts share, of this table."""
    return ([] if contract.may_be_empty else ["has_rows"]) + [*BATCH_RULES, *ROW_RULES]


ALL = [(table, rule) for table, contract in CONTRACTS.items() for rule in rules(contract)]
