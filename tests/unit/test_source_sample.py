"""The sample source as a source: what it offers, that it repeats itself, and its daily bars.

Expected values come from `data/sample/anchors.csv` read with `csv`, from the exchange calendar, or from arithmetic
written out here; nothing of the simulation's own code is used but `plan` and `fetch`.
"""

import csv
import hashlib
import io
import subprocess
import sys
from pathlib import Path

import exchange_calendars
import numpy as np
import pandas as pd
import pytest

from dagster_project.sources.base import PayloadRef, Source, SourceError
from dagster_project.sources.sample import SampleSource

ROOT = Path(__file__).resolve().parents[2]
ANCHORS = ROOT / "data" / "sample" / "anchors.csv"

# Columns of the design's contract table, and the grain of each table.
CONTRACT = {
    "daily_bars": (
        ["symbol", "session_date", "open", "high", "low", "close", "volume", "dividend", "split_ratio"],
        ["symbol", "session_date"],
    ),
    "fund_nav_shares": (
        ["fund_symbol", "as_of_date", "nav_usd", "shares_outstanding", "distribution_usd"],
        ["fund_symbol", "as_of_date"],
    ),
    "fed_funds_futures": (
        ["contract_month", "session_date", "settle", "volume", "open_interest"],
        ["contract_month", "session_date"],
    ),
    "policy_rates": (["rate_date", "effr_pct", "target_lower_pct", "target_upper_pct"], ["rate_date"]),
    "treasury_yields": (["rate_date", "tenor", "par_yield_pct"], ["rate_date", "tenor"]),
    "published_figures": (
        ["topic", "as_of", "value", "unit", "source", "url"],
        ["topic", "as_of", "source"],
    ),
}


def fetch_all(source: SampleSource) -> dict[str, bytes]:
    return {ref.table: source.fetch(ref).content for ref in source.plan(CONTRACT).payloads}


@pytest.fixture(scope="module")
def payloads() -> dict[str, bytes]:
    return fetch_all(SampleSource())


@pytest.fixture(scope="module")
def bars(payloads: dict[str, bytes]) -> pd.DataFrame:
    """Bars of indices and funds; those of members are tested in test_source_sample_members."""
    rows = pd.read_csv(io.BytesIO(payloads["daily_bars"]), parse_dates=["session_date"])
    return rows[~rows["symbol"].str.startswith("SIM")]


@pytest.fixture(scope="module")
def closes(bars: pd.DataFrame) -> pd.DataFrame:
    return bars.pivot(index="session_date", columns="symbol", values="close")


@pytest.fixture(scope="module")
def anchors() -> list[dict[str, str]]:
    with ANCHORS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def percent(closes: pd.DataFrame, symbol: str, base: str, day: str) -> float:
    return float(100 * (closes.at[pd.Timestamp(day), symbol] / closes.at[pd.Timestamp(base), symbol] - 1))


# The source


def test_it_is_a_simulated_source() -> None:
    source: Source = SampleSource()
    assert source.mode == "sample"
    assert source.is_simulated is True


def test_plan_offers_one_csv_per_table_it_can_simulate_and_names_the_others() -> None:
    plan = SampleSource().plan(["daily_bars", "fomc_meetings", "policy_rates"])
    assert [(ref.table, ref.name) for ref in plan.payloads] == [
        ("daily_bars", "daily_bars.csv"),
        ("policy_rates", "policy_rates.csv"),
    ]
    assert plan.payloads[0].origin == "simulation pinned to data/sample/anchors.csv"
    assert len(plan.remarks) == 1
    assert "fomc_meetings" in plan.remarks[0]


def test_an_unknown_table_is_refused_with_what_there_is() -> None:
    with pytest.raises(SourceError, match=r"fomc_meetings.*daily_bars.*files"):
        SampleSource().fetch(PayloadRef("fomc_meetings", "fomc_meetings.csv", "test"))


def test_an_unknown_payload_of_a_known_table_is_refused() -> None:
    with pytest.raises(SourceError, match=r"indices\.csv\.gz.*only daily_bars\.csv"):
        SampleSource().fetch(PayloadRef("daily_bars", "indices.csv.gz", "test"))


