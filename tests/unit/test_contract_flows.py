"""Contract of fund_nav_shares: what is wrong with a row by itself goes into quarantine, with the reason."""

import pandas as pd
import pytest

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.contracts.tables.flows import date_as_share_count
from dagster_project.contracts.validate import validate

CONTRACT = CONTRACTS["fund_nav_shares"]


def rejects(nav: str, shares: str) -> list[tuple[str, str]]:
    """Column and rule of every reject of a row between two good ones."""
    rows = [("2026-03-30", "250.1", "281000000"), ("2026-03-31", nav, shares), ("2026-04-01", "251.2", "281050000")]
    text = pd.DataFrame(rows, columns=["as_of_date", "nav_usd", "shares_outstanding"], dtype="string")
    text.insert(0, "fund_symbol", pd.Series("IWM", index=text.index, dtype="string"))
    validated = validate(CONTRACT, text, "files")
    assert set(validated.rejects["row"]) <= {1}
    assert len(validated.rows) + len(set(validated.rejects["row"])) == 3
    return list(zip(validated.rejects["column_name"], validated.rejects["rule"], strict=True))


@pytest.mark.parametrize(
    "shares", ["281050000", "281050000.0", "20000000", "20260000", "19900000", "20261301", "20260230", "20260331.5"]
)
def test_share_counts_are_kept(shares: str) -> None:
    assert rejects("250.5", shares) == []


@pytest.mark.parametrize("shares", ["20260331", "20260331.0", "19900101", "20991231", "2.0260331e7"])
def test_a_date_is_no_share_count(shares: str) -> None:
    assert rejects("250.5", shares) == [("shares_outstanding", "shares_not_a_date")]


@pytest.mark.parametrize(
    ("nav", "shares", "expected"),
    [
        ("250.5", "0", [("shares_outstanding", "value_in_bounds")]),
        ("250.5", "-281000000", [("shares_outstanding", "value_in_bounds")]),
        ("250.5", "", [("shares_outstanding", "value_present")]),
        ("250.5", "n/a", [("shares_outstanding", "value_typed")]),
        ("0", "281000000", [("nav_usd", "value_in_bounds")]),
        ("", "281000000", [("nav_usd", "value_present")]),
    ],
)
def test_zero_and_empty(nav: str, shares: str, expected: list[tuple[str, str]]) -> None:
    assert set(expected) <= set(rejects(nav, shares))


def test_reason_says_what_came_and_what_was_expected() -> None:
    rows = pd.DataFrame({"shares_outstanding": [281000000.0, 20260331.0, None]}, index=[7, 8, 9])
    reasons = date_as_share_count(rows)
    assert list(reasons.index) == [7, 8, 9]
    assert reasons.isna().tolist() == [True, False, True]
    assert reasons[8] == ("shares_outstanding is the date 20260331, expected a number of shares: check the columns")
