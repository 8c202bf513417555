"""The twenty questions of docs/sql.md: every printed answer is that of the real input, and right.

Right: against the vectors beside the project, or recomputed here from the files of the inbox with plain pandas.
"""

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.golden import sql_cookbook
from tests.golden.fundamentals_case import VECTORS
from tests.golden.sql_cookbook import Question
from tests.helpers import REAL_INBOX
from tests.scenarios import Run

QUESTIONS = sql_cookbook.questions()
DAY = "2017-05-26"


def by_number(question: Question) -> str:
    return f"{question.number:02d}"


def test_there_are_twenty_questions_with_answers():
    assert [question.number for question in QUESTIONS] == list(range(1, 21))
    assert all(question.answer for question in QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS, ids=by_number)
def test_printed_answer_is_that_of_the_real_input(question: Question, real_build: Path):
    """After a change that is meant: python -m tests.golden.sql_cookbook MARKET_FILE."""
    assert sql_cookbook.printed(*sql_cookbook.ask(real_build, question.sql)) == question.answer


@pytest.mark.scenario("sample_twice")
@pytest.mark.parametrize("question", QUESTIONS, ids=by_number)
def test_question_has_an_answer_on_the_sample(question: Question, run: Run):
    assert sql_cookbook.ask(run.market_file, question.sql)[1] != []


# --- the answers, from elsewhere


@pytest.fixture
def answer(real_build: Path):
    """Rows of a question as dictionaries, dates as text."""

    def rows(number: int) -> list[dict[str, Any]]:
        names, found = sql_cookbook.ask(real_build, QUESTIONS[number - 1].sql)
        return [
            {name: str(value) if isinstance(value, date) else value for name, value in zip(names, row, strict=True)}
            for row in found
        ]

    return rows


