"""Every rule of every contract: the bad row is rejected with the rule and the column named, the good one is not."""

import math

import pandas as pd
import pytest

from dagster_project.contracts.model import BATCH_RULES, ROW_RULES, Column, Contract
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.contracts.validate import RefusedError, Validated, validate
from tests.helpers import REPO, good_row


def check(contract: Contract, *rows: dict[str, str | None]) -> Validated:
    text = pd.DataFrame(list(rows), columns=list(dict.fromkeys(name for row in rows for name in row)), dtype="string")
    return validate(contract, text, default_source="files")


def other_good_row(contract: Contract) -> dict[str, str]:
    """A good row with another key."""
    key = next(column for column in contract.columns if column.name in contract.grain)
    again = {"date": "2017-05-25", "month": "2017-06", "text": "10yr" if key.allowed else "SPY"}[key.kind]
    return good_row(contract) | {key.name: again}


def check_among_good(contract: Contract, row: dict[str, str | None]) -> Validated:
    """The row, with a good one of another key after it."""
    return check(contract, row, other_good_row(contract))


def found(valid: Validated) -> set[tuple[int, str, str]]:
    return {(row.row, row.rule, row.column_name) for row in valid.rejects.itertuples()}


def columns_of(*kinds: str) -> list[tuple[Contract, Column]]:
    return [
        (contract, column) for contract in CONTRACTS.values() for column in contract.columns if column.kind in kinds
    ]


def named(case: object) -> str | None:
    return case.table if isinstance(case, Contract) else case.name if isinstance(case, Column) else None


every_contract = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=named)
every_column = pytest.mark.parametrize(("contract", "column"), columns_of("text", "date", "month", "number"), ids=named)
every_number = pytest.mark.parametrize(("contract", "column"), columns_of("number"), ids=named)
every_day = pytest.mark.parametrize(("contract", "column"), columns_of("date", "month"), ids=named)


# --- generated over all contracts


@every_contract
def test_good_row_passes(contract: Contract):
    valid = check(contract, good_row(contract))
    assert found(valid) == set()
    assert len(valid.rows) == len(valid.present) == 1
    assert valid.rows["first_available_at"].notna().all()
    assert set(valid.rows.columns) == {*contract.names, "source", "stated_available_at", "first_available_at"}


@every_contract
def test_row_with_required_columns_only_passes(contract: Contract):
    row = {name: text for name, text in good_row(contract).items() if contract.column[name].required}
    valid = check(contract, row)
    assert found(valid) == set()
    assert len(valid.rows) == 1


@every_column
def test_empty_value(contract: Contract, column: Column):
    if column.required:
        bad = [good_row(contract) | {column.name: empty} for empty in (None, "", "   ")]
        valid = check(contract, *bad, other_good_row(contract))
        assert found(valid) == {(row, "value_present", column.name) for row in range(3)}
    else:
        for empty in (None, "", "   "):
            assert found(check_among_good(contract, good_row(contract) | {column.name: empty})) == set()


NO_NUMBERS = ["abc", "1,5", "12 %", "$3", "NaN", "nan", "inf", "-inf", "Infinity", "1e999", "N/A", "--", "1.2.3"]


@every_number
def test_text_in_a_number_column(contract: Contract, column: Column):
    """NaN and infinity are no numbers either."""
    valid = check(
        contract, *[good_row(contract) | {column.name: text} for text in NO_NUMBERS], other_good_row(contract)
    )
    assert {(row, "value_typed", column.name) for row in range(len(NO_NUMBERS))} <= found(valid)
    assert list(valid.rows.index) == [len(NO_NUMBERS)]
    reasons = valid.rejects[valid.rejects["rule"] == "value_typed"].set_index("row")["reason"]
    for row, text in enumerate(NO_NUMBERS):
        assert reasons[row] == f"{column.name} is {text!r}, expected a finite number"


@every_number
@pytest.mark.parametrize("text", ["inf", "1e999", "abc"])
def test_one_text_in_a_number_column(contract: Contract, column: Column, text):
    """Numbers are parsed all at once where they all are numbers: one that is none must not change the others."""
    valid = check_among_good(contract, good_row(contract) | {column.name: text})
    assert (0, "value_typed", column.name) in found(valid)
    assert valid.rows[column.name].tolist() == [float(other_good_row(contract)[column.name])]


