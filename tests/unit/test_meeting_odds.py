"""Every rule of the meeting odds on small numbers worked by hand.

Months of the base curve: April, August, October 2017 and February 2018 have no meeting; May, June, July and
November, December, January are back to back.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.finance.meeting_calibration import calibration_table, decision_odds
from dagster_project.finance.meeting_distribution import step_distributions
from dagster_project.finance.meeting_inputs import CalendarGapError, OddsInputError
from dagster_project.finance.meeting_odds import OddsResult, meeting_odds

WATCH = "2017-05-26"
PRICES = {
    "2017-04": 99.105,
    "2017-05": 99.095,
    "2017-06": 98.985,
    "2017-07": 98.890,
    "2017-08": 98.875,
    "2017-09": 98.855,
    "2017-10": 98.800,
    "2017-11": 98.795,
    "2017-12": 98.765,
    "2018-01": 98.735,
    "2018-02": 98.730,
}
Meeting = tuple[str, str, str | None, float, float]
HELD: list[Meeting] = [
    ("2017-02-01", "scheduled", None, 0.50, 0.75),
    ("2017-03-15", "scheduled", None, 0.75, 1.00),
    ("2017-05-03", "scheduled", None, 0.75, 1.00),
    ("2017-06-14", "scheduled", None, 1.00, 1.25),
    ("2017-07-26", "scheduled", None, 1.00, 1.25),
    ("2017-09-20", "scheduled", None, 1.00, 1.25),
    ("2017-11-01", "scheduled", None, 1.00, 1.25),
    ("2017-12-13", "scheduled", None, 1.25, 1.50),
    ("2018-01-31", "scheduled", None, 1.25, 1.50),
    ("2018-03-21", "scheduled", None, 1.50, 1.75),
    ("2018-05-02", "scheduled", None, 1.50, 1.75),
]
SPRING_2008: list[Meeting] = [
    ("2007-10-31", "scheduled", None, 4.50, 4.50),
    ("2007-12-11", "scheduled", None, 4.25, 4.25),
    ("2008-01-22", "unscheduled", None, 3.50, 3.50),
    ("2008-01-30", "scheduled", None, 3.00, 3.00),
    ("2008-03-18", "scheduled", None, 2.25, 2.25),
    ("2008-04-30", "scheduled", None, 2.00, 2.00),
    ("2008-06-25", "scheduled", None, 2.00, 2.00),
]
SPRING_2020: list[Meeting] = [
    ("2020-01-29", "scheduled", None, 1.50, 1.75),
    ("2020-03-03", "unscheduled", None, 1.00, 1.25),
    ("2020-03-15", "unscheduled", None, 0.00, 0.25),
    ("2020-03-18", "scheduled", "2020-03-15", np.nan, np.nan),
    ("2020-04-29", "scheduled", None, 0.00, 0.25),
    ("2020-06-10", "scheduled", None, 0.00, 0.25),
]


def calendar(rows: Sequence[Meeting] = HELD) -> pd.DataFrame:
    columns = [
        "meeting_date",
        "kind",
        "cancelled_on",
        "target_lower_after_pct",
        "target_upper_after_pct",
    ]
    return pd.DataFrame(rows, columns=columns)


def curve(prices: Mapping[str, float], watch: str = WATCH) -> pd.DataFrame:
    """Live months on the watch date, expired months on the last weekday of their month."""
    rows = []
    for label, settle in prices.items():
        month = pd.Period(label, "M")
        last = str(np.busday_offset(month.end_time.date(), 0, roll="backward"))
        rows.append((f"{label}-01", last if month < pd.Period(watch, "M") else watch, settle))
    return pd.DataFrame(rows, columns=["contract_month", "session_date", "settle"])


def rates(rows: Sequence[tuple[str, float, float, float]] = ()) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["rate_date", "effr_pct", "target_lower_pct", "target_upper_pct"]).astype(
        {"effr_pct": float, "target_lower_pct": float, "target_upper_pct": float}
    )


def odds(prices: Mapping[str, float] = PRICES, watch: str = WATCH, meetings: Sequence[Meeting] = HELD) -> OddsResult:
    return meeting_odds(curve(prices, watch), calendar(meetings), rates())


def row(result: OddsResult, meeting: str, convention: str = "post", watch: str = WATCH) -> pd.Series:
    table = result.expectations
    keep = table["watch_date"].eq(watch) & table["meeting_date"].eq(meeting)
    found = table[keep & table["day_convention"].eq(convention)]
    assert len(found) == 1, f"{meeting} seen {len(found)} times"
    return found.iloc[0]


def without(*labels: str) -> dict[str, float]:
    return {label: settle for label, settle in PRICES.items() if label not in labels}


def assert_null(answer: pd.Series, reason: str) -> None:
    empty = ["start_rate_pct", "end_rate_pct", "prob_hike_pct", "meeting_change_bp", "pp_per_half_tick"]
    assert answer[empty].isna().all()
    assert str(answer["null_reason"]).startswith(reason), answer["null_reason"]


# --- the solve ---


@pytest.mark.parametrize(("convention", "old", "new"), [("post", 13, 17), ("pre", 14, 16)])
def test_back_to_back_months_are_solved_from_the_latest_pinned_one(convention: str, old: int, new: int) -> None:
    """July ends at August's 1.125; its start is June's end; June's start follows: 13 + 17 or 14 + 16 days."""
    july_old = 25 if convention == "post" else 26
    july_start = (31 * 1.11 - (31 - july_old) * 1.125) / july_old
    june_start = (30 * 1.015 - new * july_start) / old
    june, july = row(odds(), "2017-06-14", convention), row(odds(), "2017-07-26", convention)
    assert july["start_rate_pct"] == pytest.approx(july_start)
    assert june["end_rate_pct"] == pytest.approx(july_start)
    assert june["start_rate_pct"] == pytest.approx(june_start)
    assert (june["solve_direction"], july["solve_direction"]) == ("backward", "backward")
    # one half tick of the June contract moves the end less the start by D/N, and by 31/25 of it through July
    assert june["pp_per_half_tick"] == pytest.approx(2 * 30 / old * 31 / july_old)