def vectors(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


def inbox(path: str) -> pd.DataFrame:
    return pd.read_csv(REAL_INBOX / path)


@cache
def index_closes() -> pd.DataFrame:
    """Closes of both indices on their common sessions; the index is the session as text."""
    bars = inbox("daily_bars/indices.csv.gz")
    wide = bars.pivot(index="session_date", columns="symbol", values="close")[["^RUT", "^GSPC"]].dropna()
    return wide.rename(columns={"^RUT": "small", "^GSPC": "large"})


@cache
def year_to_date() -> pd.DataFrame:
    """Returns since the last session of the year before, percent, with the number of the session in its year."""
    closes = index_closes()
    years = closes.index.str[:4].astype(int)
    last_closes = closes.groupby(years).last()
    returns = 100 * (closes.to_numpy() / last_closes.reindex(years - 1).to_numpy() - 1)
    found = pd.DataFrame(returns, index=closes.index, columns=["small", "large"])
    found["gap"] = found["small"] - found["large"]
    found["session"] = closes.groupby(years).cumcount() + 1
    return found


@cache
def fund_days(symbol: str) -> pd.DataFrame:
    """Flows of a fund in millions by three readings, from its file as it stands; good where the file has no fault."""
    rows = inbox("fund_nav_shares/ishares.csv.gz")
    rows = rows[rows["fund_symbol"] == symbol].set_index("as_of_date").sort_index()
    change = rows["shares_outstanding"].diff()
    return pd.DataFrame(
        {
            "as_stamped": rows["nav_usd"] * change / 1e6,
            "prior_nav": rows["nav_usd"].shift() * change / 1e6,
            "lag_corrected": rows["nav_usd"] * change.shift(-1) / 1e6,
            "prior_assets": (rows["nav_usd"] * rows["shares_outstanding"]).shift() / 1e6,
        }
    )


def fund_week(symbol: str, week_ending: str) -> pd.Series:
    """Sums over the Lipper week (Thursday to Wednesday), and the assets before it."""
    first = (pd.Timestamp(week_ending) - pd.Timedelta(days=6)).strftime("%Y-%m-%d")
    days = fund_days(symbol).loc[first:week_ending]
    week = days.drop(columns="prior_assets").sum()
    week["pct"] = 100 * week["as_stamped"] / days["prior_assets"].iloc[0]
    return week


def meetings(convention: str) -> dict[str, dict[str, Any]]:
    """Odds of the day by the vectors: per meeting the distribution over steps, and the expected change."""
    [case] = [case for case in vectors("03_fedwatch.json") if case["id"] == f"computed_{DAY}_{convention}"]
    return {meeting["date"]: meeting for meeting in case["meetings"]}


def rise_pct(meeting: dict[str, Any]) -> float:
    return sum(share for step, share in meeting["cum_pct"].items() if int(step) > 0)


def test_01_cards(answer):
    [today] = answer(1)
    assert today["ytd_gap_pp"] == pytest.approx(
        vectors("01_relative_performance.json")[DAY]["YTD"]["gap_idx_pp"], abs=0.01
    )
    assert today["iwm_flow_usd_m"] == pytest.approx(fund_week("IWM", "2017-05-24")["as_stamped"], abs=0.1)
    low, high = (float(part) for part in today["prob_hike_pct"].split("-"))
    assert (low, high) == pytest.approx(
        (rise_pct(meetings("pre")["2017-06-14"]), rise_pct(meetings("post")["2017-06-14"])), abs=0.05
    )


def test_02_data_through(answer):
    through = {row["domain"]: row["data_through"] for row in answer(2)}
    assert through["prices"] == index_closes().index.max()
    assert through["flows"] == inbox("fund_nav_shares/ishares.csv.gz")["as_of_date"].max()


def test_03_horizons(answer):
    expected = {
        ("SINCE_ELECTION" if horizon.startswith("since") else horizon): figures
        for horizon, figures in vectors("01_relative_performance.json")[DAY].items()
        if "gap_idx_pp" in figures
    }
    rows = {row["horizon"]: row for row in answer(3)}
    assert len(expected) >= 8
    for horizon, figures in expected.items():
        row = rows[horizon]
        assert row["base_session_date"] == figures["base_session"]
        found = row["small_return_pct"], row["large_return_pct"], row["gap_pp"]
        assert found == pytest.approx((figures["RUT_price"], figures["GSPC_price"], figures["gap_idx_pp"]), abs=0.006)
    previous, last = index_closes().loc[:DAY].iloc[-2:].to_numpy()
    assert rows["1D"]["gap_pp"] == pytest.approx(np.subtract(*(100 * (last / previous - 1))), abs=0.006)


def test_04_pairs_and_bases(answer):
    rows = {(row["pair_id"], row["return_basis"]): row for row in answer(4)}
    figures = vectors("01_relative_performance.json")[DAY]["YTD"]
    for basis in ("price", "total"):
        row = rows["IWM_SPY", basis]
        found = row["small_return_pct"], row["large_return_pct"]
        assert found == pytest.approx((figures[f"IWM_{basis}"], figures[f"SPY_{basis}"]), abs=0.02)


def test_05_worst_years(answer):
    returns = year_to_date().loc[:DAY].dropna()
    same_session = returns[returns["session"] == returns.loc[DAY, "session"]].sort_values("gap").head(5)
    assert [row["session_date"] for row in answer(5)] == list(same_session.index)
    assert [row["ytd_gap_pp"] for row in answer(5)] == pytest.approx(list(same_session["gap"]), abs=0.006)


def test_06_gain_since_the_election(answer):
    ratio = index_closes()["small"] / index_closes()["large"]
    gain = 100 * (ratio / ratio["2016-11-08"] - 1)
    for row in answer(6):
        day = row["session_date"]
        assert row["month_relative_pct"] == pytest.approx(gain["2016-12-08"], abs=0.006)
        assert row["highest_relative_pct"] == pytest.approx(gain["2016-11-08":day].max(), abs=0.006)
        assert row["relative_pct"] == pytest.approx(gain[day], abs=0.006)
        assert row["month_gain_left_pct"] == pytest.approx(100 * gain[day] / gain["2016-12-08"], abs=0.06)


def test_07_league(answer):
    rows = answer(7)
    weeks = {symbol: fund_week(symbol, "2017-05-24") for symbol in ("IWM", "IVE", "IVV")}
    assert [row["fund_symbol"] for row in rows] == sorted(weeks, key=lambda symbol: weeks[symbol]["as_stamped"])
    for row in rows:
        week = weeks[row["fund_symbol"]]
        found = row["net_flow_usd_m"], row["net_flow_pct_aum"]
        assert found == pytest.approx((week["as_stamped"], week["pct"]), abs=0.06)


def test_08_days_of_the_week(answer):
    days = fund_days("IWM").loc["2017-05-18":"2017-05-24", "as_stamped"]
    rows = answer(8)
    assert [row["session_date"] for row in rows] == list(days.index)
    assert [row["net_flow_usd_m"] for row in rows] == pytest.approx(list(days), abs=0.06)
    assert [row["flow_since_usd_m"] for row in rows] == pytest.approx(list(days.cumsum()), abs=0.06)
    assert rows[3]["ytd_flow_usd_m"] == pytest.approx(-3965.1, abs=0.06)  # methodology section 2


def test_09_largest_outflows(answer):
    for row in answer(9):
        week = fund_week("IWM", row["week_ending"])
        found = row["net_flow_usd_m"], row["net_flow_pct_aum"]
        assert found == pytest.approx((week["as_stamped"], week["pct"]), abs=0.06)


def test_10_three_readings(answer):
    rows = answer(10)
    assert len(rows) == 5
    for row in rows:
        week = fund_week("IWM", row["week_ending"])
        for reading in ("as_stamped", "prior_nav", "lag_corrected"):
            assert row[f"{reading}_usd_m"] == pytest.approx(week[reading], abs=0.06), (row["week_ending"], reading)


def test_11_odds_of_the_next_meeting(answer):
    [row] = answer(11)
    low, high = rise_pct(meetings("pre")[row["meeting_date"]]), rise_pct(meetings("post")[row["meeting_date"]])
    assert (row["prob_hike_low_pct"], row["prob_hike_high_pct"]) == pytest.approx((low, high), abs=0.06)


def test_12_path(answer):
    for row in answer(12):
        for convention in ("post", "pre"):
            meeting = meetings(convention)[row["meeting_date"]]
            found = row[f"prob_hike_{convention}_pct"], row[f"cumulative_change_{convention}_bp"]
            assert found == pytest.approx((rise_pct(meeting), meeting["expected_cum_bp"]), abs=0.06)


def test_13_odds_over_the_month(answer):
    [snapshots] = [c["rows"] for c in vectors("03_fedwatch.json") if c["id"] == "news_snapshots_vs_settlement"]
    expected = {
        r["asof"]: (r["settle_calc_pre"], r["settle_calc_post"]) for r in snapshots if r["meeting"] == "2017-06-14"
    }
    rows = {row["watch_date"]: (row["prob_hike_low_pct"], row["prob_hike_high_pct"]) for row in answer(13)}
    assert rows["2017-05-19"] == pytest.approx(expected["2017-05-19"], abs=0.06)


def test_15_rate_sensitivity(answer):
    [row] = answer(15)
    expected = vectors("05b_rate_sensitivity.json")["rows"]["2016-11-09..2017-05-26"]
    assert row["observations"] == expected["n"]
    assert (row["controlled_pct_per_bp"], row["raw_pct_per_bp"]) == pytest.approx(
        (expected["beta_ctrl_spx"], expected["beta_pct_per_bp"]), abs=6e-5
    )
    assert (row["controlled_t"], row["raw_t"]) == pytest.approx((expected["t_ctrl"], expected["t"]), abs=0.006)


def test_16_and_17_baskets(answer):
    """Figures of docs/methodology.md, sections 4 and 5, for the year end 2015; they are given as about."""
    prices = {(row["basket"], row["method"]): row["pe_ttm"] for row in answer(16)}
    assert prices["US_LARGE_500", "incl_losses"] == pytest.approx(19.5, rel=0.02)
    assert prices["US_SMALL_501_2500", "incl_losses"] == pytest.approx(34.9, rel=0.02)
    assert prices["US_SMALL_501_2500", "excl_losses"] == pytest.approx(15.6, rel=0.02)
    large, small = answer(17)
    assert (large["aggregate_value"], small["aggregate_value"]) == pytest.approx((0.29, 0.34), abs=0.005)
    assert (large["median_value"], small["median_value"]) == pytest.approx((0.27, 0.18), abs=0.015)


def test_19_s3_and_its_base_rate(answer):
    """Recomputed day by day: deepest closing drawdown over 63 sessions, the peak starting at the close of the day."""
    returns = year_to_date().loc[:"2016-12-30"]
    closes = index_closes()["large"].loc[:"2016-12-30"].to_numpy()
    paths = np.lib.stride_tricks.sliding_window_view(closes, 64)
    fell = (paths / np.maximum.accumulate(paths, axis=1)).min(axis=1) <= 0.97
    counted = returns.iloc[: len(paths)]
    is_defined = counted["gap"].notna().to_numpy()
    is_on = ((counted["gap"] <= -5) & (counted["large"] > 0)).to_numpy()
    [row] = [row for row in answer(19) if row["signal_id"] == "S3"]
    assert row["on_days"] == is_on.sum()
    assert row["fall_after_pct"] == pytest.approx(100 * fell[is_on].mean(), abs=0.06)
    assert row["base_rate_pct"] == pytest.approx(100 * fell[is_defined].mean(), abs=0.06)
    assert {row["signal_id"]: row["is_on_that_day"] for row in answer(19)} == {"S1": False, "S2": False, "S3": True}


def test_20_published_figures(answer):
    press = inbox("published_figures/press.csv.gz")
    published = {(r.topic, r.as_of, r.value) for r in press.itertuples()}
    rows = answer(20)
    assert {(row["topic"], row["as_of"], row["published_value"]) for row in rows} <= published
    flows = {row["topic"]: row["computed_value"] for row in rows if row["topic"].startswith("iwm")}
    days = fund_days("IWM")["as_stamped"]
    assert flows["iwm_weekly_flow"] == pytest.approx(days.loc["2017-05-18":"2017-05-24"].sum(), abs=0.06)
    assert flows["iwm_5d_flow"] == pytest.approx(days.loc["2017-05-17":"2017-05-23"].sum(), abs=0.06)