NO_DATES = [
    "2017-02-30",
    "26.05.2017",
    "05/26/2017",
    "20170526",
    "2017-5-26",
    "yesterday",
    "2017-05-26T09:30:00",
    "42881",
]


@every_day
def test_text_in_a_date_column(contract: Contract, column: Column):
    valid = check(contract, *[good_row(contract) | {column.name: text} for text in NO_DATES], other_good_row(contract))
    assert {(row, "value_typed", column.name) for row in range(len(NO_DATES))} <= found(valid)
    assert list(valid.rows.index) == [len(NO_DATES)]


@pytest.mark.parametrize(
    "contract", [c for c in CONTRACTS.values() if any(k.kind == "number" and k.required for k in c.columns)], ids=named
)
def test_untyped_value_is_not_called_missing_as_well(contract: Contract):
    column = next(column for column in contract.columns if column.kind == "number" and column.required)
    assert found(check_among_good(contract, good_row(contract) | {column.name: "abc"})) == {
        (0, "value_typed", column.name)
    }


def outside(column: Column) -> list[str]:
    """Values just outside each bound."""
    if column.kind == "number":
        values = [column.minimum - 1e-6 * max(1, abs(column.minimum))] if column.minimum is not None else []
        values += [column.above, column.above - 1] if column.above is not None else []
        values += [column.maximum + 1e-6 * max(1, abs(column.maximum))] if column.maximum is not None else []
        return [repr(float(value)) for value in values]
    shift = pd.Timedelta(days=1) if column.kind == "date" else pd.DateOffset(months=1)
    days = [pd.Timestamp(column.minimum) - shift] if column.minimum else []
    days += [pd.Timestamp(column.maximum) + shift] if column.maximum else []
    return [f"{day:%Y-%m-%d}" for day in days]


def on_the_bound(column: Column) -> list[str]:
    return [str(bound) for bound in (column.minimum, column.maximum) if bound is not None]


BOUNDED = columns_of("number", "date", "month")


@pytest.mark.parametrize(
    ("contract", "column", "value"), [(c, k, v) for c, k in BOUNDED for v in outside(k)], ids=named
)
def test_value_outside_the_bounds(contract: Contract, column: Column, value):
    valid = check_among_good(contract, good_row(contract) | {column.name: value})
    assert (0, "value_in_bounds", column.name) in found(valid)
    assert list(valid.rows.index) == [1]
    [reason] = valid.rejects.loc[valid.rejects["rule"] == "value_in_bounds", "reason"]
    assert column.bounds in reason


@pytest.mark.parametrize(
    ("contract", "column", "value"), [(c, k, v) for c, k in BOUNDED for v in on_the_bound(k)], ids=named
)
def test_value_on_the_bound_is_within(contract: Contract, column: Column, value):
    rules = {
        (rule, name) for _, rule, name in found(check_among_good(contract, good_row(contract) | {column.name: value}))
    }
    assert not rules & {("value_in_bounds", column.name), ("value_typed", column.name)}


@pytest.mark.parametrize(
    ("contract", "column"), [(c, k) for c in CONTRACTS.values() for k in c.columns if k.allowed], ids=named
)
def test_value_that_is_not_allowed(contract: Contract, column: Column):
    for value in ("something", column.allowed[0].swapcase() + "?", "0"):
        valid = check(contract, good_row(contract) | {column.name: value})
        assert found(valid) == {(0, "value_in_bounds", column.name)}
    for value in column.allowed:
        assert found(check(contract, good_row(contract) | {column.name: value})) == set()


@every_contract
def test_missing_column_refuses_the_payload(contract: Contract):
    row = good_row(contract)
    for name in contract.required_names:
        with pytest.raises(RefusedError) as caught:
            check(contract, {other: text for other, text in row.items() if other != name})
        assert f"column {name} is missing" in str(caught.value)
        assert "Add it to the header" in str(caught.value)


@every_contract
def test_header_without_rows_refuses_the_payload(contract: Contract):
    with pytest.raises(RefusedError, match="not one row"):
        validate(contract, pd.DataFrame(columns=list(contract.names), dtype="string"), "files")


@every_contract
def test_unknown_column_is_a_remark(contract: Contract):
    valid = check(contract, good_row(contract) | {"colour": "red"})
    assert len(valid.rows) == 1
    assert valid.remarks == ["column colour is not in the contract, left alone"]


