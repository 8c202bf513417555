"""Valuation marts against answers that were worked out apart from this project, and on bad input.

Source of the answers: issue 4 and methodology section 4 (size segments, index fund), `vectors/04_valuation.json`,
and cases small enough to work out by hand.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from dagster_project import steps
from dagster_project.warehouse.quarantine import quarantined_rows
from tests.golden.fundamentals_case import DAY, GOOD_FACTS, VECTORS, Case, build, copy_of, row_of
from tests.helpers import files_settings

AS_KNOWN_MARTS = {
    "valuation": "basket, as_of_date, measure, method",
    "relative_valuation": "small_basket, large_basket, as_of_date, measure, method",
    "leverage": "basket, as_of_date, measure",
}
LATER_VINTAGE = "2023-06-01"


@pytest.fixture(scope="module")
def marts(real_build: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(real_build), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def real_warehouse(real_data_dir: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(real_data_dir / "warehouse" / "real.duckdb"), read_only=True) as connection:
        yield connection


# --- the real input


@pytest.mark.parametrize(
    ("basket", "day", "incl", "excl"),
    [
        ("US_LARGE_500", "2015-12-31", 19.5, 17.8),
        ("US_LARGE_500", "2018-12-31", 24.1, 20.9),
        ("US_LARGE_500", "2019-12-31", 27.1, 24.4),
        ("US_SMALL_501_2500", "2015-12-31", 34.9, 15.6),
        ("US_SMALL_501_2500", "2018-12-31", 31.2, 14.3),
        ("US_SMALL_501_2500", "2019-12-31", 43.4, 17.6),
    ],
)
def test_size_segments(marts: duckdb.DuckDBPyConnection, basket: str, day: str, incl: float, excl: float) -> None:
    key = {"basket": basket, "as_of_date": day, "measure": "pe_ttm"}
    assert row_of(marts, "marts.valuation", **key, method="incl_losses")["value"] == pytest.approx(incl, rel=0.02)
    row = row_of(marts, "marts.valuation", **key, method="excl_losses")
    assert row["value"] == pytest.approx(excl, rel=0.01)
    assert row["coverage_pct"] > 98.7
    assert (row["period_basis"], row["null_reason"]) == ("FY", None)


@pytest.mark.parametrize(
    ("day", "ticker", "rule"),
    [
        ("2015-12-31", "NSPR", "price_out_of_range"),
        ("2015-12-31", "WMGI", "price_out_of_range"),
        ("2015-12-31", "TTPH", "company_value_against_assets"),
        ("2019-12-31", "GWPH", "company_value_against_assets"),
    ],
)
def test_scale_errors_of_the_segments(
    real_warehouse: duckdb.DuckDBPyConnection, day: str, ticker: str, rule: str
) -> None:
    rows = real_warehouse.execute(
        "select rule from intermediate.int_fundamentals__excluded_positions "
        "where knowledge = 'as_known' and as_of_date = ? and ticker = ?",
        [day, ticker],
    ).fetchall()
    assert rows == [(rule,)]


@pytest.mark.parametrize("ticker", ["GE", "GOOG", "AMZN", "NVDA", "TSLA", "TTPH", "WMGI"])
def test_shares_rescaled_by_the_later_vintage(real_warehouse: duckdb.DuckDBPyConnection, ticker: str) -> None:
    rows = real_warehouse.execute(
        "select rule from intermediate.int_fundamentals__excluded_positions "
        "where knowledge = 'latest_vintage' and as_of_date = '2018-12-31' and ticker = ?",
        [ticker],
    ).fetchall()
    assert rows == [("shares_against_vintage_before",)]


def test_index_fund_as_known_has_no_facts(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        "select distinct value, earnings_yield_pct, coverage_pct, constituents from marts.valuation "
        "where basket = 'IVV' and measure = 'pe_ttm'"
    ).fetchall()
    assert rows == [(None, None, 0.0, 0)]


def test_index_fund_with_the_later_vintage(
    marts: duckdb.DuckDBPyConnection, real_warehouse: duckdb.DuckDBPyConnection
) -> None:
    key = {"basket": "IVV", "as_of_date": "2022-05-11", "measure": "pe_ttm", "method": "incl_losses"}
    row = row_of(marts, "marts.valuation_restated", **key)
    assert row["value"] == pytest.approx(21.84, abs=0.05)
    assert row["coverage_pct"] == pytest.approx(82.34, abs=0.1)
    assert row["error_rows"] == 12
    positions = (
        "from intermediate.int_fundamentals__positions where knowledge = 'latest_vintage' and basket = 'IVV' "
        "and as_of_date = '2022-05-11'"
    )
    # Berkshire's earnings of 2021 hold the gains of its portfolio: P/E 7.8
    without_berkshire = real_warehouse.execute(
        f"select sum(market_value_usd) / sum(owned_share * net_income_usd) {positions} and rule is null "
        "and ticker <> 'BRKB'"
    ).fetchall()
    assert without_berkshire[0][0] == pytest.approx(22.7, abs=0.1)
    caught = real_warehouse.execute(f"select ticker {positions} and rule = 'company_value_against_weight'").fetchall()
    split_since = {"GOOG", "GOOGL", "AMZN", "TSLA", "FTNT", "DXCM", "NDAQ", "TECH", "CPRT"}
    assert {ticker for (ticker,) in caught} == split_since | {"HSY", "DHI", "CTRA"}
    apart = real_warehouse.execute(f"select ticker {positions} and rule = 'not_equity' order by 1").fetchall()
    assert apart == [("ESM2",), ("UBFUT",), ("USD",), ("XTSLA",)]


def test_later_vintage_changes_no_row_of_a_day_before_it_was_available(
    marts: duckdb.DuckDBPyConnection, real_data_dir: Path, tmp_path: Path
) -> None:
    warehouse = copy_of(real_data_dir, tmp_path)
    with duckdb.connect(str(warehouse)) as connection:
        [(later,)] = connection.execute(
            "select count(*) from raw.company_facts where available_at >= ?", [LATER_VINTAGE]
        ).fetchall()
        assert later > 60_000
        connection.execute("delete from raw.company_facts where available_at >= ?", [LATER_VINTAGE])
    nodes = build(warehouse)
    assert {status for status, _ in nodes.values()} == {"success", "pass"}
    with duckdb.connect(str(warehouse), read_only=True) as without:
        for mart, order in AS_KNOWN_MARTS.items():
            query = f"select * from marts.{mart} where as_of_date < '2023-06-30' order by {order}"
            rows = marts.execute(query).fetchall()
            assert len(rows) >= 39
            then = without.execute(query).fetchall()
            assert len(rows) == len(then)
            for now_row, then_row in zip(rows, then, strict=True):
                # the engine adds in any order: the last digit of a sum is not fixed
                assert now_row == tuple(pytest.approx(v, rel=1e-12) if isinstance(v, float) else v for v in then_row)


def test_every_published_figure_is_there(marts: duckdb.DuckDBPyConnection) -> None:
    [(figures, computed, agreed)] = marts.execute(
        "select count(*), count(computed_value), count(*) filter (within_tolerance) from marts.reconciliation"
    ).fetchall()
    assert (figures, computed, agreed) == (54, 28, 24)
    apart = marts.execute(
        "select distinct topic from marts.reconciliation where not within_tolerance order by 1"
    ).fetchall()
    assert apart == [("fedwatch_2017-07-26_100_125",), ("fedwatch_hike_2017-06-14",)]


# --- by hand: one warehouse with a basket per case


def vector_basket(case: Case, vector: dict[str, Any]) -> None:
    total = sum(row["fm"] for row in vector["input"])
    for row in vector["input"]:
        case.hold("VECTOR", f"V{row['name']}", weight_pct=100 * row["fm"] / total, market_value_usd=row["fm"],
                  shares=row["fm"], price_usd=1.0)  # fmt: skip
        facts = {"net_income_common": row["ni"], "total_equity": row["book"], "revenue": row["sales"]}
        case.report(f"V{row['name']}", facts | {"shares_diluted": row["mcap"], "dividends_paid": -row["div"]})


@pytest.fixture(scope="module")
def vector() -> dict[str, Any]:
    file = VECTORS / "04_valuation.json"
    if not file.exists():
        pytest.skip(f"{file} is not there")
    return dict(json.loads(file.read_text()))


def hand_made(vector: dict[str, Any]) -> Case:
    case = Case()
    vector_basket(case, vector)
    case.basket("GOOD")

    case.basket("ZERO")
    case.position("ZERO", "ZERO3").update(market_value_usd=0.0, weight_pct=0.0)
    case.basket("NEGATIVE")
    case.position("NEGATIVE", "NEGATIVE3").update(market_value_usd=-1e7, weight_pct=-100 / 12)
    case.basket("W93", weight_pct=93 / 12)
    case.basket("W180", weight_pct=15.0)
    case.basket("TWICE")
    case.position("TWICE", "TWICE3")["ticker"] = "TWICE.4"
    case.basket("CASH")
    case.hold("CASH", "USD", name="USD CASH", weight_pct=5.0, market_value_usd=5e5, shares=5e5, price_usd=1.0)
    case.hold("CASH", "XTSLA", name="BLK CSH FND TREASURY", weight_pct=-5.0, market_value_usd=-5e5)

    case.basket("NOFACTS", prefix="NF")
    case.facts = [row for row in case.facts if not row["ticker"].startswith("NF")]

    # facts in thousands: the whole filing or the money alone, with and without a filing before
    thousandth = {concept: value / 1000 for concept, value in GOOD_FACTS.items()}
    money = thousandth | {"shares_diluted": 1e6}
    last_year = {"period_end": "2015-12-31", "filed": "2016-02-20"}
    case.basket("UNITS")
    case.facts = [row for row in case.facts if row["ticker"] not in ("UNITS0", "UNITS1", "UNITS2", "UNITS3")]
    case.report("UNITS0", GOOD_FACTS, **last_year)
    case.report("UNITS0", thousandth)
    case.report("UNITS1", thousandth)
    case.report("UNITS2", GOOD_FACTS, **last_year)
    case.report("UNITS2", money)
    case.report("UNITS3", money)

    case.basket("YEAREND")
    case.report("YEAREND3", GOOD_FACTS, period_end="2016-06-30", filed="2016-08-20")
    case.basket("EARLY")
    for row in case.facts:
        if row["ticker"] == "EARLY3":
            row.update(filed_date="2016-11-30", available_at="2016-11-30 21:00:00")
    case.basket("SAMETICKER")
    case.report("SAMETICKER3", GOOD_FACTS, company_id="another company")
    case.basket("OLD")
    for row in case.facts:
        if row["ticker"].startswith("OLD"):
            row.update(period_end="2016-02-26")
    case.basket("LOSSES")
    for row in case.facts:
        if row["ticker"].startswith("LOSSES") and row["concept"] == "net_income_common":
            row["value"] = -5e5 if row["ticker"] != "LOSSES3" else 5e5
    case.basket("THIN")
    case.facts = [
        row for row in case.facts if not row["ticker"].startswith("THIN") or row["ticker"] in ("THIN0", "THIN1")
    ]

    # four quarters, and two of them too old
    case.basket("QUARTERS")
    case.facts = [row for row in case.facts if row["ticker"] not in ("QUARTERS3", "QUARTERS4")]
    quarter = GOOD_FACTS | {"net_income_common": 2.5e5}
    for ticker, ends in (
        ("QUARTERS3", ("2016-06-30", "2016-09-30", "2016-12-31", "2017-03-31")),
        ("QUARTERS4", ("2016-03-31", "2016-06-30", "2016-09-30")),
    ):
        for number, end in enumerate(ends, start=1):
            case.report(ticker, quarter, period_end=end, filed="2017-05-10", period_type=f"Q{number}")

    # filers by IFRS and in another currency; of the last one it is known only later
    case.basket("UNREAD")
    unread = {"UNREAD3": "figures_by_ifrs", "UNREAD4": "figures_in_another_currency", "UNREAD5": "figures_by_ifrs"}
    case.facts = [row for row in case.facts if row["ticker"] not in unread]
    for ticker, concept in unread.items():
        known = "2017-06-30" if ticker == "UNREAD5" else None
        case.report(ticker, {concept: 40}, period_type="I", available=known)

    # a later vintage: shares after a 20-for-1 split and another result under the old filing date
    case.basket("VINTAGE")
    case.report("VINTAGE3", {"shares_diluted": 2e7, "net_income_common": 1e6}, available="2023-06-30")

    # share classes: half of each class of one company, half the earnings in all
    case.basket("CLASSES", weight_pct=100 / 13)
    for ticker in ("GOOG", "GOOGL"):
        case.hold("CLASSES", ticker, market_value_usd=5e6, shares=5e5, weight_pct=50 / 13)
    case.report("GOOG", GOOD_FACTS)

    # positions that contradict themselves or the others
    case.basket("ROWS", size=20)
    case.position("ROWS", "ROWS0").update(price_usd=5.0)
    case.position("ROWS", "ROWS1").update(weight_pct=8.0)
    case.position("ROWS", "ROWS2").update(weight_pct=2.0)
    case.position("ROWS", "ROWS3").update(price_usd=20_000.0, shares=500.0)
    case.position("ROWS", "ROWS4").update(price_usd=0.0)
    for row in case.facts:
        if row["ticker"] == "ROWS5" and row["concept"] == "shares_diluted":
            row["value"] = 2e6  # a 2-for-1 split that the price does not know
        if row["ticker"] == "ROWS6" and row["concept"] == "shares_diluted":
            row["value"] = 1.5e6  # a third in firm hands
        if row["ticker"] == "ROWS7" and row["concept"] == "shares_diluted":
            row["value"] = 2e6  # half in firm hands: no vintage was restated
    last_filing = {"period_end": "2015-12-31", "filed": "2016-02-20"}
    case.report("ROWS5", {"shares_diluted": 1e6}, **last_filing)
    case.report("ROWS5", {"shares_diluted": 2e6}, available="2017-02-20", **last_filing)

    # renamed: FB until 2022-06-08, META from then on; the facts say META
    filed = {"period_end": "2021-12-31", "filed": "2022-02-03"}
    for day in ("2022-06-08", "2022-06-09"):
        for ticker in ("FB", "META"):
            case.hold("RENAMED", ticker, day, weight_pct=50.0)
    case.report("META", GOOD_FACTS, available="2023-06-30", **filed)
    case.report("FB", GOOD_FACTS, company_id="id-META", **filed)

    # whole companies on 25 days: the small ones get dearer and cheaper; on the last day a count off by 100
    for number in range(25):
        day = str(np.datetime64("2017-03-01") + number)
        case.hold("US_LARGE_500", "LARGE", day, weight_pct=100.0)
        price = 10 + (number * 7) % 11
        off = 0.01 if number == 24 else 1
        weight = 100 / (1 + off)
        value = price * 1e6
        small = {"day": day, "price_usd": price}
        case.hold("US_SMALL_501_2500", "SMALL", **small, weight_pct=weight, market_value_usd=value)
        case.hold(
            "US_SMALL_501_2500", "OFF", **small, weight_pct=off * weight, market_value_usd=off * value, shares=off * 1e6
        )
    for ticker in ("LARGE", "SMALL", "OFF"):
        case.report(ticker, GOOD_FACTS)
    return case


@pytest.fixture(scope="module")
def cases(
    vector: dict[str, Any], real_data_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    warehouse = copy_of(real_data_dir, tmp_path_factory.mktemp("valuation"))
    nodes = build(warehouse, hand_made(vector))
    assert {status for status, _ in nodes.values()} == {"success", "pass"}, nodes
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        yield connection


def pe(cases: duckdb.DuckDBPyConnection, basket: str, method: str = "incl_losses", **other: Any) -> dict[str, Any]:
    key = {"basket": basket, "as_of_date": DAY, "measure": "pe_ttm", "method": method} | other
    return row_of(cases, "marts.valuation", **key)


def excluded(cases: duckdb.DuckDBPyConnection, basket: str, knowledge: str = "as_known") -> dict[str, str]:
    return dict(
        cases.execute(
            "select ticker, rule from intermediate.int_fundamentals__excluded_positions "
            "where basket = ? and knowledge = ? and as_of_date = ?",
            [basket, knowledge, DAY],
        ).fetchall()
    )


@pytest.mark.parametrize(
    ("measure", "method", "answer"),
    [
        ("pe_ttm", "incl_losses", "agg_incl_neg"),
        ("pe_ttm", "excl_losses", "agg_excl_neg_both_sides"),
        ("pe_ttm", "zero_losses", "zero_neg_earnings_keep_mcap"),
        ("pe_ttm", "harmonic_excl_losses_cap60", "harmonic_excl_neg_capped60"),
        ("pb", "incl_losses", "pb_agg_incl_neg_book"),
        ("pb", "excl_losses", "pb_excl_neg"),
        ("ps", "incl_losses", "ps"),
        ("dividend_yield_pct", "incl_losses", "dividend_yield_pct"),
    ],
)
def test_vector_04(
    cases: duckdb.DuckDBPyConnection, vector: dict[str, Any], measure: str, method: str, answer: str
) -> None:
    row = pe(cases, "VECTOR", method, measure=measure)
    assert row["value"] == pytest.approx(vector[answer], rel=1e-12)
    assert row["coverage_pct"] == pytest.approx(100)


def test_vector_04_yield_and_loss_makers(cases: duckdb.DuckDBPyConnection, vector: dict[str, Any]) -> None:
    row = pe(cases, "VECTOR")
    assert row["earnings_yield_pct"] == pytest.approx(vector["earnings_yield_pct"], rel=1e-12)
    assert row["loss_makers_pct"] == pytest.approx(vector["pct_loss_makers_by_count"])
    assert row["loss_makers_weight_pct"] == pytest.approx(vector["pct_loss_makers_by_weight"])
    assert (row["constituents"], pe(cases, "VECTOR", "excl_losses")["constituents"]) == (5, 4)


@pytest.mark.parametrize(
    ("basket", "value", "coverage", "constituents", "rules"),
    [
        ("GOOD", 20.0, 100.0, 12, {}),
        ("ZERO", 20.0, 100 * 11 / 12, 11, {"ZERO3": "value_not_positive"}),
        ("W93", 20.0, 93.0, 12, {}),
        ("TWICE", 20.0, 100 * 10 / 12, 10, {"TWICE.4": "duplicate_ticker", "TWICE4": "duplicate_ticker"}),
        ("CASH", 20.0, 100.0, 12, {"USD": "not_equity", "XTSLA": "not_equity"}),
        ("YEAREND", 20.0, 100 * 11 / 12, 11, {}),
        ("EARLY", 20.0, 100 * 11 / 12, 11, {"EARLY3": "filed_before_period_end"}),
        ("SAMETICKER", 20.0, 100 * 11 / 12, 11, {"SAMETICKER3": "ticker_of_two_companies"}),
        # 11 at 20 and one that earns four quarters of a quarter of a million; the other's last quarter is too old
        ("QUARTERS", 11 / (10 / 20 + 1 / 10), 100 * 11 / 12, 11, {"QUARTERS4": "no_valid_facts"}),
        (
            "UNREAD",
            20.0,
            100 * 9 / 12,
            9,
            {"UNREAD3": "figures_not_read", "UNREAD4": "figures_not_read", "UNREAD5": "no_company"},
        ),
        ("VINTAGE", 20.0, 100.0, 12, {}),
        ("CLASSES", 20.0, 100.0, 13, {}),
        (
            "UNITS",
            20.0,
            100 * 8 / 12,
            8,
            {
                "UNITS0": "shares_against_filings_before",
                "UNITS1": "company_value_against_weight",
                "UNITS2": "filing_in_another_unit",
                "UNITS3": "company_value_against_assets",
            },
        ),
        (
            "ROWS",
            # ROWS6 owns two thirds of a company of 15 m, ROWS7 half of one of 20 m
            14 / (12 / 20 + 1 / 30 + 1 / 40),
            70.0,
            14,
            {
                "ROWS0": "shares_times_price_against_value",
                "ROWS1": "weight_against_value",
                "ROWS2": "weight_against_value",
                "ROWS3": "price_out_of_range",
                "ROWS4": "price_not_positive",
                "ROWS5": "company_value_against_weight",
            },
        ),
    ],
)
def test_bad_rows_are_left_out_and_the_rest_counts(
    cases: duckdb.DuckDBPyConnection, basket: str, value: float, coverage: float, constituents: int,
    rules: dict[str, str],
) -> None:  # fmt: skip
    row = pe(cases, basket)
    assert excluded(cases, basket) == rules
    assert row["value"] == pytest.approx(value)
    assert row["constituents"] == constituents
    assert row["coverage_pct"] == pytest.approx(coverage)


@pytest.mark.parametrize(
    ("basket", "coverage", "reason"),
    [
        ("W180", 0.0, "weights add up to 180.0 %, outside 90 to 110"),
        ("NEGATIVE", 0.0, "weights add up to 83.33 %, outside 90 to 110"),
        ("NOFACTS", 0.0, "no valid earnings of any company known on the day"),
        ("OLD", 0.0, "no valid earnings of any company known on the day"),
        ("THIN", 100 * 2 / 12, "coverage 16.7 %, below 25"),
        ("LOSSES", 100.0, "sum of earnings is not above zero"),
    ],
)
def test_no_number_and_the_reason(cases: duckdb.DuckDBPyConnection, basket: str, coverage: float, reason: str) -> None:
    row = pe(cases, basket)
    assert (row["value"], row["null_reason"]) == (None, reason)
    assert row["coverage_pct"] == pytest.approx(coverage)
    # the yield survives losses, and nothing else does
    assert row["earnings_yield_pct"] == (pytest.approx(-5 * 10 / 12) if basket == "LOSSES" else None)


def test_a_company_whose_figures_are_not_read_is_named_with_the_reason(cases: duckdb.DuckDBPyConnection) -> None:
    told = cases.execute(
        "select ticker, rule_family, reason from intermediate.int_fundamentals__excluded_positions "
        "where basket = 'UNREAD' and knowledge = 'as_known' and rule = 'figures_not_read' order by ticker"
    ).fetchall()
    assert told == [
        ("UNREAD3", "not_mapped", "the company reports by IFRS: its figures are not read"),
        ("UNREAD4", "not_mapped", "the company reports in another currency than US dollars: its figures are not read"),
    ]


def test_facts_taken_out_of_a_filing_say_why(cases: duckdb.DuckDBPyConnection) -> None:
    facts = dict(
        cases.execute(
            "select company_id || ' ' || concept, rule from intermediate.int_fundamentals__excluded_facts "
            "where knowledge = 'as_known' and known_on = ?",
            [DAY],
        ).fetchall()
    )
    assert facts["id-YEAREND3 net_income_common"] == "fiscal_year_changed"
    assert "id-YEAREND3 total_assets" not in facts
    assert facts["id-UNITS2 net_income_common"] == "scale_against_filings_before"
    assert facts["id-UNITS2 total_assets"] == "scale_against_filings_before"
    assert facts["id-UNITS2 shares_diluted"] == "filing_in_another_unit"
    assert facts["id-EARLY3 revenue"] == "filed_before_period_end"


def test_judged_row_comes_in_once_a_person_releases_it(real_data_dir: Path, tmp_path: Path) -> None:
    settings = files_settings(tmp_path)
    shutil.copytree(real_data_dir / "archive", settings.data_dir / "archive")
    settings.warehouse_file.parent.mkdir()
    warehouse = copy_of(real_data_dir, settings.warehouse_file.parent)
    with duckdb.connect(str(warehouse)) as connection:
        held = {row.row_id: row for row in quarantined_rows(connection, "fund_holdings")}
        rules = {row.rule for row in quarantined_rows(connection)}
    assert {"company_value_against_assets", "shares_against_vintage_before", "price_out_of_range"} <= rules
    [row_id] = [key for key, row in held.items() if '"ticker":"TTPH"' in row.row_json]
    assert steps.decide_quarantine(settings, "release", [row_id], "tested") == 1
    assert {status for status, _ in build(warehouse).values()} == {"success", "pass"}
    with duckdb.connect(str(warehouse)) as connection:
        query = (
            "select rule from intermediate.int_fundamentals__positions where knowledge = 'as_known' and ticker = 'TTPH'"
        )
        assert (None,) in connection.execute(query).fetchall()
        assert row_id not in {row.row_id for row in quarantined_rows(connection)}


def test_later_vintage_is_caught_where_it_counts(cases: duckdb.DuckDBPyConnection) -> None:
    assert excluded(cases, "VINTAGE", "latest_vintage") == {"VINTAGE3": "shares_against_vintage_before"}
    row = row_of(cases, "marts.valuation_restated", basket="VINTAGE", measure="pe_ttm", method="incl_losses")
    assert (row["value"], row["constituents"]) == (pytest.approx(20), 11)
    assert row["coverage_pct"] == pytest.approx(100 * 11 / 12)


@pytest.mark.parametrize(
    ("day", "ticker", "company"),
    [
        ("2022-06-08", "FB", "id-META"),
        ("2022-06-08", "META", None),
        ("2022-06-09", "FB", None),
        ("2022-06-09", "META", "id-META"),
    ],
)
@pytest.mark.parametrize("knowledge", ["as_known", "latest_vintage"])
def test_renamed_company(
    cases: duckdb.DuckDBPyConnection, knowledge: str, day: str, ticker: str, company: str | None
) -> None:
    row = row_of(
        cases,
        "intermediate.int_fundamentals__positions",
        basket="RENAMED",
        as_of_date=day,
        ticker=ticker,
        knowledge=knowledge,
    )
    assert row["company_id"] == company
    assert row["rule"] == (None if company else "no_company")


def test_expanding_percentile_and_zscore(cases: duckdb.DuckDBPyConnection) -> None:
    rows = cases.execute(
        "select ratio, relative_earnings_yield, percentile, zscore, comparable_dates from marts.relative_valuation "
        "where measure = 'pe_ttm' and method = 'incl_losses' order by as_of_date"
    ).fetchall()
    prices = [10 + (number * 7) % 11 for number in range(25)]
    yields = np.array([10 / price for price in prices])
    assert len(rows) == 25
    for number, (ratio, relative, percentile, zscore, dates) in enumerate(rows):
        assert (ratio, relative) == pytest.approx((prices[number] / 10, yields[number]))
        assert dates == number
        if number < 20:
            assert (percentile, zscore) == (None, None)
        else:
            before = yields[:number]
            # equal up to the last digit, so the tie is decided as in the mart
            assert percentile == pytest.approx(100 * np.mean(before < yields[number] - 1e-9), abs=100 / number + 1e-9)
            assert zscore == pytest.approx((yields[number] - before.mean()) / before.std(ddof=1))


def test_count_off_by_a_hundred_against_the_basket_before(cases: duckdb.DuckDBPyConnection) -> None:
    rows = cases.execute(
        "select as_of_date, rule, reason from intermediate.int_fundamentals__excluded_positions "
        "where basket = 'US_SMALL_501_2500' and knowledge = 'as_known'"
    ).fetchall()
    [(day, rule, reason)] = rows
    assert (str(day), rule) == ("2017-03-25", "jump_by_a_round_factor")
    assert reason.startswith("shares 0.01 times")


def test_nothing_at_all_gives_empty_marts(real_data_dir: Path, tmp_path: Path) -> None:
    warehouse = copy_of(real_data_dir, tmp_path)
    nodes = build(warehouse, Case())
    assert {status for status, _ in nodes.values()} == {"success", "pass"}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for mart in (*AS_KNOWN_MARTS, "valuation_restated"):
            assert connection.execute(f"select count(*) from marts.{mart}").fetchall() == [(0,)]
