"""Contracts of the fundamentals domain: what is wrong with a row by itself, before any basket is looked at."""

import pandas as pd
import pytest

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.contracts.validate import Validated, validate

FACTS = CONTRACTS["company_facts"]
HOLDINGS = CONTRACTS["fund_holdings"]
FACT = {
    "company_id": "1", "ticker": "A", "concept": "revenue", "fiscal_year": "2016", "period_type": "FY",
    "period_end": "2016-12-31", "filed_date": "2017-02-20", "value": "100", "available_at": "2017-02-20",
}  # fmt: skip
HOLDING = {
    "fund_symbol": "IWM", "as_of_date": "2017-05-26", "ticker": "A", "name": "A INC", "asset_class": "Equity",
    "weight_pct": "1.5", "shares": "10", "market_value_usd": "100", "price_usd": "10",
}  # fmt: skip


def check(contract, *rows: dict[str, str]) -> Validated:
    return validate(contract, pd.DataFrame(list(rows), dtype="string"), "files")


def found(valid: Validated) -> set[tuple[int, str, str]]:
    return set(valid.rejects[["row", "rule", "column_name"]].itertuples(index=False, name=None))


def test_good_rows_pass():
    assert found(check(FACTS, FACT)) == set()
    assert found(check(HOLDINGS, HOLDING)) == set()


def test_fact_filed_before_its_period_ended():
    valid = check(FACTS, FACT | {"filed_date": "2016-11-30", "available_at": "2016-11-30"}, FACT | {"company_id": "2"})
    assert found(valid) == {(0, "available_after_period", "period_end")}
    assert list(valid.rows.index) == [1]


def test_fact_known_before_its_filing():
    valid = check(FACTS, FACT | {"available_at": "2017-02-17"}, FACT | {"company_id": "2"})
    assert found(valid) == {(0, "known_after_filing", "filed_date")}
    assert "available 2017-02-17, before the filing of 2017-02-20" in valid.rejects["reason"].iloc[0]


@pytest.mark.parametrize("available", ["2017-02-20", "2023-06-30", "2017-02-20T00:00:00Z", None])
def test_fact_known_on_the_day_of_its_filing_or_later(available):
    assert found(check(FACTS, FACT | {"available_at": available})) == set()


def test_fact_without_a_stated_day_is_known_at_the_close_of_its_filing():
    [instant] = check(FACTS, {k: v for k, v in FACT.items() if k != "available_at"}).rows["first_available_at"]
    assert instant == pd.Timestamp("2017-02-20 21:00")


def test_same_ticker_twice_with_other_values_is_no_row():
    valid = check(HOLDINGS, HOLDING, HOLDING | {"market_value_usd": "200", "shares": "20"})
    assert found(valid) == {(0, "grain_unique", "ticker"), (1, "grain_unique", "ticker")}
    assert valid.rows.empty


@pytest.mark.parametrize("value", ["0", "-100"])
def test_value_that_is_not_positive_comes_in_and_is_judged_with_its_basket(value):
    assert found(check(HOLDINGS, HOLDING | {"market_value_usd": value})) == set()


def test_negative_debt_comes_in_so_that_it_does_not_read_as_no_debt():
    assert found(check(FACTS, FACT | {"concept": "long_term_debt", "value": "-5"})) == set()