@every_contract
def test_equal_duplicates_are_one_row_and_conflicting_ones_are_none(contract: Contract):
    row = good_row(contract)
    valid = check(contract, row, dict(row), row)
    assert (len(valid.rows), valid.equal_duplicates, found(valid)) == (1, 2, set())
    other = next((c for c in contract.values if c.kind == "number" and c.name != "split_ratio"), None)
    if other is None:
        other = next(c for c in contract.values if c.kind == "date")
        changed = row | {other.name: "2017-05-27"}
    else:
        # a lower price would be an impossible bar; the volume is free
        name = "volume" if "volume" in contract.column else other.name
        changed = row | {name: f"{float(row[name]) + 0.001:.10g}"}
    valid = check(contract, row, changed)
    assert found(valid) == {(0, "grain_unique", contract.grain[-1]), (1, "grain_unique", contract.grain[-1])}
    assert valid.rows.empty
    assert len(valid.present) == 1


@every_contract
def test_row_available_before_its_period_began(contract: Contract):
    if contract.availability.column != contract.time_column:
        early = {contract.availability.column: "2017-05-25"}
    else:
        early = {"available_at": "2016-01-04"}
    assert found(check_among_good(contract, good_row(contract) | early)) == {
        (0, "available_after_period", contract.time_column)
    }


@pytest.mark.parametrize(
    "contract",
    CONTRACTS.values(),
    ids=named,
)
def test_file_whose_every_row_is_bad(contract: Contract):
    column = next(c for c in contract.columns if c.kind == "number" or (c.kind == "date" and c.required))
    valid = check(contract, good_row(contract) | {column.name: "abc"})
    assert valid.rows.empty
    assert set(valid.rejects["row"]) == {0}


@every_contract
def test_bad_rows_do_not_take_good_ones_with_them(contract: Contract):
    number = next((c for c in contract.columns if c.kind == "number"), None) or next(
        c for c in contract.columns if c.kind == "date" and c.name not in contract.grain
    )
    valid = check_among_good(contract, good_row(contract) | {number.name: "abc"})
    assert {row for row, _, _ in found(valid)} == {0}
    assert list(valid.rows.index) == [1]
    assert len(valid.present) == 2


@pytest.mark.parametrize("text", ["tomorrow", "2017-13-01", "26.05.2017"])
def test_available_at_that_is_no_instant(text):
    contract = CONTRACTS["daily_bars"]
    assert found(check_among_good(contract, good_row(contract) | {"available_at": text})) == {
        (0, "value_typed", "available_at")
    }


@every_number
def test_values_are_kept_exactly(contract: Contract, column: Column):
    value = float(good_row(contract)[column.name])
    kept = check(contract, good_row(contract) | {column.name: f" {value!r} "}).rows[column.name]
    assert kept.tolist() == [value]
    assert not math.isnan(kept.iloc[0])


# --- rules over several columns or rows

BARS = CONTRACTS["daily_bars"]


