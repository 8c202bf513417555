"""Fundamentals of the sample: against the contracts, and the published ratios recomputed here with plain pandas.

Aggregate P/E is the market value of the positions over the earnings they own, losses included; net debt to EBITDA is a
ratio of sums without financials (methodology, sections 4 and 5). A position owns shares held over diluted shares.
"""

import csv
import io
import subprocess
import sys
from pathlib import Path

import exchange_calendars
import numpy as np
import pandas as pd
import pytest

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.contracts.validate import validate
from dagster_project.sources.sample import SampleSource

ROOT = Path(__file__).resolve().parents[2]
ANCHORS = ROOT / "data" / "sample" / "anchors.csv"
TABLES = ("fund_holdings", "company_facts", "index_fundamentals")
FUNDS = {"IWM": 150, "IVV": 100}
CONCEPTS = {
    "cash_and_short_term_investments", "depreciation_amortization", "interest_expense_net", "long_term_debt",
    "net_income_common", "operating_income", "revenue", "shares_diluted", "short_term_debt", "total_assets",
    "total_equity",
}  # fmt: skip


def fetch(table: str) -> bytes:
    source = SampleSource()
    (ref,) = source.plan([table]).payloads
    return source.fetch(ref).content


def published(series: str) -> float:
    with ANCHORS.open(encoding="utf-8", newline="") as file:
        return next(float(row["value"]) for row in csv.DictReader(file) if row["series"] == series)


@pytest.fixture(scope="module")
def payloads() -> dict[str, bytes]:
    return {table: fetch(table) for table in TABLES}


@pytest.fixture(scope="module")
def holdings(payloads: dict[str, bytes]) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(payloads["fund_holdings"]), parse_dates=["as_of_date"])


@pytest.fixture(scope="module")
def facts(payloads: dict[str, bytes]) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(payloads["company_facts"]), parse_dates=["period_end", "filed_date"])


@pytest.fixture(scope="module")
def index(payloads: dict[str, bytes]) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(payloads["index_fundamentals"])).set_index("month")


def basket(holdings: pd.DataFrame, facts: pd.DataFrame, fund: str, day: str) -> pd.DataFrame:
    """Shares of one fund on one day beside the figures of the last fiscal year filed by then."""
    held = holdings[(holdings["fund_symbol"] == fund) & (holdings["as_of_date"] == day)]
    known = facts[facts["filed_date"] <= day]
    last = known[known["period_end"] == known.groupby("ticker")["period_end"].transform("max")]
    figures = last.pivot(index="ticker", columns="concept", values="value")
    rows = held[held["asset_class"] == "Equity"].merge(figures, left_on="ticker", right_index=True)
    rows["owned"] = rows["shares"] / rows["shares_diluted"]
    rows["debt"] = rows["long_term_debt"] + rows["short_term_debt"]
    rows["net_debt"] = rows["debt"] - rows["cash_and_short_term_investments"]
    rows["ebitda"] = rows["operating_income"] + rows["depreciation_amortization"]
    return rows


def ratio(rows: pd.DataFrame, above: str, below: str) -> float:
    return float((rows["owned"] * rows[above]).sum() / (rows["owned"] * rows[below]).sum())


# The tables


