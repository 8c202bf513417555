"""The event study on synthetic prices against plain computations: statsmodels, matrix algebra, loops."""

import statistics
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.linear_model import OLS
from statsmodels.tools.tools import add_constant

from dagster_project.research.event_study import event_study

SESSIONS = pd.bdate_range("2015-01-05", periods=420)
WINDOWS = [(-1, 1), (0, 1), (1, 1), (0, 5), (1, 21)]
FIRST_WITH_ESTIMATION = 281
"""Position of the first day 0 with 250 returns before -30: the first of 420 prices has no return."""
GRAIN = ["event_id", "pair_id", "window_start_session", "window_end_session"]


def prices(pair_id: str = "P", sessions: pd.DatetimeIndex = SESSIONS, seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    large = random.normal(0.0004, 0.009, len(sessions))
    small = 0.0001 + 1.2 * large + random.standard_t(4, len(sessions)) * 0.005
    return pd.DataFrame(
        {
            "pair_id": pair_id,
            "session_date": sessions,
            "small_level": 100 * np.cumprod(1 + small),
            "large_level": 250 * np.cumprod(1 + large),
        }
    )


def event(position: int, kind: str = "shock", change_bp: float | None = None, next_session: bool = False) -> dict:
    """An event on a session; after its close with `next_session`."""
    day = SESSIONS[position]
    acts_on = SESSIONS[position + 1] if next_session else day
    return {
        "event_id": f"{kind}_{day:%Y-%m-%d}",
        "event_date": day,
        "first_effect_session_date": acts_on,
        "kind": kind,
        "change_bp": change_bp,
    }


def study(
    events: Sequence[dict],
    levels: pd.DataFrame | None = None,
    windows: Sequence[tuple[int, int]] = WINDOWS,
    pair_ids: Sequence[str] = ("P",),
) -> pd.DataFrame:
    spans = pd.DataFrame(windows, columns=["window_start_session", "window_end_session"])
    return event_study(prices() if levels is None else levels, pd.DataFrame(events), spans, pair_ids)


def only_row(table: pd.DataFrame) -> pd.Series:
    assert len(table) == 1
    return table.iloc[0]


@pytest.mark.parametrize("position", [FIRST_WITH_ESTIMATION, 333, 398])
@pytest.mark.parametrize("window", WINDOWS)
def test_figures_agree_with_statsmodels(position: int, window: tuple[int, int]) -> None:
    levels = prices()
    row = only_row(study([event(position)], levels, [window]))
    small = levels["small_level"].pct_change().to_numpy()
    large = levels["large_level"].pct_change().to_numpy()
    estimation = slice(position - 280, position - 30)
    fit = OLS(small[estimation], add_constant(large[estimation])).fit()
    inside = slice(position + window[0], position + window[1] + 1)
    length = window[1] - window[0] + 1
    regressors = add_constant(large[inside], has_constant="add")
    car = float((small[inside] - fit.predict(regressors)).sum())
    total = regressors.sum(axis=0)
    variance = length * fit.mse_resid + total @ fit.cov_params() @ total
    first, last = levels.iloc[position + window[0] - 1], levels.iloc[position + window[1]]
    assert fit.nobs == row["estimation_sessions"] == 250
    assert [row["alpha_pct_per_day"], row["beta"]] == pytest.approx([100 * fit.params[0], fit.params[1]])
    assert row["sigma_pct_per_day"] == pytest.approx(100 * np.sqrt(fit.mse_resid))
    assert row["car_pct"] == pytest.approx(100 * car)
    assert row["car_t"] == pytest.approx(car / np.sqrt(variance))
    assert row["car_t_naive"] == pytest.approx(car / np.sqrt(length * fit.mse_resid))
    assert row["car_market_adjusted_pct"] == pytest.approx(100 * (small[inside] - large[inside]).sum())
    assert row["bhar_pct"] == pytest.approx(
        100 * (last["small_level"] / first["small_level"] - last["large_level"] / first["large_level"])
    )
    assert row["window_start_date"] == SESSIONS[position + window[0]]
    assert row["known_on"] == row["window_end_date"] == SESSIONS[position + window[1]]
    assert not row["is_pooled"] and pd.isna(row["reason"]) and pd.isna(row["events_pooled"])


def test_an_event_on_a_closed_day_and_one_after_the_close_first_act_at_plus_1() -> None:
    """A Sunday has the Friday before as its day 0, the same as an event after the close of that Friday."""
    friday = 304
    assert SESSIONS[friday].day_name() == "Friday"
    sunday = event(friday) | {
        "event_id": "sunday",
        "event_date": SESSIONS[friday] + pd.Timedelta(days=2),
        "first_effect_session_date": SESSIONS[friday + 1],
    }
    table = study([sunday, event(friday, next_session=True)], windows=[(1, 1)])
    assert table["window_start_date"].tolist() == [SESSIONS[friday + 1]] * 2
    assert table["car_pct"].notna().all()
    assert table["car_pct"].nunique() == 1


def test_an_event_that_acts_on_a_session_the_pair_lacks_has_no_figures() -> None:
    levels = prices().drop(index=300)
    table = study([event(300), event(300, "article", next_session=True)], levels, [(0, 1)])
    article, shock = (row for _, row in table.iterrows())
    assert shock["reason"] == f"the pair has no price on {SESSIONS[300]:%Y-%m-%d}, when the event first acts"
    assert pd.isna(shock["car_pct"]) and pd.isna(shock["window_start_date"]) and shock["estimation_sessions"] == 0
    assert pd.isna(article["reason"])
    assert (article["window_start_date"], article["window_end_date"]) == (SESSIONS[299], SESSIONS[301])


def test_a_price_that_is_no_price_makes_no_common_session() -> None:
    with_hole, with_nan, with_zero = prices().drop(index=310), prices(), prices()
    with_nan.loc[310, "small_level"] = np.nan
    with_zero.loc[310, "large_level"] = 0.0
    expected = study([event(320)], with_hole)
    pd.testing.assert_frame_equal(study([event(320)], with_nan), expected)
    pd.testing.assert_frame_equal(study([event(320)], with_zero), expected)


@pytest.mark.parametrize(
    ("position", "window_end", "reason"),
    [
        (FIRST_WITH_ESTIMATION, 1, None),
        (FIRST_WITH_ESTIMATION - 1, 1, "249 of 250 estimation sessions"),
        (100, 1, "69 of 250 estimation sessions"),
        (0, 1, "0 of 250 estimation sessions"),
        (398, 21, None),
        (399, 21, f"the prices of the pair end on {SESSIONS[-1]:%Y-%m-%d}, the window ends later"),
        (419, 1, f"the prices of the pair end on {SESSIONS[-1]:%Y-%m-%d}, the window ends later"),
    ],
)
def test_events_at_the_edges_of_the_prices(position: int, window_end: int, reason: str | None) -> None:
    row = only_row(study([event(position)], windows=[(1, window_end)]))
    assert (row["reason"] if reason else pd.isna(row["reason"])) == (reason or True)
    figures = row[["alpha_pct_per_day", "beta", "sigma_pct_per_day", "car_pct", "car_t", "car_t_naive", "bhar_pct"]]
    assert figures.isna().all() == (reason is not None) == pd.isna(row["known_on"])


@pytest.mark.parametrize(
    ("date", "reason"),
    [
        ("2015-01-04", f"the prices of the pair start on {SESSIONS[0]:%Y-%m-%d}, after the event"),
        ("1999-01-04", f"the prices of the pair start on {SESSIONS[0]:%Y-%m-%d}, after the event"),
        ("2030-01-04", f"the prices of the pair end on {SESSIONS[-1]:%Y-%m-%d}, the window ends later"),
    ],
)
def test_events_outside_the_prices(date: str, reason: str) -> None:
    outside = event(300) | {"event_date": pd.Timestamp(date), "first_effect_session_date": pd.NaT}
    table = study([outside])
    assert table["reason"].tolist() == [reason] * len(WINDOWS)
    assert table["car_pct"].isna().all() and table["known_on"].isna().all()


def test_a_pair_without_prices_has_rows_that_say_so() -> None:
    table = study([event(300)], pair_ids=["P", "NOBODY"])
    assert table.groupby("pair_id").size().to_dict() == {"P": 5, "NOBODY": 5}
    assert set(table.loc[table["pair_id"] == "NOBODY", "reason"]) == {"the pair has no prices"}
    assert table.loc[table["pair_id"] == "P", "car_t"].notna().all()
    nothing = study([event(300)], prices().iloc[:0])
    assert set(nothing["reason"]) == {"the pair has no prices"}


def test_a_large_side_that_does_not_move_has_no_market_model() -> None:
    levels = prices()
    levels.loc[:340, "large_level"] = 250.0
    row = only_row(study([event(330)], levels, [(0, 1)]))
    assert row["reason"] == "the large side did not move over the estimation sessions"
    assert pd.isna(row["car_pct"]) and pd.isna(row["known_on"])


def test_an_exact_market_model_has_returns_but_no_t() -> None:
    levels = prices()
    levels["small_level"] = 2 * levels["large_level"]
    row = only_row(study([event(330)], levels, [(0, 1)]))
    assert row["beta"] == pytest.approx(1)
    assert row["car_pct"] == pytest.approx(0, abs=1e-9)
    assert pd.isna(row["car_t"]) and row["reason"] == "the market model leaves no residual to judge by"


@pytest.mark.parametrize("window", [(-31, 1), (-1, 0), (3, 2)])
def test_a_window_that_cannot_be_judged_is_refused(window: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"event_windows: expected -31 < start <= end and end >= 1, got"):
        study([event(300)], windows=[window])


POOLED_POSITIONS = [290, 291, 292, 296, 297, 299, 305, 310, 330, 331, 360, 400]
RISES = [event(position, "fomc_change", 25.0) for position in POOLED_POSITIONS]
CUTS = [event(position, "fomc_change", -50.0) for position in (295, 340)]
VOTES = [event(position, "election", next_session=True) for position in (285, 350)]


@pytest.mark.parametrize("window", WINDOWS)
def test_a_pool_takes_events_that_do_not_overlap_and_grows_in_time(window: tuple[int, int]) -> None:
    table = study([*RISES, *CUTS, *VOTES, event(288)], windows=[window])
    singles = table[~table["is_pooled"]].set_index("event_id")
    taken: list[dict] = []
    last_end = -1
    for rise, position in zip(RISES, POOLED_POSITIONS, strict=True):
        if position + window[1] < len(SESSIONS) and position + window[0] > last_end:
            taken.append(rise)
            last_end = position + window[1]
    assert len(taken) > 1
    pool = table[table["kind"] == "fomc_rises"].sort_values("event_date")
    assert pool["event_id"].tolist() == [f"pooled_fomc_rises_through_{rise['event_date']:%Y-%m-%d}" for rise in taken]
    assert pool["events_pooled"].tolist() == list(range(1, len(taken) + 1))
    for count, (_, row) in enumerate(pool.iterrows(), start=1):
        members = [singles.loc[rise["event_id"]] for rise in taken[:count]]
        for name in ("car_pct", "car_market_adjusted_pct", "bhar_pct"):
            assert row[name] == pytest.approx(statistics.fmean(member[name] for member in members))
        assert row["known_on"] == row["window_end_date"] == members[-1]["known_on"]
        assert row["window_start_date"] == members[-1]["window_start_date"]
        assert (
            row[["alpha_pct_per_day", "beta", "sigma_pct_per_day", "car_t_naive", "estimation_sessions"]].isna().all()
        )
        if count < 5:
            assert pd.isna(row["car_t"]) and row["reason"] == f"{count} of 5 events that a t needs"
        else:
            deviation = statistics.stdev(member["car_pct"] for member in members)
            assert row["car_t"] == pytest.approx(row["car_pct"] / (deviation / count**0.5))
            assert pd.isna(row["reason"])


def test_rises_cuts_and_elections_are_pools_of_their_own_and_shocks_are_none() -> None:
    table = study([*RISES, *CUTS, *VOTES, event(288)], windows=[(0, 1)])
    pools = table[table["is_pooled"]]
    assert sorted(pools.loc[pools["kind"] != "fomc_rises", "event_id"]) == [
        f"pooled_elections_through_{VOTES[0]['event_date']:%Y-%m-%d}",
        f"pooled_elections_through_{VOTES[1]['event_date']:%Y-%m-%d}",
        f"pooled_fomc_cuts_through_{CUTS[0]['event_date']:%Y-%m-%d}",
        f"pooled_fomc_cuts_through_{CUTS[1]['event_date']:%Y-%m-%d}",
    ]
    assert set(pools["kind"]) == {"fomc_rises", "fomc_cuts", "elections"}


def test_an_event_without_figures_is_in_no_pool() -> None:
    early = event(FIRST_WITH_ESTIMATION - 1, "fomc_change", 25.0)
    table = study([early, *RISES[:1]], windows=[(0, 1)])
    assert table.loc[table["is_pooled"], "events_pooled"].tolist() == [1]


def test_no_pool_without_events_to_pool() -> None:
    assert not study([event(300)])["is_pooled"].any()


def test_rows_have_one_grain_in_a_fixed_order() -> None:
    levels = pd.concat([prices(), prices("Q", seed=2)])
    events = [*RISES, *CUTS, *VOTES, event(288)]
    table = study(events, levels, pair_ids=["P", "Q"])
    assert not table.duplicated(GRAIN).any()
    assert (~table["is_pooled"]).sum() == len(events) * len(WINDOWS) * 2
    shuffled = study(events[::-1], levels.sample(frac=1, random_state=3), WINDOWS[::-1], ["Q", "P"])
    pd.testing.assert_frame_equal(shuffled, table)


@pytest.mark.parametrize("last", [300, 301, 312, 351, 399, 418])
@pytest.mark.parametrize("alter", [False, True])
def test_nothing_after_a_day_changes_what_was_known_on_it(last: int, alter: bool) -> None:
    """Rows after the day are removed or made wild; events after it may be known beforehand or not."""
    events = [*RISES, *CUTS, *VOTES]
    levels = prices()
    changed = levels.copy()
    changed.loc[last + 1 :, ["small_level", "large_level"]] *= [3.0, 0.5]
    table = study(events, levels)
    before = study(events, changed if alter else levels.loc[:last])
    day = SESSIONS[last]
    known, known_before = table[table["known_on"] <= day], before[before["known_on"] <= day]
    assert len(known) > 5
    pd.testing.assert_frame_equal(
        known_before.reset_index(drop=True), known.reset_index(drop=True), rtol=1e-12, atol=1e-12
    )
    without_later = study([earlier for earlier in events if earlier["event_date"] <= day], levels.loc[:last])
    pd.testing.assert_frame_equal(
        without_later[without_later["known_on"] <= day].reset_index(drop=True),
        known.reset_index(drop=True),
        rtol=1e-12,
        atol=1e-12,
    )