def test_missing_anchors_are_reported_with_their_path(tmp_path: Path) -> None:
    absent = tmp_path / "anchors.csv"
    with pytest.raises(SourceError, match=str(absent)):
        SampleSource(absent).plan(["daily_bars"])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("russell2000_close,1999-12-31,504.75,index points,", "no source"),
        ("russell2000_close,1999-12-31,many,index points,somebody", "ISO date and a number"),
        ("russell2000_close,1999-12-31,1,x,somebody\nrussell2000_close,1999-12-31,2,x,somebody", "twice"),
        (
            "russell2000_close,2000-01-01,504.75,index points,somebody",
            "2000-01-01 is not a simulated session",
        ),
    ],
)
def test_an_anchor_that_cannot_be_used_is_refused(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "anchors.csv"
    path.write_text(f"series,date,value,unit,source\nsp500_close,1999-12-31,1469.25,x,y\n{row}\n")
    with pytest.raises(SourceError, match=message):
        SampleSource(path).fetch(PayloadRef("daily_bars", "daily_bars.csv", "test"))


def test_every_anchor_names_its_source(anchors: list[dict[str, str]]) -> None:
    assert len(anchors) > 150
    assert [row for row in anchors if not row["source"].strip()] == []


def test_importing_the_module_loads_no_heavy_library() -> None:
    code = (
        "import sys, dagster_project.sources.sample; "
        "print([m for m in ('numpy', 'pandas', 'exchange_calendars', 'dagster', 'duckdb') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Every table


def test_two_instances_and_two_calls_give_the_same_bytes(payloads: dict[str, bytes]) -> None:
    other = SampleSource()
    for again in (fetch_all(other), fetch_all(other)):
        assert {table: hashlib.sha256(text).hexdigest() for table, text in again.items()} == {
            table: hashlib.sha256(text).hexdigest() for table, text in payloads.items()
        }


def test_the_bytes_do_not_depend_on_what_was_fetched_before(payloads: dict[str, bytes]) -> None:
    code = (
        "import hashlib\n"
        "from dagster_project.sources.sample import SampleSource\n"
        "source = SampleSource()\n"
        "ref, = source.plan(['fed_funds_futures']).payloads\n"
        "print(hashlib.sha256(source.fetch(ref).content).hexdigest())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == hashlib.sha256(payloads["fed_funds_futures"]).hexdigest()


@pytest.mark.parametrize("table", CONTRACT)
def test_columns_grain_and_line_ends(payloads: dict[str, bytes], table: str) -> None:
    columns, grain = CONTRACT[table]
    text = payloads[table].decode("utf-8")
    assert text.endswith("\n")
    assert "\r" not in text
    frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    assert list(frame.columns) == columns
    assert len(frame) > 0
    assert not frame.duplicated(grain).any()
    assert (frame[[name for name in columns if name != "url"]] != "").all().all()


# Daily bars


def test_bars_are_possible(bars: pd.DataFrame) -> None:
    assert (bars[["open", "high", "low", "close"]] > 0).all().all()
    assert (bars["low"] <= bars[["open", "close"]].min(axis=1)).all()
    assert (bars["high"] >= bars[["open", "close"]].max(axis=1)).all()
    assert (bars["high"] > bars["low"]).mean() > 0.99
    assert bars["volume"].dtype == np.int64
    assert (bars["volume"] >= 0).all()
    assert (bars.loc[bars["symbol"] == "^VIX", "volume"] == 0).all()
    assert (bars.loc[bars["symbol"] != "^VIX", "volume"] > 0).all()
    assert (bars["split_ratio"] == 1).all()
    prices = bars[["open", "high", "low", "close"]].to_numpy()
    assert np.array_equal(prices, np.round(prices, 4))


def test_sessions_are_all_nyse_sessions_of_each_symbols_span(bars: pd.DataFrame) -> None:
    calendar = exchange_calendars.get_calendar("XNYS", start="1999-12-31", end="2017-12-29")
    long, recent = {"^RUT", "^GSPC", "IWM", "SPY"}, {"IJR", "VTWO", "VOO", "IWN", "IWD", "IWO", "IWF", "IWB"}
    assert set(bars["symbol"]) == long | recent | {"^VIX"}
    for symbol, rows in bars.groupby("symbol"):
        start = "1999-12-31" if symbol in long else "2015-12-01"
        expected = calendar.sessions_in_range(start, "2017-12-29")
        assert list(rows["session_date"]) == list(expected), symbol


@pytest.mark.parametrize(("symbol", "series"), [("^RUT", "russell2000_close"), ("^GSPC", "sp500_close")])
def test_index_closes_hit_every_anchor_to_the_cent(
    closes: pd.DataFrame, anchors: list[dict[str, str]], symbol: str, series: str
) -> None:
    wanted = {row["date"]: float(row["value"]) for row in anchors if row["series"] == series}
    assert len(wanted) >= 40
    assert {day: closes.at[pd.Timestamp(day), symbol] for day in wanted} == wanted


@pytest.mark.parametrize(("fund", "series"), [("IWM", "russell2000_close"), ("SPY", "sp500_close")])
def test_funds_are_a_tenth_of_their_index_at_the_anchors(
    closes: pd.DataFrame, anchors: list[dict[str, str]], fund: str, series: str
) -> None:
    for row in anchors:
        if row["series"] == series:
            assert closes.at[pd.Timestamp(row["date"]), fund] == pytest.approx(float(row["value"]) / 10, abs=6e-5)
    index = closes["^RUT" if fund == "IWM" else "^GSPC"]
    error = (closes[fund] * 10 / index - 1).abs()
    assert 0 < error.max() < 0.01


@pytest.mark.parametrize(
    ("symbol", "base", "day", "expected"),
    [
        ("^RUT", "2016-12-30", "2017-05-26", 1.8502),
        ("^GSPC", "2016-12-30", "2017-05-26", 7.9055),
        ("^RUT", "2016-11-08", "2016-12-08", 16.0006),
        ("^GSPC", "2016-11-08", "2016-12-08", 4.9837),
        ("IWM", "2016-12-30", "2017-05-26", 1.8502),
        ("SPY", "2016-12-30", "2017-05-26", 7.9055),
    ],
)
def test_published_returns(closes: pd.DataFrame, symbol: str, base: str, day: str, expected: float) -> None:
    assert percent(closes, symbol, base, day) == pytest.approx(expected, abs=1.5e-4)


def test_the_gap_of_may_2017_can_be_ranked_and_is_the_worst_of_its_years(closes: pd.DataFrame) -> None:
    years = closes.index.year
    number = int(((years == 2017) & (closes.index <= "2017-05-26")).sum())
    gaps = {}
    for year in range(2000, 2018):
        base, now = closes[years < year].iloc[-1], closes[years == year].iloc[number - 1]
        returns = now / base - 1
        gaps[year] = 100 * (returns["^RUT"] - returns["^GSPC"])
    prior = [gap for year, gap in gaps.items() if year < 2017]
    assert number == 101
    assert len(prior) == 17
    assert len(set(prior)) == 17
    assert gaps[2017] == pytest.approx(1.8502 - 7.9055, abs=3e-4)
    assert gaps[2017] < min(prior)
    assert max(prior) > 0


def test_volatility_correlation_and_beta_are_plausible(closes: pd.DataFrame) -> None:
    returns = closes[["^RUT", "^GSPC"]].pct_change().dropna()
    covariance = returns.cov()
    assert 0.83 < returns.corr().at["^RUT", "^GSPC"] < 0.89
    assert 1.15 < covariance.at["^RUT", "^GSPC"] / covariance.at["^GSPC", "^GSPC"] < 1.4
    yearly = returns.groupby(returns.index.year).std() * np.sqrt(252)
    assert yearly["^GSPC"].between(0.06, 0.45).all()
    assert (yearly["^RUT"] > yearly["^GSPC"]).all()
    assert yearly["^GSPC"].idxmax() == 2008
    assert returns.abs().max().max() < 0.2


def test_funds_follow_the_right_index_and_styles_differ(closes: pd.DataFrame) -> None:
    correlation = closes.loc["2015-12-01":].pct_change().dropna().corr()
    for small in ("IWM", "IJR", "VTWO", "IWN", "IWO"):
        assert correlation.at[small, "^RUT"] > 0.9
        assert correlation.at[small, "^RUT"] > correlation.at[small, "^GSPC"]
    for large in ("SPY", "VOO", "IWB", "IWD", "IWF"):
        assert correlation.at[large, "^GSPC"] > 0.9
        assert correlation.at[large, "^GSPC"] > correlation.at[large, "^RUT"]
    assert percent(closes, "IWN", "2015-12-31", "2016-12-30") > percent(closes, "IWO", "2015-12-31", "2016-12-30")
    assert percent(closes, "IWN", "2016-12-30", "2017-12-29") < percent(closes, "IWO", "2016-12-30", "2017-12-29")


def test_the_volatility_index_stays_in_its_range_and_falls_when_shares_rise(closes: pd.DataFrame) -> None:
    recent = closes.loc["2015-12-01":]
    assert recent["^VIX"].between(7, 35).all()
    assert 10 < recent["^VIX"].mean() < 20
    assert recent["^VIX"].pct_change().corr(recent["^GSPC"].pct_change()) < -0.5
    assert abs(np.log(recent["^VIX"]).autocorr(1)) < 0.995


@pytest.mark.parametrize(("fund", "annual_pct"), [("IWM", 1.4), ("SPY", 2.0)])
def test_dividends_are_quarterly_and_of_the_right_size(bars: pd.DataFrame, fund: str, annual_pct: float) -> None:
    rows = bars[(bars["symbol"] == fund) & (bars["dividend"] > 0)].set_index("session_date")
    assert len(rows) == 18 * 4
    assert set(rows.index.month) == {3, 6, 9, 12}
    assert rows.index.day.min() >= 14
    assert rows.index.day.max() <= 21
    assert (100 * rows["dividend"] / rows["close"]).mean() * 4 == pytest.approx(annual_pct, rel=0.05)
    assert (bars.loc[bars["symbol"].str.startswith("^"), "dividend"] == 0).all()