@pytest.mark.parametrize("table", TABLES)
def test_another_process_gives_the_same_bytes(payloads: dict[str, bytes], table: str) -> None:
    code = (
        "import sys\n"
        "from dagster_project.sources.sample import SampleSource\n"
        "source = SampleSource()\n"
        f"ref, = source.plan(['{table}']).payloads\n"
        "sys.stdout.buffer.write(source.fetch(ref).content)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout == payloads[table] == fetch(table)


@pytest.mark.parametrize("table", TABLES)
def test_every_row_passes_its_contract(payloads: dict[str, bytes], table: str) -> None:
    text = pd.read_csv(io.BytesIO(payloads[table]), dtype="string", keep_default_na=False)
    valid = validate(CONTRACTS[table], text, "sample")
    assert valid.rejects.empty, valid.rejects.head()
    assert len(valid.rows) == len(text)
    assert valid.equal_duplicates == 0
    assert valid.remarks == []
    assert (text != "").all().all()


def test_companies_and_funds_say_that_they_are_simulated(holdings: pd.DataFrame, facts: pd.DataFrame) -> None:
    shares = holdings[holdings["asset_class"] == "Equity"]
    assert shares["name"].str.fullmatch(r"Simulated (small|large) company \d{3}").all()
    assert shares["ticker"].str.fullmatch(r"SIM[SL]\d{3}").all()
    assert facts["company_id"].str.fullmatch(r"SIM-[SL]\d{3}").all()
    assert set(facts["ticker"]) == set(shares["ticker"])
    assert (facts["company_id"].str.replace("-", "") == facts["ticker"]).all()


# Holdings


def test_holdings_are_of_the_last_session_of_each_quarter(holdings: pd.DataFrame) -> None:
    calendar = exchange_calendars.get_calendar("XNYS", start="2015-10-01", end="2017-12-29")
    sessions = calendar.sessions.tz_localize(None).to_series()
    ends = sessions.groupby(sessions.dt.to_period("Q")).max().tolist()
    for _, held in holdings.groupby("fund_symbol"):
        assert sorted(held["as_of_date"].unique()) == ends
    assert len(ends) == 9


def test_weights_add_up_and_values_are_shares_times_price(holdings: pd.DataFrame) -> None:
    baskets = holdings.groupby(["fund_symbol", "as_of_date"])
    assert baskets["weight_pct"].sum().to_numpy() == pytest.approx(100, abs=1e-4)
    product = holdings["shares"] * holdings["price_usd"]
    assert product.to_numpy() == pytest.approx(holdings["market_value_usd"].to_numpy(), abs=0.006)
    implied = 100 * holdings["market_value_usd"] / baskets["market_value_usd"].transform("sum")
    assert implied.to_numpy() == pytest.approx(holdings["weight_pct"].to_numpy(), abs=1e-4)
    assert holdings["weight_pct"].between(0, 10).all()
    sizes = baskets["asset_class"].value_counts().unstack()
    assert (sizes["Cash"] == 1).all()
    assert {fund: set(size["Equity"]) for fund, size in sizes.groupby("fund_symbol")} == {
        fund: {count} for fund, count in FUNDS.items()
    }


@pytest.mark.parametrize(("fund", "symbol"), [("IWM", "IWM"), ("IVV", "^GSPC")])
def test_prices_follow_the_fund(holdings: pd.DataFrame, fund: str, symbol: str) -> None:
    bars = pd.read_csv(io.BytesIO(fetch("daily_bars")), parse_dates=["session_date"])
    closes = bars[bars["symbol"] == symbol].set_index("session_date")["close"]
    held = holdings[(holdings["fund_symbol"] == fund) & (holdings["asset_class"] == "Equity")]
    prices = held.pivot(index="as_of_date", columns="ticker", values="price_usd")
    cap = prices.loc["2017-09-29"] * held.pivot(index="as_of_date", columns="ticker", values="shares").loc["2017-09-29"]
    level = (prices / prices.loc["2017-09-29"]) @ (cap / cap.sum())
    fund_level = closes.reindex(prices.index) / closes["2017-09-29"]
    assert (level / fund_level - 1).abs().max() < 0.02
    assert prices.gt(1).all().all()


@pytest.mark.parametrize("fund", FUNDS)
def test_a_fund_owns_a_plausible_and_even_share_of_its_companies(
    holdings: pd.DataFrame, facts: pd.DataFrame, fund: str
) -> None:
    for day in holdings["as_of_date"].unique():
        rows = basket(holdings, facts, fund, str(day))
        assert len(rows) == FUNDS[fund]
        assert rows["owned"].between(0.003, 0.03).all()
        assert (rows["owned"] / rows["owned"].median()).between(1 / 1.5, 1.5).all()


# Facts


def test_every_company_has_every_figure_of_three_years(facts: pd.DataFrame) -> None:
    assert set(facts["concept"]) == CONCEPTS
    assert set(facts["period_type"]) == {"FY"}
    counts = facts.groupby(["company_id", "fiscal_year"])["concept"].nunique().unstack()
    assert counts.shape == (sum(FUNDS.values()), 3)
    assert list(counts.columns) == [2014, 2015, 2016]
    assert (counts == len(CONCEPTS)).all().all()


def test_facts_are_filed_on_weekdays_about_two_months_after_the_period(facts: pd.DataFrame) -> None:
    lag = (facts["filed_date"] - facts["period_end"]).dt.days
    assert lag.between(58, 75).all()
    assert (facts["filed_date"].dt.day_of_week < 5).all()
    assert facts.groupby(["company_id", "fiscal_year"])["filed_date"].nunique().eq(1).all()
    december = (facts["period_end"].dt.month == 12) & (facts["period_end"].dt.day == 31)
    assert 0.7 < december.mean() < 0.9
    assert (facts["period_end"] + pd.offsets.Day(1)).dt.day.eq(1).all()
    assert facts["filed_date"].max() < pd.Timestamp("2017-05-01")


def test_figures_fit_together(facts: pd.DataFrame) -> None:
    wide = facts.pivot(index=["company_id", "fiscal_year"], columns="concept", values="value")
    debt = wide["long_term_debt"] + wide["short_term_debt"]
    positive = ["cash_and_short_term_investments", "depreciation_amortization", "long_term_debt", "revenue",
                "shares_diluted", "short_term_debt", "total_assets", "total_equity"]  # fmt: skip
    assert (wide[positive] > 0).all().all()
    assert (wide["interest_expense_net"] < 0).all()  # a cost, signed as in an income statement
    assert (-wide["interest_expense_net"] / debt).between(0.02, 0.08).all()
    assert (debt + wide["total_equity"] <= wide["total_assets"]).all()
    before_tax = wide["operating_income"] + wide["interest_expense_net"]
    profit = wide["net_income_common"] > 0
    assert wide["net_income_common"][profit].to_numpy() == pytest.approx(0.7 * before_tax[profit].to_numpy(), abs=5e3)
    assert wide["net_income_common"][~profit].to_numpy() == pytest.approx(before_tax[~profit].to_numpy(), abs=5e3)
    by_year = wide.drop(columns=["net_income_common", "operating_income"]).unstack()
    for concept in by_year.columns.levels[0].intersection(wide.columns):
        growth = by_year[concept][2016] / by_year[concept][2014]
        assert growth.between(0.5, 2).all(), concept


# Pins


@pytest.mark.parametrize(("fund", "series"), [("IWM", "russell2000_pe_trailing"), ("IVV", "sp500_pe_trailing")])
def test_price_to_earnings_is_the_published_one(
    holdings: pd.DataFrame, facts: pd.DataFrame, fund: str, series: str
) -> None:
    rows = basket(holdings, facts, fund, "2017-09-29")
    earnings = (rows["owned"] * rows["net_income_common"]).sum()
    assert rows["market_value_usd"].sum() / earnings == pytest.approx(published(series), rel=0.005)


@pytest.mark.parametrize("fund", FUNDS)
def test_earnings_are_above_zero_and_cheaper_without_losses_on_every_day(
    holdings: pd.DataFrame, facts: pd.DataFrame, fund: str
) -> None:
    for day in holdings["as_of_date"].unique():
        rows = basket(holdings, facts, fund, str(day))
        owned = rows["owned"] * rows["net_income_common"]
        profit = rows["net_income_common"] > 0
        including = rows["market_value_usd"].sum() / owned.sum()
        excluding = rows["market_value_usd"][profit].sum() / owned[profit].sum()
        assert 10 < excluding < including < 150


def test_a_third_of_the_small_companies_makes_a_loss(holdings: pd.DataFrame, facts: pd.DataFrame) -> None:
    small = basket(holdings, facts, "IWM", "2017-12-29")["net_income_common"] < 0
    large = basket(holdings, facts, "IVV", "2017-12-29")["net_income_common"] < 0
    assert 100 * small.mean() == pytest.approx(published("russell2000_loss_makers"), abs=0.7)
    assert 0 < large.mean() < 0.1


@pytest.mark.parametrize("day", ["2017-09-29", "2017-12-29"])
def test_debt_is_the_published_one_without_financials(holdings: pd.DataFrame, facts: pd.DataFrame, day: str) -> None:
    debt_to_assets = {}
    for fund, index_name in (("IWM", "russell2000"), ("IVV", "sp500")):
        rows = basket(holdings, facts, fund, day)
        financial = rows["sector"] == "Financials"
        assert financial.mean() == pytest.approx(0.15, abs=0.01)
        rows = rows[~financial]
        expected = published(f"{index_name}_debt_to_ebitda_ex_financials")
        assert ratio(rows, "net_debt", "ebitda") == pytest.approx(expected, rel=0.02)
        debt_to_assets[fund] = ratio(rows, "debt", "total_assets")
    assert 0.2 < debt_to_assets["IVV"] < debt_to_assets["IWM"] < 0.5


# The index


def test_index_months_and_the_pinned_ratio(index: pd.DataFrame) -> None:
    assert list(index.index) == pd.period_range("2015-12", "2017-12", freq="M").astype(str).tolist()
    assert index.loc["2017-09", "pe_ttm"] == pytest.approx(published("sp500_pe_trailing"), rel=1e-4)
    assert (index["price"] / index["earnings"]).to_numpy() == pytest.approx(index["pe_ttm"].to_numpy(), abs=1e-5)
    implied = 100 * index["dividend"] / index["price"]
    assert implied.to_numpy() == pytest.approx(index["dividend_yield_pct"].to_numpy(), abs=1e-5)
    assert index["cape"].between(25, 32.5).all()
    assert np.polyfit(np.arange(len(index)), index["cape"], 1)[0] > 0.15
    assert index["cape"].iloc[[0, -1]].tolist() == [26, 32]


def test_index_prices_and_yields_are_averages_of_the_months_days(index: pd.DataFrame) -> None:
    bars = pd.read_csv(io.BytesIO(fetch("daily_bars")), parse_dates=["session_date"])
    closes = bars[(bars["symbol"] == "^GSPC") & (bars["session_date"] >= "2015-12-01")]
    prices = closes.groupby(closes["session_date"].dt.strftime("%Y-%m"))["close"].mean()
    assert index["price"].to_numpy() == pytest.approx(prices.to_numpy(), abs=0.006)
    yields = pd.read_csv(io.BytesIO(fetch("treasury_yields")), parse_dates=["rate_date"])
    ten = yields[(yields["tenor"] == "10yr") & (yields["rate_date"] >= "2015-12-01")]
    means = ten.groupby(ten["rate_date"].dt.strftime("%Y-%m"))["par_yield_pct"].mean()
    assert index["gs10"].to_numpy() == pytest.approx(means.to_numpy(), abs=0.006)