def test_free_neighbours_fix_both_rates_and_the_own_contract_is_not_used() -> None:
    for september in (98.855, 98.5):
        answer = row(odds({**PRICES, "2017-09": september}), "2017-09-20")
        assert answer["start_rate_pct"] == pytest.approx(1.125)
        assert answer["end_rate_pct"] == pytest.approx(1.2)
        assert answer["meeting_change_bp"] == pytest.approx(7.5)
        assert answer["prob_hike_at_meeting_pct"] == pytest.approx(30.0)
        assert (answer["solve_direction"], answer["pp_per_half_tick"]) == ("both_fixed", 2.0)


def test_no_day_at_the_old_rate() -> None:
    """2017-11-01 in post: N = 0. The November contract is the new rate, the old one comes from October."""
    cut_off = {label: settle for label, settle in PRICES.items() if label <= "2017-11"}
    answer = row(odds(cut_off), "2017-11-01")
    assert (answer["start_rate_pct"], answer["end_rate_pct"]) == pytest.approx((1.2, 1.205))
    no_october = {label: settle for label, settle in cut_off.items() if label != "2017-10"}
    assert_null(row(odds(no_october), "2017-11-01"), "contract_missing: no settlement of the 2017-10")


def test_no_day_at_the_new_rate() -> None:
    """2018-01-31 in pre: M = 0. The January contract is the old rate, the new one comes from February."""
    answer = row(odds(), "2018-01-31", "pre")
    assert (answer["start_rate_pct"], answer["end_rate_pct"]) == pytest.approx((1.265, 1.27))
    assert answer["solve_direction"] == "backward"
    cut_off = row(odds(without("2018-02")), "2018-01-31", "pre")
    assert_null(cut_off, "curve_ends: the curve of the watch date ends before 2018-02")
    assert row(odds(without("2018-02")), "2017-12-13", "pre")["end_rate_pct"] == pytest.approx(1.265)


