"""Outcomes, base rates, scorecard and bootstrap against plain loops; nothing looks ahead."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dagster_project.research.forward_outcomes import (
    HORIZONS,
    base_rates,
    first_falls,
    forward_outcomes,
    rest_of_year_outcomes,
)
from dagster_project.research.kept_figures import DIGEST
from dagster_project.research.signal_scorecard import (
    DRAWDOWNS,
    NEVER_OFF,
    NEVER_ON,
    NO_DAYS,
    NO_VARIATION,
    TOO_FEW,
    UNSURE,
    count_episodes,
    intervals,
    signal_scorecard,
    t_statistics,
)
from tests.plain_t import plain_t

SESSIONS = pd.bdate_range("2001-01-01", "2004-06-30", unit="us")
YEAR_ENDS = pd.DatetimeIndex(SESSIONS.to_series().groupby(SESSIONS.year).max())


def closes(seed: int = 1, symbol: str = "L", sessions: pd.DatetimeIndex = SESSIONS) -> pd.DataFrame:
    """A random walk with daily moves of 1 %; its calendar goes on after its end."""
    moves = np.random.default_rng(seed).normal(0.0003, 0.01, len(sessions))
    calendar = pd.bdate_range("2001-01-01", "2004-12-31", unit="us")
    place = pd.Series(range(len(calendar)), index=calendar)
    year_ends = calendar.to_series().groupby(calendar.year).max()
    ends = pd.Series(sessions.year, index=sessions).map(year_ends)
    return pd.DataFrame(
        {
            "symbol": symbol,
            "session_date": sessions,
            "close_price": 100 * np.exp(np.cumsum(moves)),
            "year_end_date": ends.to_numpy(),
            "sessions_left": place[ends].to_numpy() - place[sessions].to_numpy(),
        }
    )


def plain_outcome(path: list[float]) -> tuple[float, float, float]:
    """Return, deepest drawdown and worst loss of a path that starts at the close of the session, percent."""
    peak, deepest, worst = path[0], 0.0, 0.0
    for price in path:
        peak = max(peak, price)
        deepest = min(deepest, 100 * (price / peak - 1))
        worst = min(worst, 100 * (price / path[0] - 1))
    return 100 * (path[-1] / path[0] - 1), deepest, worst


def cut(frame: pd.DataFrame, column: str, day: pd.Timestamp) -> pd.DataFrame:
    return frame[frame[column] <= day].reset_index(drop=True)


# --- outcomes and base rates


def test_outcomes_equal_a_plain_loop() -> None:
    prices = closes()
    outcomes = forward_outcomes(prices).set_index(["session_date", "horizon_sessions"])
    path = prices["close_price"].tolist()
    assert len(outcomes) == sum(len(path) - horizon for horizon in HORIZONS)
    for horizon in HORIZONS:
        for day in range(0, len(path) - horizon, 7):
            row = outcomes.loc[(SESSIONS[day], horizon)]
            expected = plain_outcome(path[day : day + horizon + 1])
            figures = row[["forward_return_pct", "deepest_drawdown_pct", "worst_loss_from_entry_pct"]].to_list()
            assert figures == pytest.approx(expected, abs=1e-12)
            assert row["outcome_end_date"] == SESSIONS[day + horizon]


def test_symbols_do_not_touch_each_other() -> None:
    both = pd.concat([closes(2, "B"), closes(1, "A")]).sample(frac=1, random_state=0)
    alone = pd.concat([forward_outcomes(closes(1, "A")), forward_outcomes(closes(2, "B"))], ignore_index=True)
    pd.testing.assert_frame_equal(forward_outcomes(both), alone, check_exact=True)


def test_a_short_series_has_no_outcomes() -> None:
    few = closes()[:10]
    assert forward_outcomes(few).empty
    assert forward_outcomes(few).columns.tolist() == forward_outcomes(closes()).columns.tolist()
    assert (base_rates(few)["base_days"] == 0).all()
    assert not rest_of_year_outcomes(few)["is_complete"].any()


@pytest.mark.parametrize("fall_pct", [1.0, 3.0, 5.0])
def test_first_falls_equal_a_plain_loop(fall_pct: float) -> None:
    path = closes(3)["close_price"].to_numpy()[:300]
    for day, found in enumerate(first_falls(path, fall_pct)):
        falls = (u for u in range(day + 1, 300) if 100 * (path[u] / path[day : u + 1].max() - 1) <= -fall_pct)
        assert found == next(falls, -1)


def test_base_rates_count_the_paths_that_had_ended() -> None:
    prices = closes()
    rates = base_rates(prices).set_index(["horizon_id", "session_date"])
    path, left = prices["close_price"].tolist(), prices["sessions_left"].tolist()
    for horizon_id in ("rest_of_year", "21", "63", "126"):
        for day in [0, 20, 21, 62, 63, *range(100, len(path), 97), SESSIONS.get_loc(YEAR_ENDS[1])]:
            length = left[day] if horizon_id == "rest_of_year" else int(horizon_id)
            starts = [s for s in range(day) if length and s + length <= day]
            falls = [plain_outcome(path[s : s + length + 1])[1] for s in starts]
            row = rates.loc[(horizon_id, SESSIONS[day])]
            assert (row["horizon_sessions"], row["base_days"]) == (length, len(starts))
            shares = row[["p_drawdown_3_pct", "p_drawdown_5_pct", "p_drawdown_3_to_5_pct"]].to_list()
            if starts:
                tests = (lambda fall: fall <= -3, lambda fall: fall <= -5, lambda fall: -5 < fall <= -3)
                assert shares == pytest.approx([100 * np.mean([test(fall) for fall in falls]) for test in tests])
            else:
                assert np.isnan(shares).all()


def test_the_rest_of_a_year_equals_a_plain_loop() -> None:
    prices = closes()
    outcomes = rest_of_year_outcomes(prices).set_index("session_date")
    path = prices["close_price"].tolist()
    for day in [0, 100, 257, 258, 400, 700]:
        end = day + prices["sessions_left"][day]
        row = outcomes.loc[SESSIONS[day]]
        figures = row[["return_pct", "deepest_drawdown_pct", "worst_loss_from_entry_pct"]].to_list()
        assert (row["is_complete"], row["year_end_date"]) == (True, SESSIONS[end])
        assert figures == pytest.approx(plain_outcome(path[day : end + 1]))
    last_of_year = outcomes.loc[YEAR_ENDS[0]]
    assert (last_of_year["is_complete"], last_of_year["sessions_left"]) == (True, 0)
    assert np.isnan(last_of_year["return_pct"])
    unfinished = outcomes.loc[SESSIONS[-60] :]
    assert not unfinished["is_complete"].any()
    assert unfinished["return_pct"].isna().all()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("function", "known_on"),
    [
        (forward_outcomes, "outcome_end_date"),
        (base_rates, "session_date"),
        (rest_of_year_outcomes, "year_end_date"),
    ],
)
def test_rows_known_by_a_day_use_nothing_later(
    function: Callable[[pd.DataFrame], pd.DataFrame], known_on: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    prices = closes(seed)
    day = YEAR_ENDS[seed % 3] if seed < 2 else SESSIONS[rng.integers(100, len(SESSIONS))]
    altered = prices.copy()
    altered.loc[altered["session_date"] > day, "close_price"] *= rng.uniform(0.1, 3.0)
    before, falls = cut(function(prices), known_on, day), ["first_fall_3_date", "first_fall_5_date"]
    for other in (cut(prices, "session_date", day), altered):
        now = cut(function(other), known_on, day)
        if known_on == "year_end_date":  # the dates of first falls have known dates of their own
            for rows in (before, now):
                rows[falls] = rows[falls].where(rows[falls] <= day)
        assert len(now) > 0
        pd.testing.assert_frame_equal(now, before, check_exact=True)


# --- t and bootstrap


@pytest.mark.parametrize("horizon", HORIZONS)
def test_t_equals_the_sums_written_out(horizon: int) -> None:
    rng = np.random.default_rng(horizon)
    is_on = np.repeat(rng.random(60) < 0.3, 17)
    returns = pd.Series(rng.normal(0.1, 1.0, is_on.size)).rolling(horizon, min_periods=1).sum().to_numpy() + is_on
    assert t_statistics(returns, is_on, horizon) == pytest.approx(plain_t(returns, is_on, horizon - 1), rel=1e-9)


def test_t_is_nan_where_nothing_varies() -> None:
    is_on = np.arange(100) < 30
    assert np.isnan(t_statistics(np.full(100, 0.1), is_on, 21)).all()
    assert np.isnan(t_statistics(np.where(is_on, 0.1, 0.7), is_on, 21)).all()


def plain_resample(days: int, mean_block: int, rng: np.random.Generator) -> list[int]:
    """Days of one resample, drawn as Politis and Romano say: go on with the next day, or start anywhere."""
    drawn = [int(rng.integers(days))]
    while len(drawn) < days:
        drawn.append(int(rng.integers(days)) if rng.random() < 1 / mean_block else (drawn[-1] + 1) % days)
    return drawn


@pytest.mark.parametrize("mean_block", [21, 63])
def test_intervals_agree_with_resamples_drawn_day_by_day(mean_block: int) -> None:
    """Two bootstraps with 1000 resamples each: their ends differ by chance, an eighth of the width is plenty."""
    rng = np.random.default_rng(mean_block)
    is_on = np.repeat(rng.random(100) < 0.25, 20)
    returns = pd.Series(rng.normal(0.03, 1.0, is_on.size)).rolling(mean_block, min_periods=1).sum().to_numpy() + is_on
    drawdowns = np.column_stack([returns <= -1, returns <= -3, (returns <= -1) & (returns > -3)])
    differences = []
    for _ in range(1000):
        days = plain_resample(is_on.size, mean_block, rng)
        some, hits, on = returns[days], drawdowns[days], is_on[days]
        excess = 100 * (hits[on].mean(axis=0) - hits.mean(axis=0))
        differences.append([some[on].mean() - some[~on].mean(), *excess])
    expected = np.percentile(differences, [2.5, 97.5], axis=0).T
    found = intervals(returns, drawdowns, is_on, mean_block)
    assert found.shape == (1 + len(DRAWDOWNS), 2)
    assert (np.abs(found - expected) < 0.125 * np.diff(expected)).all()


def test_a_resample_without_a_day_on_is_left_out() -> None:
    is_on = np.arange(400) < 12
    found = intervals(np.arange(400.0), np.zeros((400, 3), dtype=bool), is_on, 21)
    assert np.isfinite(found).all()
    assert (found[1:] == 0).all()


# --- scorecard


@pytest.mark.parametrize(
    ("numbers", "horizon", "episodes"),
    [([], 21, 0), ([5], 21, 1), ([5, 26], 21, 1), ([5, 27], 21, 2), ([5, 27], 63, 1), ([1, 2, 30, 31, 90], 21, 3)],
)
def test_an_episode_ends_after_h_sessions_without_the_signal(numbers: list[int], horizon: int, episodes: int) -> None:
    assert count_episodes(np.array(numbers, dtype=np.int64), horizon) == episodes


def signals(is_on: Any, signal_id: str = "S1", pair_id: str = "S_L", symbol: str = "L") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "signal_id": signal_id,
            "pair_id": pair_id,
            "session_date": SESSIONS,
            "session_number": np.arange(1, len(SESSIONS) + 1),
            "large_symbol": symbol,
            "is_on": pd.array(is_on, dtype="boolean"),
        }
    )


def sample_ends(pair_id: str = "S_L", days: pd.DatetimeIndex = YEAR_ENDS) -> pd.DataFrame:
    return pd.DataFrame({"pair_id": pair_id, "sample_end": days, "is_year_end": days.isin(YEAR_ENDS[:3])})


def random_states(seed: int) -> pd.Series:
    states = pd.Series(np.repeat(np.random.default_rng(seed).random(400) < 0.3, 4)[: len(SESSIONS)], dtype="boolean")
    states[:50] = pd.NA
    return states


def test_a_card_counts_days_that_are_defined_and_whose_outcome_has_ended() -> None:
    outcomes, states = forward_outcomes(closes()), random_states(0)
    cards = signal_scorecard(signals(states), outcomes, sample_ends())
    assert len(cards) == len(HORIZONS) * len(YEAR_ENDS)
    assert cards["is_year_end"].tolist() == 3 * [True, True, True, False]
    by_day = outcomes.merge(signals(states)[["session_date", "is_on"]], on="session_date")
    for card in cards.to_dict("records"):
        days = by_day[by_day["horizon_sessions"] == card["horizon_sessions"]]
        days = days[(days["outcome_end_date"] <= card["sample_end"]) & days["is_on"].notna()]
        on, off = days[days["is_on"]], days[~days["is_on"].astype(bool)]
        counted = (len(days), len(on), days["session_date"].min())
        assert (card["all_days"], card["on_days"], card["sample_start"]) == counted
        figures = {
            "mean_forward_return_on_pct": on["forward_return_pct"].mean(),
            "mean_forward_return_off_pct": off["forward_return_pct"].mean(),
            "mean_forward_return_all_pct": days["forward_return_pct"].mean(),
            "difference_on_off_pp": on["forward_return_pct"].mean() - off["forward_return_pct"].mean(),
        }
        for which, rows in (("on", on), ("all", days)):
            for event, column in (("drawdown", "deepest_drawdown_pct"), ("loss", "worst_loss_from_entry_pct")):
                figures[f"p_{event}_3_{which}_pct"] = 100 * (rows[column] <= -3).mean()
                figures[f"p_{event}_5_{which}_pct"] = 100 * (rows[column] <= -5).mean()
            pullbacks = (rows["deepest_drawdown_pct"] <= -3) & (rows["deepest_drawdown_pct"] > -5)
            figures[f"p_drawdown_3_to_5_{which}_pct"] = 100 * pullbacks.mean()
        for name in DRAWDOWNS:
            figures[f"excess_{name}_pp"] = figures[f"p_{name}_on_pct"] - figures[f"p_{name}_all_pct"]
        assert {name: card[name] for name in figures} == pytest.approx(figures, nan_ok=True)


def test_what_cannot_be_said_is_null_with_its_reason() -> None:
    outcomes, defined = forward_outcomes(closes()), pd.Series(False, index=range(len(SESSIONS)), dtype="boolean")
    states = {
        "undefined": (defined.where(defined), NO_DAYS),
        "never on": (defined, NEVER_ON),
        "always on": (~defined, NEVER_OFF),
        "one episode": (defined.index.isin(range(100, 140)), TOO_FEW),
        "nine days": (defined.index.isin(range(100, 370, 30)), TOO_FEW),
        "ten days": (defined.index.isin(range(100, 400, 30)), None),
    }
    frames = [signals(is_on, signal_id=name) for name, (is_on, _) in states.items()]
    last = sample_ends(days=YEAR_ENDS[2:3])
    cards = signal_scorecard(pd.concat(frames), outcomes, last)
    cards = cards[cards["horizon_sessions"] == 21].set_index("signal_id")
    for name, (_, reason) in states.items():
        card = cards.loc[name]
        assert (card["reason"] if isinstance(card["reason"], str) else None) == reason
        assert card[list(UNSURE)].notna().all() == (reason is None)
        assert card[list(UNSURE)].isna().all() == (reason is not None)
    assert cards.loc["undefined", "all_days"] == 0
    assert pd.isna(cards.loc["undefined", "sample_start"])
    assert np.isnan(cards.loc["never on", "p_drawdown_3_on_pct"])
    assert cards.loc["never on", "p_drawdown_3_all_pct"] > 0
    assert cards.loc["always on", "excess_drawdown_3_pp"] == 0


def test_a_price_that_never_moves_has_no_t() -> None:
    outcomes = forward_outcomes(closes().assign(close_price=100.0))
    cards = signal_scorecard(signals(random_states(1)), outcomes, sample_ends())
    assert set(cards["reason"]) == {TOO_FEW, NO_VARIATION}
    assert cards[["t_ols", "t_hac"]].isna().all(axis=None)


@pytest.mark.parametrize("seed", range(4))
def test_a_card_uses_nothing_that_ended_later(seed: int) -> None:
    """Rows after a day taken away or altered, and other pairs beside it: cards up to that day are the same bits."""
    rng = np.random.default_rng(seed)
    prices, states = closes(seed), random_states(seed)
    day = [YEAR_ENDS[1], YEAR_ENDS[2], *SESSIONS[rng.integers(300, len(SESSIONS), 2)]][seed]
    ends = sample_ends(days=YEAR_ENDS.union([day]))
    all_cards = cut(signal_scorecard(signals(states), forward_outcomes(prices), ends), "sample_end", day)
    is_later = np.asarray(day < SESSIONS)
    flipped = states.where(~is_later, ~states)
    moved = prices.assign(close_price=np.where(is_later, 2 * prices["close_price"], prices["close_price"]))
    other = signals(random_states(9), pair_id="X_Y", symbol="Y")
    worlds = [
        (cut(signals(states), "session_date", day), cut(prices, "session_date", day), cut(ends, "sample_end", day)),
        (signals(flipped), moved, ends),
        (
            pd.concat([other, signals(states)]),
            pd.concat([closes(9, "Y"), prices]),
            pd.concat([sample_ends("X_Y"), ends]),
        ),
    ]
    for signal_rows, price_rows, end_rows in worlds:
        cards = signal_scorecard(signal_rows, forward_outcomes(price_rows), end_rows)
        cards = cut(cards[cards["pair_id"] == "S_L"], "sample_end", day)
        pd.testing.assert_frame_equal(cards, all_cards, check_exact=True)


def test_cards_of_the_same_days_keep_their_t_and_intervals() -> None:
    outcomes, states = forward_outcomes(closes()), signals(random_states(3))
    before = signal_scorecard(states, outcomes, sample_ends(days=YEAR_ENDS[:3]))
    cards, anew = (signal_scorecard(states, outcomes, sample_ends(), earlier) for earlier in (before, None))
    pd.testing.assert_frame_equal(cards, anew, check_exact=True)
    assert cards[DIGEST].notna().equals(cards["reason"].isna())
    marked = before.assign(**dict.fromkeys(UNSURE, 777.0))
    cards = signal_scorecard(states, outcomes, sample_ends(), marked)
    is_old = cards["sample_end"] < YEAR_ENDS[3]
    assert (cards["ci_low_pp"] == 777).equals(is_old & cards["reason"].isna())
    assert cards.loc[~is_old, "reason"].isna().any()
