"""Meeting odds against answers that were not made by this project.

Published figures stand here with their source. Everything read from `../shared` is skipped, visibly, without
it.
"""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dagster_project.finance.meeting_distribution import step_distributions
from dagster_project.finance.meeting_odds import OddsResult, meeting_odds

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
VECTORS = SHARED / "vectors"
PYFEDWATCH_DATES = ["2016-12-13", "2017-03-08", "2017-05-24", "2017-05-26", "2017-06-06", "2023-03-10"]
COMPUTED_DATES = ["2016-11-08", "2016-12-13", "2017-03-14", "2017-05-24", "2017-05-26", "2017-06-06"]
NO_RATES = pd.DataFrame(columns=["rate_date", "effr_pct", "target_lower_pct", "target_upper_pct"])


def shared(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"reference input not there: {path}")
    return path


def curve_of_a_day(watch: str, prices: dict[str, float]) -> pd.DataFrame:
    """Live months settle on the watch date, expired ones on the last weekday of their month."""
    month = pd.Period(watch, "M")
    rows = []
    for label, settle in prices.items():
        contract = pd.Period(label, "M")
        last = np.busday_offset(contract.end_time.date(), 0, roll="backward")
        session = str(last) if contract < month else watch
        rows.append((contract.start_time, pd.Timestamp(session), settle))
    return pd.DataFrame(rows, columns=["contract_month", "session_date", "settle"])


def real_calendar() -> pd.DataFrame:
    return pd.read_csv(shared(SHARED / "fomc-meetings.csv"))


def odds_of(watch: str, prices: dict[str, float]) -> OddsResult:
    result = meeting_odds(curve_of_a_day(watch, prices), real_calendar(), NO_RATES)
    on_day = result.expectations["watch_date"] == watch
    return OddsResult(
        result.expectations[on_day],
        result.probabilities[result.probabilities["watch_date"] == watch],
        result.issues,
    )


def pick(table: pd.DataFrame, meeting: str, convention: str) -> pd.DataFrame:
    return table[(table["meeting_date"] == meeting) & (table["day_convention"] == convention)]


def labelled(probabilities: pd.DataFrame, meeting: str, convention: str) -> dict[int, float]:
    rows = pick(probabilities, meeting, convention)
    return dict(zip(rows["target_lower_bp"], rows["probability_pct"], strict=True))


@pytest.fixture(scope="module")
def real() -> tuple[OddsResult, float, pd.DataFrame]:
    inbox = SHARED / "realdata" / "inbox"
    settlements = pd.read_csv(shared(inbox / "fed_funds_futures" / "zq.csv.gz"))
    rates = pd.read_csv(shared(inbox / "policy_rates" / "effr.csv.gz"))
    started = time.perf_counter()
    result = meeting_odds(settlements, real_calendar(), rates)
    return result, time.perf_counter() - started, settlements


@pytest.mark.parametrize(("convention", "expected"), [("post", 53.571429), ("pre", 57.692308)])
def test_cme_worked_example_of_2015(convention: str, expected: float) -> None:
    """FFQ5 99.8675, FFU5 99.805 give 53.57 %: CME FedWatch Probability Tree Calculator (Lao & Mirza), 2015.

    57.69 % is the same arithmetic with the announcement day at the old rate (N 17, M 13).
    """
    meetings = pd.DataFrame(
        [("2015-07-29", 0.0, 0.25), ("2015-09-17", np.nan, np.nan)],
        columns=["meeting_date", "target_lower_after_pct", "target_upper_after_pct"],
    ).assign(kind="scheduled", cancelled_on=None)
    curve = curve_of_a_day("2015-09-01", {"2015-08": 99.8675, "2015-09": 99.805})
    table = meeting_odds(curve, meetings, NO_RATES).expectations
    row = pick(table[table["watch_date"] == "2015-09-01"], "2015-09-17", convention).iloc[0]
    assert row["prob_hike_pct"] == pytest.approx(expected, abs=0.01)
    assert row["solve_direction"] == "forward"


def test_convolution_gives_the_cme_table_of_2017_06_06() -> None:
    """cmegroup.com/education/2017-06-rates-recap.html, 11:00 CT: its own steps; December drops 0.46 %."""
    steps = np.array([[0.958, 0.0502, 0.163, 0.0403, 0.3097]]) * 0.25
    table = [
        [4.2, 95.8, 0.0, 0.0],
        [4.0, 91.2, 4.8, 0.0],
        [3.4, 77.0, 18.9, 0.8],
        [3.2, 74.0, 21.2, 1.5],
        [2.2, 52.1, 37.6, 7.6],
    ]
    probabilities, lowest = step_distributions(steps)
    assert lowest == 0
    np.testing.assert_allclose(100 * probabilities[0, :, :4], table, atol=0.1)
    assert 100 * probabilities[0, 4, 4:].sum() == pytest.approx(0.46, abs=0.1)  # the published row adds up to 99.5


def test_paths_recombine_as_in_the_cme_note_of_2024() -> None:
    """cmegroup.com, "FedWatch aggregated enhancement explained": two steps of a half give 25, 50, 25."""
    probabilities, _ = step_distributions(np.array([[0.125, 0.125]]))
    np.testing.assert_allclose(100 * probabilities[0, 1, :3], [25.0, 50.0, 25.0], atol=1e-12)