def test_forward_where_the_curve_ends() -> None:
    """Without a month after September: S = 1.125 from August, E = (30 x 1.145 - 19 x 1.125) / 11."""
    cut_off = {label: settle for label, settle in PRICES.items() if label <= "2017-09"}
    answer = row(odds(cut_off), "2017-09-20")
    assert answer["end_rate_pct"] == pytest.approx((30 * 1.145 - 19 * 1.125) / 11)
    assert answer["solve_direction"] == "forward"
    assert answer["pp_per_half_tick"] == pytest.approx(2 * 30 / 11)


# --- what is missing or wrong ---


def test_a_missing_contract_in_a_chain_is_walked_around() -> None:
    """No July contract: June's end is solved forward through May from April's 0.895."""
    may_end = (31 * 0.905 - 2 * 0.895) / 29
    june_end = (30 * 1.015 - 13 * may_end) / 17
    result = odds(without("2017-07"))
    june, july = row(result, "2017-06-14"), row(result, "2017-07-26")
    assert june["start_rate_pct"] == pytest.approx(may_end)
    assert june["end_rate_pct"] == july["start_rate_pct"] == pytest.approx(june_end)
    assert july["end_rate_pct"] == pytest.approx(1.125)
    assert result.expectations["null_reason"].isna().all()


def test_missing_contracts_break_the_chain_and_say_which() -> None:
    result = odds(without("2017-06", "2017-07"))
    assert_null(row(result, "2017-06-14"), "contract_missing: no settlement of the 2017-06")
    assert_null(row(result, "2017-07-26"), "contract_missing: no settlement of the 2017-07")
    september = row(result, "2017-09-20")
    assert september["prob_hike_at_meeting_pct"] == pytest.approx(30.0)
    assert september["meeting_change_bp"] == pytest.approx(7.5)
    assert september[["prob_cut_pct", "prob_hold_pct", "prob_hike_pct", "cumulative_change_bp"]].isna().all()
    assert september["null_reason"] == "chain_broken: the meeting of 2017-06-14 before it has no odds"
    assert result.probabilities.empty


@pytest.mark.parametrize("settle", [0.0, 105.0, np.nan, -3.0, np.inf])
def test_an_impossible_settlement_is_never_a_number(settle: float) -> None:
    result = odds({**PRICES, "2017-06": settle, "2017-07": settle})
    assert_null(row(result, "2017-06-14"), "settle_implausible: the 2017-06 settlement")
    assert row(result, "2017-09-20")["meeting_change_bp"] == pytest.approx(7.5)
    assert [issue.code for issue in result.issues] == ["settle_implausible"]


def test_a_placeholder_far_off_the_curve_is_not_used() -> None:
    """In 2000-2004 the far contracts of the vendor stand at 93.425 whatever the curve does."""
    result = odds({**PRICES, "2017-12": 93.425, "2018-01": 93.425, "2018-02": 93.425})
    assert_null(row(result, "2017-12-13"), "settle_off_curve: the 2017-12 settlement")
    assert row(result, "2017-09-20")["null_reason"] is np.nan
    assert [issue.code for issue in result.issues] == ["settle_off_curve"]


def test_one_day_of_leverage_is_refused() -> None:
    """A meeting on the 2nd right after an intermeeting move: only a backward solve with N = 1 is left."""
    meetings: list[Meeting] = [
        ("2017-01-10", "unscheduled", None, 0.50, 0.75),
        ("2016-12-14", "scheduled", None, 0.50, 0.75),
        ("2017-02-02", "scheduled", None, 0.50, 0.75),
        ("2017-03-02", "scheduled", None, 0.50, 0.75),
        ("2017-04-26", "scheduled", None, 0.50, 0.75),
        ("2017-06-14", "scheduled", None, 0.50, 0.75),
    ]
    prices = {"2017-01": 99.34, "2017-02": 99.34, "2017-03": 99.31, "2017-04": 99.30, "2017-05": 99.29}
    result = odds(prices, "2017-01-20", meetings)
    assert_null(row(result, "2017-02-02", watch="2017-01-20"), "ill_conditioned: half a tick")


