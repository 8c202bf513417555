"""A frame of text against its contract: typed rows, rejected rows with reasons, or a refusal.

Belongs here: applying a contract to one payload; pure functions.
Does not belong here: comparison with what the warehouse already has (`warehouse.vintages`).
"""

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from dagster_project.contracts.availability import market_instant
from dagster_project.contracts.model import Column, Contract, RowRule

if TYPE_CHECKING:
    import pandas as pd
    from pandera.pandas import DataFrameSchema

OPTIONAL_EVERYWHERE = ("source", "available_at")
"""Columns that a file of any table may carry beside those of its contract."""


BROKEN_ROWS_ALLOWED = 3
BROKEN_SHARE_ALLOWED = 0.1
"""A service sends single bad rows; a column that slipped spoils all of them."""


INSTANTS_KNOWN = ("1900-01-01", "2199-12-31")
"""A stated instant outside of these is a slip of digits: `20170-05-24` is an ISO 8601 date as well."""


class RefusedError(Exception):
    """A payload breaks its contract as a whole; the message says what and what to do."""


@dataclass
class Validated:
    """Result of one payload. `rows` is typed: the contract's columns, `source`, `stated_available_at`
    (naive UTC, missing where the file says nothing) and `first_available_at` (by the contract's lag);
    its index are row numbers of the text frame. `rejects` has columns row, column_name, value, rule,
    reason: one row per problem, so a bad row may stand there twice. `present` has `source` and the
    grain of every row that names its key, rejected ones too: what is there, if faulty, was not removed."""

    rows: "pd.DataFrame"
    rejects: "pd.DataFrame"
    present: "pd.DataFrame"
    equal_duplicates: int = 0
    remarks: list[str] = field(default_factory=list)


def validate(
    contract: Contract, text: "pd.DataFrame", default_source: str, ragged: "pd.DataFrame | None" = None
) -> Validated:
    """Apply `contract` to a frame of text as `sources.table_file` gives it.

    Args:
        ragged: rows with too few or too many fields as far as they can be read; they count as present.

    Raises:
        RefusedError: a required column is missing, or there is not one row.
    """
    import pandas as pd

    missing = [name for name in contract.required_names if name not in text.columns]
    if missing:
        raise RefusedError(
            f"column {', '.join(missing)} is missing; expected {', '.join(contract.required_names)}, found "
            f"{', '.join(text.columns)}. Add it to the header."
        )
    if text.empty:
        raise RefusedError("there is a header but not one row. Deliver the file with its rows.")
    extra = [name for name in text.columns if name not in contract.column and name not in OPTIONAL_EVERYWHERE]
    remarks = [f"column {name} is not in the contract, left alone" for name in extra]
    typed, rejects = _typed(contract, text)
    if "source" not in contract.column:
        typed["source"] = _source(text, default_source)
    typed["stated_available_at"] = _stated_available_at(contract, text, typed, rejects)
    untyped = {(reject["row"], reject["column_name"]) for reject in rejects}
    rejects.extend(_schema_failures(contract, typed, untyped))
    rejects.extend(_too_early(contract, typed))
    good = _without(typed, rejects)
    for rule in contract.row_rules:
        rejects.extend(_rule_failures(rule, good))
    good = _without(good, rejects)
    good, conflicts, equal = _one_row_per_grain(contract, good)
    rejects.extend(conflicts)
    good["first_available_at"] = contract.availability.instants(good[contract.availability.column])
    frame = pd.DataFrame(rejects, columns=["row", "column_name", "value", "rule", "reason"])
    present = _keys(contract, typed)
    if ragged is not None and not ragged.empty:
        cut = ragged.reindex(columns=text.columns)
        shortened, _ = _typed(contract, cut)
        if "source" not in contract.column:
            shortened["source"] = _source(cut, default_source)
        present = pd.concat([present, _keys(contract, shortened)]).drop_duplicates()
    return Validated(good, frame, present, equal, remarks)


def refuse_other_shape(valid: Validated, rows: int) -> None:
    """Refuse what a service sent when so many rows break the contract that its shape has changed.

    Raises:
        RefusedError: more than a tenth of the rows is broken, and more than three.
    """
    broken = valid.rejects["row"].nunique()
    if broken > max(BROKEN_ROWS_ALLOWED, BROKEN_SHARE_ALLOWED * rows):
        first = valid.rejects.iloc[0]
        raise RefusedError(
            f"{broken} of {rows} rows break the contract, so the shape of the payload has changed; for example row "
            f"{first['row'] + 1}: {first['reason']}. See docs/live.md."
        )