@pytest.mark.parametrize("watch", PYFEDWATCH_DATES)
def test_post_equals_pyfedwatch(watch: str) -> None:
    inputs = pd.read_csv(shared(VECTORS / f"03_pyfedwatch_1.2.0_{watch}_inputs.csv"))
    answers = pd.read_csv(shared(VECTORS / f"03_pyfedwatch_1.2.0_{watch}.csv"))
    result = odds_of(watch, dict(zip(inputs["YYYY-MM"], inputs["Pavg"], strict=True)))
    for answer in answers.to_dict("records"):
        meeting = str(answer.pop("FOMCDate"))
        answer.pop("WatchDate")
        expected = {round(100 * float(str(label).split("-")[0])): 100 * p for label, p in answer.items()}
        got = labelled(result.probabilities, meeting, "post")
        for lower_bp in expected.keys() | got.keys():
            # the package leaves away what lies outside its columns, never more than 1e-6 percent
            assert got.get(lower_bp, 0.0) == pytest.approx(expected.get(lower_bp, 0.0), abs=1e-6)
        row = pick(result.expectations, meeting, "post").iloc[0]
        solved = inputs[inputs["Meeting"] == meeting].iloc[0]
        assert 100 - row["start_rate_pct"] == pytest.approx(solved["Pstart"], abs=1e-9)
        assert 100 - row["end_rate_pct"] == pytest.approx(solved["Pend"], abs=1e-9)


@pytest.mark.parametrize("watch", ["2017-05-24", "2017-05-26", "2017-06-06"])
def test_pre_equals_cme_fedwatch(watch: str) -> None:
    vector = json.loads(shared(VECTORS / "03_cme-fedwatch_0.2.1_calculate.json").read_text())[watch]
    prices = {
        str(pd.to_datetime(row["month"], format="%b %y").to_period("M")): row["settle"] for row in vector["settlements"]
    }
    result = odds_of(watch, prices)
    for answer in vector["result"]:
        got = labelled(result.probabilities, answer["date"], "pre")
        expected = {round(100 * float(label.split("%")[0])): p for label, p in answer["probabilities"].items()}
        for lower_bp in expected.keys() | got.keys():
            assert got.get(lower_bp, 0.0) == pytest.approx(expected.get(lower_bp, 0.0), abs=0.0500001)


@pytest.mark.parametrize("convention", ["pre", "post"])
@pytest.mark.parametrize("watch", COMPUTED_DATES)
def test_independent_computation(watch: str, convention: str) -> None:
    vectors = json.loads(shared(VECTORS / "03_fedwatch.json").read_text())
    vector: dict[str, Any] = next(v for v in vectors if v["id"] == f"computed_{watch}_{convention}")
    result = odds_of(watch, vector["prices"])
    for answer in vector["meetings"]:
        row = pick(result.expectations, answer["date"], convention).iloc[0]
        assert row["start_rate_pct"] == pytest.approx(answer["start"], abs=1e-7)
        assert row["end_rate_pct"] == pytest.approx(answer["end"], abs=1e-7)
        assert row["meeting_change_bp"] == pytest.approx(25 * answer["step_moves_25bp"], abs=1e-6)
        assert row["cumulative_change_bp"] == pytest.approx(answer["expected_cum_bp"], abs=1e-5)
        lower_bp = round(100 * row["range_lower_pct"])
        got = labelled(result.probabilities, answer["date"], convention)
        expected = {lower_bp + 25 * int(moves): p for moves, p in answer["cum_pct"].items()}
        for label in expected.keys() | got.keys():
            assert got.get(label, 0.0) == pytest.approx(expected.get(label, 0.0), abs=2e-6)


def test_real_settlements_of_2017_05_26(real: tuple[OddsResult, float, pd.DataFrame]) -> None:
    expected = {
        "2017-06-14": (79.0, 84.4),
        "2017-07-26": (80.5, 85.5),
        "2017-09-20": (86.3, 89.9),
        "2017-11-01": (84.8, 86.9),
        "2017-12-13": (89.1, 90.8),
        "2018-01-31": (89.3, 91.0),
    }
    table = real[0].expectations
    day = table[table["watch_date"] == "2017-05-26"]
    for meeting, (pre, post) in expected.items():
        assert pick(day, meeting, "pre")["prob_hike_pct"].item() == pytest.approx(pre, abs=0.1)
        assert pick(day, meeting, "post")["prob_hike_pct"].item() == pytest.approx(post, abs=0.1)


def test_real_settlements_of_the_press_dates(real: tuple[OddsResult, float, pd.DataFrame]) -> None:
    vectors = json.loads(shared(VECTORS / "03_fedwatch.json").read_text())
    rows = next(v for v in vectors if v["id"] == "news_snapshots_vs_settlement")["rows"]
    table = real[0].expectations
    for answer in rows:
        day = table[table["watch_date"] == answer["asof"]]
        for convention in ("pre", "post"):
            got = pick(day, answer["meeting"], convention)["prob_hike_pct"].item()
            assert got == pytest.approx(answer[f"settle_calc_{convention}"], abs=0.1), answer


def test_real_input_is_complete_and_explained(real: tuple[OddsResult, float, pd.DataFrame]) -> None:
    result, seconds, settlements = real
    table = result.expectations
    assert set(table["watch_date"]) == set(pd.to_datetime(settlements["session_date"]))
    numbers = table.select_dtypes("number").drop(columns="implied_average_pct")
    has_null = numbers.isna().any(axis=1) | table["solve_direction"].isna()
    pd.testing.assert_series_equal(has_null, table["null_reason"].notna(), check_names=False)
    keys = ["watch_date", "meeting_date", "day_convention"]
    assert not table.duplicated(keys).any()
    totals = result.probabilities.groupby(keys)["probability_pct"].sum()
    assert np.abs(totals - 100).max() < 1e-9
    assert len(totals) == table["prob_hike_pct"].notna().sum()
    assert seconds < 20  # measured 1.6 to 3.3 s; a loop over watch dates would take minutes