def test_rows_in_any_order_give_the_same() -> None:
    frame = curve(PRICES).sample(frac=1.0, random_state=7)
    shuffled = meeting_odds(frame, calendar(HELD[::-1]), rates())
    pd.testing.assert_frame_equal(shuffled.expectations, odds().expectations)
    pd.testing.assert_frame_equal(shuffled.probabilities, odds().probabilities)


def test_two_settlements_of_one_day_are_named() -> None:
    frame = curve(PRICES)
    with pytest.raises(OddsInputError, match="2017-07 on 2017-05-26"):
        meeting_odds(pd.concat([frame, frame[frame["contract_month"] == "2017-07-01"]]), calendar(), rates())


def test_a_row_after_the_contract_month_is_ignored() -> None:
    late = pd.DataFrame({"contract_month": ["2017-04-01"], "session_date": [WATCH], "settle": [90.0]})
    result = meeting_odds(pd.concat([curve(PRICES), late]), calendar(), rates())
    pd.testing.assert_frame_equal(result.expectations, odds().expectations)
    alone = meeting_odds(late, calendar(), rates())
    assert alone.expectations.empty
    assert alone.probabilities.empty


def test_missing_columns_and_unknown_words_are_errors() -> None:
    with pytest.raises(OddsInputError, match="'settle' is missing"):
        meeting_odds(curve(PRICES).drop(columns="settle"), calendar(), rates())
    with pytest.raises(OddsInputError, match="kind must be"):
        odds(meetings=[("2017-06-14", "minutes", None, 1.0, 1.25)])
    with pytest.raises(OddsInputError, match="repeated"):
        odds(meetings=[*HELD, HELD[0]])
    with pytest.raises(OddsInputError, match="conventions"):
        meeting_odds(curve(PRICES), calendar(), rates(), ["middle"])  # type: ignore[list-item]


# --- the calendar ---


@pytest.mark.parametrize("lost", range(1, len(HELD) - 1))
def test_a_meeting_missing_inside_the_calendar_is_an_error(lost: int) -> None:
    with pytest.raises(CalendarGapError, match=f"{HELD[lost - 1][0]} to {HELD[lost + 1][0]}"):
        odds(meetings=HELD[:lost] + HELD[lost + 1 :])


def test_the_horizon_stops_loudly_where_the_calendar_ends() -> None:
    """The calendar ends in September: October is not known to be free, so September is solved forward."""
    result = odds(meetings=HELD[:6])
    assert result.expectations["meeting_date"].max() == pd.Timestamp("2017-09-20")
    answer = row(result, "2017-09-20")
    assert answer["end_rate_pct"] == pytest.approx((30 * 1.145 - 19 * 1.125) / 11)
    (issue,) = result.issues
    assert issue.code == "calendar_ends_before_curve"
    assert "2017-09-20" in issue.message
    assert (issue.watch_dates, issue.first_watch_date, issue.last_watch_date) == (1, WATCH, WATCH)


def test_watch_dates_long_before_the_calendar_have_no_rows() -> None:
    result = odds(meetings=HELD[6:])
    assert result.expectations.empty
    assert "calendar_starts_too_late" in [issue.code for issue in result.issues]


def test_a_meeting_on_the_watch_date_has_happened() -> None:
    prices = {label: settle for label, settle in PRICES.items() if label >= "2017-05"}
    result = odds(prices, "2017-06-14")
    answer = row(result, "2017-07-26", watch="2017-06-14")
    assert answer["is_next_meeting"]
    assert (answer["range_lower_pct"], answer["range_upper_pct"]) == (1.00, 1.25)
    assert "2017-06-14" not in result.expectations["meeting_date"].astype(str).tolist()