def type_released(contract: Contract, text: "pd.DataFrame", default_source: str) -> "pd.DataFrame":
    """Rows that a person lets in although they break a rule: typed like `Validated.rows`, nothing else asked.

    Raises:
        RefusedError: a value cannot be typed, or a part of the key is missing: no decision makes that a row.
    """
    typed, rejects = _typed(contract, text)
    if "source" not in contract.column:
        typed["source"] = _source(text, default_source)
    typed["stated_available_at"] = _stated_available_at(contract, text, typed, rejects)
    keyless = typed.index[typed[list(contract.key)].isna().any(axis=1)]
    if rejects or len(keyless):
        reason = rejects[0]["reason"] if rejects else f"a part of its key ({', '.join(contract.grain)}) is empty"
        raise RefusedError(f"the row cannot be released: {reason}. Deliver it corrected.")
    typed["first_available_at"] = contract.availability.instants(typed[contract.availability.column])
    return typed


def _keys(contract: Contract, typed: "pd.DataFrame") -> "pd.DataFrame":
    return typed[list(contract.key)].dropna().drop_duplicates()


def _typed(contract: Contract, text: "pd.DataFrame") -> "tuple[pd.DataFrame, list[dict[str, Any]]]":
    """Every contract column in its type; what cannot be typed becomes missing and a reject."""
    import numpy as np
    import pandas as pd

    columns: dict[str, pd.Series[Any]] = {}
    rejects: list[dict[str, Any]] = []
    for column in contract.columns:
        raw = text.get(column.name)
        if raw is None:
            raw = pd.Series(column.default, index=text.index, dtype="string")
        raw = raw.str.strip()
        raw = raw.mask(raw == "")
        if column.kind == "text":
            columns[column.name] = raw
            continue
        if column.kind == "number":
            value = _numbers(raw)
            value = value.where(np.isfinite(value))
            expected = "a finite number"
        else:
            value = _dates(raw, column)
            expected = "a month YYYY-MM" if column.kind == "month" else "a date YYYY-MM-DD"
        columns[column.name] = value
        bad = raw.notna() & value.isna()
        rejects.extend(
            _reject(row, column.name, raw[row], "value_typed", f"{column.name} is {raw[row]!r}, expected {expected}")
            for row in raw.index[bad]
        )
    return pd.DataFrame(columns, index=text.index), rejects


def _numbers(raw: "pd.Series[Any]") -> "pd.Series[Any]":
    """Numbers, missing where there is none. Arrow is an order faster than pandas, but one value that is no number
    stops it: then pandas tells which."""
    import pandas as pd
    import pyarrow as pa

    try:
        parsed = pa.chunked_array(pa.array(raw)).cast(pa.float64())
        return pd.Series(parsed.to_numpy(), index=raw.index)
    except pa.ArrowInvalid:
        return pd.to_numeric(raw, errors="coerce").astype("float64")


def _dates(raw: "pd.Series[Any]", column: Column) -> "pd.Series[Any]":
    """ISO dates (a time of midnight is tolerated: spreadsheets and Parquet write one)."""
    import pandas as pd

    plain = raw.str.replace(r"[T ]00:00:00(\.0+)?$", "", regex=True)
    if column.kind == "month":
        plain = plain.str.replace(r"^(\d{4}-\d{2})$", r"\1-01", regex=True)
    iso = plain.where(plain.str.fullmatch(r"\d{4}-\d{2}-\d{2}").fillna(False))
    dates: pd.Series[Any] = pd.to_datetime(iso, format="%Y-%m-%d", errors="coerce").astype("datetime64[us]")
    return dates - pd.to_timedelta(dates.dt.day - 1, unit="D") if column.kind == "month" else dates


def _source(text: "pd.DataFrame", default_source: str) -> "pd.Series[Any]":
    if "source" not in text.columns:
        import pandas as pd

        return pd.Series(default_source, index=text.index, dtype="string")
    return text["source"].str.strip().fillna(default_source)


def _stated_available_at(
    contract: Contract, text: "pd.DataFrame", typed: "pd.DataFrame", rejects: list[dict[str, Any]]
) -> "pd.Series[Any]":
    """The instant that the file itself states. A bare date means the close of that day."""
    import pandas as pd

    stated = pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")
    if contract.vintage_column is not None:
        month_end = typed[contract.vintage_column] + pd.offsets.MonthEnd(0)
        stated = market_instant(month_end).astype("datetime64[us]")
    if "available_at" in text.columns:
        raw = text["available_at"].str.strip()
        bare = raw.str.fullmatch(r"\d{4}-\d{2}-\d{2}").fillna(False)
        days = pd.to_datetime(raw.where(bare), format="%Y-%m-%d", errors="coerce")
        instants = pd.to_datetime(raw.where(~bare), format="ISO8601", errors="coerce", utc=True).dt.tz_localize(None)
        given = market_instant(days).astype("datetime64[us]").fillna(instants.astype("datetime64[us]"))
        given = given.where(given.between(*INSTANTS_KNOWN))
        bad = raw.notna() & given.isna()
        rejects.extend(
            _reject(row, "available_at", raw[row], "value_typed",
                    f"available_at is {raw[row]!r}, expected a date or an ISO 8601 instant")
            for row in raw.index[bad]
        )  # fmt: skip
        stated = given.fillna(stated)
    return stated


