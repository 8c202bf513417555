"""Mart leverage against `vectors/05_leverage.json`, the figures of issue 4, and by hand."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.golden.fundamentals_case import DAY, GOOD_FACTS, VECTORS, Case, build, copy_of, row_of


@pytest.fixture(scope="module")
def vector() -> dict[str, Any]:
    file = VECTORS / "05_leverage.json"
    if not file.exists():
        pytest.skip(f"{file} is not there")
    return dict(json.loads(file.read_text()))


def hand_made(vector: dict[str, Any]) -> Case:
    case = Case()
    for row in vector["input"]:
        facts = {
            "shares_diluted": 1e6,
            "total_assets": 1e7,
            "total_equity": row["equity"],
            "long_term_debt": row["debt"],
        }
        facts |= {"cash_and_short_term_investments": row["cash"]}
        if not row["fin"]:
            facts |= {"operating_income": row["ebit"], "depreciation_amortization": row["ebit"] - row["ebitda"]}
            facts |= {"interest_expense_net": -row["intexp"], "floating_rate_debt": row["floating"]}
        case.hold("VECTOR", row["name"], weight_pct=100 / 6, sector="Financials" if row["fin"] else "Industrials")
        case.report(row["name"], facts)

    # net interest income, no line for debt, debt that was taken out, an expense with a plus
    for number in range(4):
        case.hold("SIGNS", f"SIGNS{number}", weight_pct=25.0)
    case.report("SIGNS0", GOOD_FACTS | {"interest_expense_net": 4e5})
    case.report("SIGNS1", {k: v for k, v in GOOD_FACTS.items() if not k.endswith("_debt")})
    case.report("SIGNS2", GOOD_FACTS | {"long_term_debt": -2e6})
    case.report("SIGNS3", GOOD_FACTS | {"interest_expense": 1e6})
    case.hold("BANKS", "BANK1", weight_pct=100.0, sector="Banks")
    case.report("BANK1", GOOD_FACTS)
    return case


@pytest.fixture(scope="module")
def cases(
    vector: dict[str, Any], real_data_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    warehouse = copy_of(real_data_dir, tmp_path_factory.mktemp("leverage"))
    nodes = build(warehouse, hand_made(vector))
    assert {status for status, _ in nodes.values()} == {"success", "pass"}, nodes
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        yield connection


def leverage(connection: duckdb.DuckDBPyConnection, basket: str, measure: str, day: str = DAY) -> dict[str, Any]:
    return row_of(connection, "marts.leverage", basket=basket, as_of_date=day, measure=measure)


@pytest.mark.parametrize(
    ("measure", "aggregate", "median", "not_meaningful"),
    [
        ("net_debt_to_ebitda", "net_debt_ebitda_agg", "net_debt_ebitda_median_pos", 20.0),
        ("net_debt_to_ebitda_excl_negative_ebitda", 415 / 160, "net_debt_ebitda_median_pos", 20.0),
        ("debt_to_equity", "debt_equity_agg", 1.0166666666666666, 20.0),
        ("ebit_to_interest", "coverage_agg", 4.0, 0.0),
        ("share_interest_not_covered", "pct_coverage_lt_1_count", None, 0.0),
        ("floating_share", "floating_share_debt_weighted", 50.0, 0.0),
    ],
)
def test_vector_05(
    cases: duckdb.DuckDBPyConnection, vector: dict[str, Any], measure: str, aggregate: Any, median: Any,
    not_meaningful: float,
) -> None:  # fmt: skip
    row = leverage(cases, "VECTOR", measure)
    assert row["aggregate_value"] == pytest.approx(vector.get(aggregate, aggregate), rel=1e-12)
    expected_median = vector.get(median, median)
    assert row["median_value"] == (None if expected_median is None else pytest.approx(expected_median, rel=1e-12))
    assert row["not_meaningful_pct"] == pytest.approx(not_meaningful)
    assert (row["companies"], row["coverage_pct"]) == (5, pytest.approx(100))


@pytest.mark.parametrize(
    ("basket", "aggregate", "median"), [("US_LARGE_500", 0.29, 0.27), ("US_SMALL_501_2500", 0.34, 0.18)]
)
def test_debt_to_assets_of_the_segments(real_build: Path, basket: str, aggregate: float, median: float) -> None:
    with duckdb.connect(str(real_build), read_only=True) as marts:
        row = leverage(marts, basket, "debt_to_assets", "2015-12-31")
    assert (row["aggregate_value"], row["median_value"]) == pytest.approx((aggregate, median), abs=0.01)
    assert row["coverage_pct"] > 98.9


def test_interest_signs_and_missing_debt(cases: duckdb.DuckDBPyConnection) -> None:
    interest = leverage(cases, "SIGNS", "ebit_to_interest")
    # 0.1 m, 0.1 m and 1 m are paid out of 0.8 m each; the first company earns interest
    assert interest["aggregate_value"] == pytest.approx(2.4 / 1.2)
    assert interest["not_meaningful_pct"] == 25.0
    assert leverage(cases, "SIGNS", "share_interest_not_covered")["aggregate_value"] == pytest.approx(100 / 3)
    debt = leverage(cases, "SIGNS", "debt_to_assets")
    # 3 m, nothing and 3 m of 10 m; the negative debt is not read as none
    assert debt["aggregate_value"] == pytest.approx(0.2)
    assert (debt["companies"], debt["coverage_pct"]) == (3, pytest.approx(75))
    assert debt["debt_free_by_silence_pct"] == pytest.approx(100 / 3)


def test_no_number_and_the_reason(cases: duckdb.DuckDBPyConnection) -> None:
    floating = leverage(cases, "SIGNS", "floating_share")
    assert (floating["aggregate_value"], floating["null_reason"]) == (
        None,
        "no data: the facts name no floating-rate debt",
    )
    banks = leverage(cases, "BANKS", "debt_to_assets")
    assert (banks["aggregate_value"], banks["coverage_pct"], banks["companies"]) == (None, 0.0, 0)
    assert banks["null_reason"] == "no valid facts of any company known on the day"