def test_an_unscheduled_move_is_used_from_its_date_on() -> None:
    """January 2008: on the 18th the month has one meeting, from the 22nd on its solve is undefined."""
    prices = {"2007-11": 95.51, "2007-12": 95.76, "2008-01": 95.9, "2008-02": 96.5, "2008-03": 96.8}
    before = row(odds(prices, "2008-01-18", SPRING_2008), "2008-01-30", watch="2008-01-18")
    assert before["start_rate_pct"] == pytest.approx((31 * 4.1 - 2 * 3.5) / 29)
    assert before["range_lower_pct"] == before["range_upper_pct"] == 4.25
    for watch in ("2008-01-22", "2008-01-29"):
        after = odds(prices, watch, SPRING_2008)
        assert_null(row(after, "2008-01-30", watch=watch), "intermeeting_move")
        assert row(after, "2008-01-30", watch=watch)["range_lower_pct"] == 3.5
        later = row(after, "2008-03-18", watch=watch)
        assert later["start_rate_pct"] == pytest.approx(3.5)
        assert later["null_reason"] == "chain_broken: the meeting of 2008-01-30 before it has no odds"


def test_a_cancelled_meeting_drops_out_from_the_day_of_cancellation() -> None:
    prices = {"2020-02": 98.42, "2020-03": 99.2, "2020-04": 99.6, "2020-05": 99.7, "2020-06": 99.7}
    before = odds(prices, "2020-03-02", SPRING_2020)
    assert row(before, "2020-03-18", watch="2020-03-02")["start_rate_pct"] == pytest.approx(1.58)
    between = odds(prices, "2020-03-13", SPRING_2020)
    assert_null(row(between, "2020-03-18", watch="2020-03-13"), "intermeeting_move")
    after = odds(prices, "2020-03-16", SPRING_2020)
    april = row(after, "2020-04-29", watch="2020-03-16")
    assert april["is_next_meeting"]
    assert april["start_rate_pct"] == pytest.approx((30 * 0.4 - 2 * 0.3) / 28)
    assert (april["range_lower_pct"], april["range_upper_pct"]) == (0.0, 0.25)
    assert april["prob_cut_pct"] == pytest.approx(100 * (0.4 - 0.3) * 30 / 28 / 0.25)


def test_cuts_from_a_point_target() -> None:
    """March 2008 from a target of 3.00: S = 2.98 (February), E = 2.40: 2.32 cuts, 68 % two and 32 % three."""
    prices = {"2008-02": 97.02, "2008-03": 97.30, "2008-04": 97.6, "2008-05": 97.6}
    result = odds(prices, "2008-03-14", SPRING_2008)
    answer = row(result, "2008-03-18", watch="2008-03-14")
    april_start = 2.4  # both April and May stand at 2.40
    assert answer["start_rate_pct"] == pytest.approx(2.98)
    assert answer["end_rate_pct"] == pytest.approx(april_start)
    assert answer["prob_cut_pct"] == pytest.approx(100.0)
    rows = result.probabilities
    rows = rows[(rows["meeting_date"] == "2008-03-18") & (rows["day_convention"] == "post")]
    rows = rows[rows["watch_date"] == "2008-03-14"]
    assert rows["target_lower_bp"].tolist() == rows["target_upper_bp"].tolist() == [225, 250]
    moves = (2.98 - 2.4) / 0.25
    assert rows["probability_pct"].tolist() == pytest.approx([100 * (moves - 2), 100 * (3 - moves)])


# --- what was known ---


def test_the_expired_month_takes_the_realised_average_without_a_last_settlement() -> None:
    """Without the last settlement of August the EFFR of the month counts, once it is published."""
    live = {label: settle for label, settle in PRICES.items() if label >= "2017-09"}
    days = pd.bdate_range("2017-08-01", "2017-08-31")
    august = [(str(day.date()), 1.16 if day.day < 16 else 1.20, 1.0, 1.25) for day in days]
    frame = meeting_odds(curve(live, "2017-09-05"), calendar(), rates(august))
    expected = (15 * 1.16 + 16 * 1.20) / 31
    assert row(frame, "2017-09-20", watch="2017-09-05")["start_rate_pct"] == pytest.approx(expected)
    unknown = meeting_odds(curve(live, "2017-09-05"), calendar(), rates(august[:-6]))
    answer = row(unknown, "2017-09-20", watch="2017-09-05")  # the backward solve stands in
    assert answer["start_rate_pct"] == pytest.approx((30 * 1.145 - 11 * 1.2) / 19)
    assert answer["solve_direction"] == "backward"