def bar(close: float, day: str = "2017-05-26", symbol: str = "IWM", **other: object) -> dict[str, str | None]:
    values = {"open": close, "high": close, "low": close, "close": close} | other
    return {"symbol": symbol, "session_date": day} | {name: str(value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("row", "is_bad"),
    [
        (bar(100, high=99), True),
        (bar(100, low=101), True),
        (bar(100, open=102, high=101), True),
        (bar(100, open=98, low=99), True),
        (bar(100, high=99, low=101), True),
        (bar(100, high=100.2, low=99.8, open=100.1), False),
        (bar(100), False),
        # vendors round to a millionth
        (bar(100, high=99.99995), False),
        (bar(100, high=99.9998), True),
    ],
)
def test_impossible_bar(row, is_bad):
    assert found(check(BARS, row)) == ({(0, "bar_possible", "high")} if is_bad else set())


def path(*closes: float, symbol: str = "IWM", **other: object) -> list[dict[str, str | None]]:
    days = pd.bdate_range("2017-03-01", periods=len(closes))
    return [bar(close, f"{day:%Y-%m-%d}", symbol, **other) for day, close in zip(days, closes, strict=True)]


@pytest.mark.parametrize("ratio", [2, 3, 4, 5, 10, 20])
@pytest.mark.parametrize("direction", [1, -1])
def test_unmarked_split_rejects_the_rows_on_the_new_scale(ratio, direction):
    new = 100.0 / ratio**direction
    valid = check(BARS, *path(100, 100.5, new, new * 1.01, new * 0.99))
    assert found(valid) == {(row, "splits_marked", "close") for row in (2, 3, 4)}
    reason = valid.rejects["reason"].iloc[0]
    assert "2017-03-03" in reason
    assert "split_ratio" in reason


@pytest.mark.parametrize("ratio", [2.0, 0.1])
def test_marked_split_passes(ratio):
    rows = path(100, 100, 100 / ratio, 100 / ratio)
    rows[2] |= {"split_ratio": str(ratio)}
    assert found(check(BARS, *rows)) == set()


def test_spike_of_one_day_condemns_only_itself():
    assert {row for row, _, _ in found(check(BARS, *path(100, 101, 50.5, 101, 102)))} == {2}


@pytest.mark.parametrize("closes", [(100, 87, 90), (100, 60, 61), (100, 130, 128)])
def test_crash_is_no_split(closes):
    assert found(check(BARS, *path(*closes))) == set()


def test_index_has_no_shares_to_split():
    assert found(check(BARS, *path(20, 40, 41, symbol="^VIX"))) == set()


def test_unmarked_split_of_rows_in_any_order():
    rows = path(100, 100, 50, 50)
    valid = check(BARS, *[rows[position] for position in (3, 0, 2, 1)])
    assert {row for row, _, _ in found(valid)} == {0, 2}


@pytest.mark.parametrize(
    "own_move",
    [-0.019, 0.0, 0.019,
     0.021,
     -0.04],
)  # fmt: skip
def test_unmarked_split_on_a_day_that_also_moved(own_move):
    new = 50 * (1 + own_move)
    assert {row for row, _, _ in found(check(BARS, *path(100, 100, new, new)))} == {2, 3}


def test_settlement_after_its_month():
    contract = CONTRACTS["fed_funds_futures"]
    row = good_row(contract) | {"contract_month": "2017-05"}
    assert found(check(contract, row | {"session_date": "2017-05-31"})) == set()
    assert found(check(contract, row | {"session_date": "2017-06-01"})) == {(0, "not_after_expiry", "session_date")}


@pytest.mark.parametrize(
    ("lower", "upper", "is_bad"), [("1", "0.75", True), ("0.75", "1", False), ("1", "1", False), ("1", "", False)]
)
def test_target_range(lower, upper, is_bad):
    contract = CONTRACTS["policy_rates"]
    row = good_row(contract) | {"target_lower_pct": lower, "target_upper_pct": upper}
    assert found(check(contract, row)) == ({(0, "target_upright", "target_lower_pct")} if is_bad else set())


@pytest.mark.parametrize(
    ("shares", "is_bad"),
    [("20260331", True), ("20260300", False), ("20261332", False), ("250000000", False), ("20260331.5", False)],
)
def test_share_count_that_is_a_date(shares, is_bad):
    contract = CONTRACTS["fund_nav_shares"]
    row = good_row(contract) | {"shares_outstanding": shares}
    assert found(check(contract, row)) == ({(0, "shares_not_a_date", "shares_outstanding")} if is_bad else set())


# --- far dates: the calendar must not break the file


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("policy_rates", "rate_date", "1954-07-01"),
        ("policy_rates", "rate_date", "2100-12-31"),
        ("fund_nav_shares", "as_of_date", "2100-12-31"),
        ("company_facts", "filed_date", "9999-12-31"),
        ("fed_funds_futures", "contract_month", "9999-12"),
        ("index_fundamentals", "vintage", "9999-12"),
    ],
)
def test_date_at_the_edge_of_time_is_taken_or_rejected(table, column, value):
    valid = check(CONTRACTS[table], good_row(CONTRACTS[table]) | {column: value})
    assert len(valid.rows) + len(valid.rejects) >= 1


def test_every_rule_is_named_in_a_test():
    """A rule that is new must get a test, here or in the file of its domain."""
    written = "".join(path.read_text(encoding="utf-8") for path in (REPO / "tests").rglob("test_*.py"))
    rules = {*BATCH_RULES, *ROW_RULES} | {rule.name for c in CONTRACTS.values() for rule in c.row_rules}
    assert sorted(rule for rule in rules if f'{rule}"' not in written) == []