@cache
def schema(contract_table: str) -> "DataFrameSchema":
    """The pandera schema that a contract declares (nulls, bounds, allowed values)."""
    from pandera.pandas import Check, DataFrameSchema
    from pandera.pandas import Column as SchemaColumn

    from dagster_project.contracts.tables import CONTRACTS

    def checks(column: Column) -> list[Check]:
        found = []
        if column.above is not None:
            found.append(Check.gt(column.above))
        if column.minimum is not None:
            found.append(Check.ge(_bound(column, column.minimum)))
        if column.maximum is not None:
            found.append(Check.le(_bound(column, column.maximum)))
        if column.allowed:
            found.append(Check.isin(list(column.allowed)))
        return found

    return DataFrameSchema(
        {c.name: SchemaColumn(nullable=not c.required, checks=checks(c)) for c in CONTRACTS[contract_table].columns}
    )


def _bound(column: Column, bound: float | str) -> Any:
    import pandas as pd

    return bound if column.kind == "number" else pd.Timestamp(bound)


def _schema_failures(contract: Contract, typed: "pd.DataFrame", untyped: set[tuple[int, str]]) -> list[dict[str, Any]]:
    """What the pandera schema finds; a value that was not even typed is not reported again as missing."""
    from pandera.errors import SchemaErrors

    try:
        schema(contract.table).validate(typed, lazy=True)
    except SchemaErrors as errors:
        failures = errors.failure_cases
    else:
        return []
    rejects = []
    for failure in failures.itertuples():
        column = contract.column[str(failure.column)]
        if failure.check == "not_nullable":
            if (int(failure.index), column.name) in untyped:
                continue
            rejects.append(_reject(failure.index, column.name, None, "value_present", f"{column.name} is empty"))
        else:
            value = failure.failure_case
            shown = f"{value:%Y-%m-%d}" if hasattr(value, "strftime") else value
            rejects.append(
                _reject(failure.index, column.name, shown, "value_in_bounds",
                        f"{column.name} is {shown}, expected {column.bounds}")
            )  # fmt: skip
    return rejects


def _too_early(contract: Contract, typed: "pd.DataFrame") -> list[dict[str, Any]]:
    """Rows that claim to have been available before the day they describe began."""
    if contract.availability.rule == "on" and contract.availability.column != contract.time_column:
        known = typed[contract.availability.column]
    else:
        known = typed["stated_available_at"]
    early = known < typed[contract.time_column]
    return [
        _reject(row, contract.time_column, f"{typed[contract.time_column][row]:%Y-%m-%d}", "available_after_period",
                f"available {known[row]:%Y-%m-%d}, before {contract.time_column} "
                f"{typed[contract.time_column][row]:%Y-%m-%d}")
        for row in typed.index[early.fillna(False)]
    ]  # fmt: skip


def _rule_failures(rule: RowRule, rows: "pd.DataFrame") -> list[dict[str, Any]]:
    reasons = rule.find(rows)
    return [
        _reject(row, rule.column, rows[rule.column][row], rule.name, reasons[row])
        for row in reasons.index[reasons.notna()]
    ]


def _one_row_per_grain(contract: Contract, rows: "pd.DataFrame") -> "tuple[pd.DataFrame, list[dict[str, Any]], int]":
    """Repeated keys with equal values are one row; with other values all of them are rejected."""
    key = [*contract.key, "stated_available_at"]
    repeated = rows.duplicated(key, keep=False)
    if not repeated.any():
        return rows, [], 0
    equal_to_earlier = rows[repeated].duplicated().reindex(rows.index, fill_value=False)
    distinct = rows[~equal_to_earlier]
    equal = len(rows) - len(distinct)
    conflict = distinct.duplicated(key, keep=False)
    names = ", ".join(contract.grain)
    reason = f"the same key ({names}) stands in the file with other values; keep the right row"
    shown = distinct[contract.grain[-1]]
    rejects = [_reject(row, contract.grain[-1], shown[row], "grain_unique", reason) for row in distinct.index[conflict]]
    return distinct[~conflict].copy(), rejects, equal


def _reject(row: Any, column: str, value: Any, rule: str, reason: str) -> dict[str, Any]:
    shown = None if value is None else f"{value:%Y-%m-%d}" if hasattr(value, "strftime") else str(value)
    return {"row": int(row), "column_name": column, "value": shown, "rule": rule, "reason": reason}


def _without(rows: "pd.DataFrame", rejects: list[dict[str, Any]]) -> "pd.DataFrame":
    return rows[~rows.index.isin([reject["row"] for reject in rejects])]