def test_the_range_in_force() -> None:
    """Published rows count the next morning; a decision on or after the row's date replaces it."""
    frame = curve(PRICES)
    known = meeting_odds(frame, calendar(), rates([("2017-05-25", 0.91, 0.75, 1.0)]))
    assert row(known, "2017-06-14")["range_lower_pct"] == 0.75
    same_day = meeting_odds(frame, calendar(), rates([(WATCH, 0.91, 2.0, 2.25)]))
    assert row(same_day, "2017-06-14")["range_lower_pct"] == 0.75
    point = meeting_odds(frame, calendar(), rates([("2017-05-25", 0.91, 0.75, np.nan)]))
    assert row(point, "2017-06-14")["range_upper_pct"] == 0.75
    unrecorded: list[Meeting] = [
        (day, kind, off, np.nan, np.nan) if day == "2017-05-03" else (day, kind, off, low, high)
        for day, kind, off, low, high in HELD
    ]
    unknown = meeting_odds(frame, calendar(unrecorded), rates([("2017-05-02", 0.91, 0.75, 1.0)]))
    answer = row(unknown, "2017-06-14")
    assert str(answer["null_reason"]).startswith("range_unknown")
    assert answer["meeting_change_bp"] == pytest.approx(row(known, "2017-06-14")["meeting_change_bp"])
    assert np.isnan(answer["prob_hike_pct"])
    assert unknown.probabilities.empty


def panel(seed: int, sessions: int = 60) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A random walk of the curve and of EFFR from 2017-04-03 on."""
    random = np.random.default_rng(seed)
    frames, effr = [], []
    level = 1.0
    for day in pd.bdate_range("2017-04-03", periods=sessions):
        level += random.normal(0, 0.01)
        months = pd.period_range(day.to_period("M"), periods=9, freq="M")
        settle = 100 - level - 0.02 * np.arange(9) - random.normal(0, 0.01, 9)
        frames.append(pd.DataFrame({"contract_month": months.start_time, "session_date": day, "settle": settle}))
        effr.append((str(day.date()), level, 0.75, 1.0))
    return pd.concat(frames, ignore_index=True), rates(effr)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**16), cut=st.integers(5, 55), bump=st.floats(-0.5, 0.5))
def test_nothing_after_a_day_changes_that_day(seed: int, cut: int, bump: float) -> None:
    settlements, policy = panel(seed)
    day = pd.bdate_range("2017-04-03", periods=60)[cut]
    truth = meeting_odds(settlements, calendar(), policy)
    later = settlements["session_date"] > day
    changed = settlements.assign(settle=settlements["settle"].where(~later, settlements["settle"] + bump))
    # EFFR and the target of the day itself are published the next morning only
    unseen = pd.to_datetime(policy["rate_date"]) >= day
    altered = policy.assign(
        effr_pct=policy["effr_pct"].where(~unseen, 5.0),
        target_lower_pct=policy["target_lower_pct"].where(~unseen, 4.0),
    )
    meetings = calendar(HELD)
    future = pd.to_datetime(meetings["meeting_date"]) > day
    meetings.loc[future, ["target_lower_after_pct", "target_upper_after_pct"]] = 9.0
    meetings.loc[future & (meetings["meeting_date"] == "2017-09-20"), "cancelled_on"] = str(
        (day + pd.Timedelta(days=1)).date()
    )
    surprise = str((day + pd.Timedelta(days=1)).date())
    if surprise not in set(meetings["meeting_date"]):
        meetings = pd.concat([meetings, calendar([(surprise, "unscheduled", None, 3.0, 3.25)])])
    other = meeting_odds(changed, meetings, altered)
    for one, two in ((truth.expectations, other.expectations), (truth.probabilities, other.probabilities)):
        pd.testing.assert_frame_equal(
            one[one["watch_date"] <= day].reset_index(drop=True),
            two[two["watch_date"] <= day].reset_index(drop=True),
        )


# --- probabilities ---


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.floats(-1.9, 1.9), min_size=4, max_size=4), min_size=1, max_size=6))
def test_distributions_sum_to_one_and_keep_the_mean(rows: list[list[float]]) -> None:
    steps = np.array(rows)
    probabilities, lowest = step_distributions(steps)
    np.testing.assert_allclose(probabilities.sum(axis=2), 1.0, atol=1e-12)
    assert (probabilities >= 0).all()
    moves = lowest + np.arange(probabilities.shape[2])
    np.testing.assert_allclose((probabilities * moves).sum(axis=2), np.cumsum(steps, axis=1) / 0.25, atol=1e-7)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_probabilities_of_a_meeting_sum_to_a_hundred(seed: int) -> None:
    settlements, policy = panel(seed)
    result = meeting_odds(settlements, calendar(), policy)
    keys = ["watch_date", "meeting_date", "day_convention"]
    table = result.expectations.set_index(keys)
    assert table["null_reason"].notna().eq(table["prob_hike_pct"].isna()).all()
    total = result.probabilities.groupby(keys)["probability_pct"].sum()
    np.testing.assert_allclose(total, 100.0, atol=1e-9)
    three = table[["prob_cut_pct", "prob_hold_pct", "prob_hike_pct"]].sum(axis=1).loc[total.index]
    np.testing.assert_allclose(three, 100.0, atol=1e-9)


def test_floor_and_whole_steps() -> None:
    """-0.4 moves: 40 % one cut; one move within dust: certainty; NaN breaks the chain from there on."""
    probabilities, lowest = step_distributions(np.array([[-0.1, 0.25 + 1e-13, np.nan, 0.25]]))
    moves = lowest + np.arange(probabilities.shape[2])
    first = dict(zip(moves.tolist(), probabilities[0, 0].tolist(), strict=True))
    assert (first[-1], first[0]) == pytest.approx((0.4, 0.6))
    second = dict(zip(moves.tolist(), probabilities[0, 1].tolist(), strict=True))
    assert (second[0], second[1]) == pytest.approx((0.4, 0.6))
    assert probabilities[0, 2:].sum() == 0.0


# --- calibration ---


def test_calibration_counts_decisions_hits_and_those_without_odds() -> None:
    held = calendar(HELD[2:6])
    odds_rows = pd.DataFrame(
        {
            "watch_date": pd.to_datetime(["2017-05-01", "2017-05-02", "2017-06-13", "2017-07-25", "2017-09-08"]),
            "meeting_date": pd.to_datetime(["2017-05-03", "2017-05-03", "2017-06-14", "2017-07-26", "2017-09-20"]),
            "day_convention": "post",
            "is_next_meeting": True,
            "range_upper_pct": [1.0, 1.0, 1.0, 1.25, 1.25],
            "prob_cut_pct": [0.0, 0.0, 0.0, np.nan, 0.0],
            "prob_hold_pct": [50.0, 95.0, 5.0, np.nan, 99.0],
            "prob_hike_pct": [50.0, 5.0, 95.0, np.nan, 1.0],
            "null_reason": [None, None, None, "intermeeting_move", None],
        }
    )
    decisions = decision_odds(odds_rows, held)
    assert decisions["watch_date"].dt.strftime("%m-%d").tolist() == [
        "05-02",
        "06-13",
        "07-25",
    ]  # 09-08 is too old
    assert decisions["decided"].tolist() == ["hold", "hike", "hold"]
    table = calibration_table(odds_rows, held)
    hikes = table[table["outcome"] == "hike"]
    assert hikes["decisions"].tolist() == [1, 1, 1]
    assert hikes["hits"].tolist() == [0, 1, 0]
    assert hikes["mean_probability_pct"].iloc[:2].tolist() == [5.0, 95.0]
    assert hikes["bin_lower_pct"].isna().tolist() == [False, False, True]
