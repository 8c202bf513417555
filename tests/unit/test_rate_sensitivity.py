"""Rate sensitivity on synthetic days against sums written out, and what a window needs before it is judged."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dagster_project.research.kept_figures import DIGEST
from dagster_project.research.rate_sensitivity import FIGURES, rate_sensitivity

SESSIONS = pd.bdate_range("2015-01-05", periods=500)
FIXED = {
    "window_id": "spring",
    "kind": "fixed",
    "first_date": SESSIONS[20],
    "last_date": SESSIONS[140],
    "rolling_observations": None,
    "minimum_observations": 60,
}
SINCE = FIXED | {"window_id": "since_election", "kind": "since_election", "first_date": None, "last_date": None}
ROLLING = SINCE | {
    "window_id": "rolling_100d",
    "kind": "rolling",
    "rolling_observations": 100,
    "minimum_observations": 100,
}
ELECTIONS = [SESSIONS[10], SESSIONS[300]]


def changes(count: int = len(SESSIONS), pair_id: str = "P", seed: int = 1) -> pd.DataFrame:
    """Half basis points as the contract moves, none of them on two days of five, and a gap that knows of them."""
    random = np.random.default_rng(seed)
    large = random.normal(0.04, 0.9, count)
    change = np.round(random.normal(0, 2.0, count)) / 2 * (random.uniform(size=count) > 0.4)
    gap = 0.05 * change + 0.1 * large + random.standard_t(4, count) * 0.4
    days = pd.DataFrame(
        {
            "pair_id": pair_id,
            "session_date": SESSIONS[:count],
            "gap_return_pct": gap,
            "large_return_pct": large,
            "rate_change_bp": change,
        }
    )
    days.loc[0, ["gap_return_pct", "large_return_pct"]] = np.nan
    return days


def estimate(
    days: pd.DataFrame | None = None,
    windows: Sequence[dict[str, Any]] = (FIXED, SINCE, ROLLING),
    elections: Sequence[pd.Timestamp] = ELECTIONS,
) -> pd.DataFrame:
    days = changes() if days is None else days
    return rate_sensitivity(days, pd.DataFrame(windows), pd.Series(elections, dtype="datetime64[us]"))


def only_row(table: pd.DataFrame) -> pd.Series:
    assert len(table) == 1
    return table.iloc[0]


def on(table: pd.DataFrame, position: int) -> pd.Series:
    """The row known on a session."""
    return only_row(table[table["window_end"] == SESSIONS[position]])


def by_sums(days: pd.DataFrame) -> list[float]:
    """FIGURES of the days, which hold one window, from the normal equations and Newey and West's sums."""
    days = days.dropna()
    gap, change, large = (days[name].to_numpy() for name in ("gap_return_pct", "rate_change_bp", "large_return_pct"))
    figures: list[float] = []
    for controls in ([], [large]):
        regressors = np.column_stack([np.ones(len(days)), change, *controls])
        bread = np.linalg.inv(regressors.T @ regressors)
        slopes = bread @ regressors.T @ gap
        residual = gap - regressors @ slopes
        scores = regressors * residual[:, None]
        meat = scores.T @ scores
        for lag in range(1, 6):
            product = scores[lag:].T @ scores[:-lag]
            meat += (1 - lag / 6) * (product + product.T)
        deviation = np.sqrt((bread @ meat @ bread)[1, 1])
        figures += [slopes[1], slopes[1] / deviation]
        figures.append(slopes[2] if controls else 1 - residual @ residual / ((gap - gap.mean()) ** 2).sum())
    return figures


@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_every_kind_of_window_agrees_with_the_sums(missing: float) -> None:
    days = changes()
    random = np.random.default_rng(5)
    days.loc[random.uniform(size=len(days)) < missing, "rate_change_bp"] = np.nan
    days.loc[random.uniform(size=len(days)) < missing / 4, "gap_return_pct"] = np.nan
    table = estimate(days)
    judged = table[table["reason"].isna()]
    assert judged.groupby("window_id").size().min() == 1
    sample = pd.concat([judged[judged["window_id"] == "spring"], judged.sample(60, random_state=9)])
    for _, row in sample.iterrows():
        inside = days[days["session_date"].between(row["window_start"], row["window_end"])]
        assert row["observations"] == len(inside.dropna())
        assert row["sessions_in_window"] == len(inside)
        assert row["rate_moves"] == (inside.dropna()["rate_change_bp"] != 0).sum()
        assert row[list(FIGURES)].tolist() == pytest.approx(by_sums(inside), rel=1e-9, abs=1e-12)


def test_a_level_far_from_zero_costs_no_digits() -> None:
    """Returns and changes around a large mean: only deviations count."""
    days = changes()
    shifted = days.assign(
        gap_return_pct=days["gap_return_pct"] + 1e4,
        large_return_pct=days["large_return_pct"] - 1e4,
        rate_change_bp=days["rate_change_bp"] + 1e4,
    )
    figures, of_shifted = estimate(days)[list(FIGURES)], estimate(shifted)[list(FIGURES)]
    pd.testing.assert_frame_equal(of_shifted[figures.notna().all(axis=1)], figures.dropna(), rtol=1e-6, atol=1e-9)


def test_a_rolling_window_holds_the_last_observations_and_must_be_full() -> None:
    days = changes()
    days.loc[[50, 350], "rate_change_bp"] = np.nan
    table = estimate(days, [ROLLING])
    assert len(table) == len(SESSIONS)
    nothing = on(table, 0)
    assert nothing["reason"] == "no election, or no observation, to start from yet"
    assert nothing["observations"] == 0 and pd.isna(nothing["window_start"])
    short, full = on(table, 100), on(table, 101)
    assert short["reason"] == "99 of 100 observations needed" and pd.isna(short["t_hac"])
    assert pd.isna(full["reason"]) and full["observations"] == 100 and full["window_start"] == SESSIONS[1]
    without_a_rate = on(table, 350)
    assert without_a_rate["t_hac"] == on(table, 349)["t_hac"]
    assert (without_a_rate["observations"], without_a_rate["sessions_in_window"]) == (100, 101)


def test_the_election_counts_from_the_session_after_it() -> None:
    table = estimate(windows=[SINCE])
    assert len(table) == len(SESSIONS)
    assert on(table, 10)["reason"] == "no election, or no observation, to start from yet"
    first = on(table, 11)
    assert (first["window_start"], first["observations"]) == (SESSIONS[11], 1)
    assert first["reason"] == "1 of 60 observations needed"
    assert on(table, 69)["reason"] == "59 of 60 observations needed"
    assert pd.isna(on(table, 70)["reason"])
    on_the_day = on(table, 300)
    assert (on_the_day["window_start"], on_the_day["observations"]) == (SESSIONS[11], 290)
    after = on(table, 301)
    assert (after["window_start"], after["observations"]) == (SESSIONS[301], 1)
    on_a_sunday = estimate(windows=[SINCE], elections=[SESSIONS[4] + pd.Timedelta(days=2)])
    assert on(on_a_sunday, 5)["window_start"] == SESSIONS[5]


def test_a_window_that_begins_before_the_prices_has_no_figures() -> None:
    table = estimate(elections=[SESSIONS[0] - pd.Timedelta(days=30)], windows=[SINCE])
    assert set(table["reason"]) == {f"the prices of the pair start on {SESSIONS[0]:%Y-%m-%d}, too late for the window"}
    assert table[list(FIGURES)].isna().all(axis=None)
    early = only_row(estimate(windows=[FIXED | {"first_date": SESSIONS[0]}]))
    late = only_row(estimate(changes().loc[200:], [FIXED]))
    assert late["reason"] == f"the prices of the pair start on {SESSIONS[200]:%Y-%m-%d}, too late for the window"
    assert (late["observations"], late["sessions_in_window"]) == (0, 0)
    assert early["reason"] == f"the prices of the pair start on {SESSIONS[0]:%Y-%m-%d}, too late for the window"
    assert pd.isna(only_row(estimate(windows=[FIXED | {"first_date": SESSIONS[1]}]))["reason"])


def test_a_fixed_window_is_there_once_the_data_reach_its_end() -> None:
    row = only_row(estimate(windows=[FIXED]))
    assert (row["window_start"], row["window_end"]) == (SESSIONS[20], SESSIONS[140])
    assert (row["observations"], row["sessions_in_window"]) == (121, 121)
    assert len(estimate(changes(141), [FIXED])) == 1
    assert estimate(changes(140), [FIXED]).empty


def test_a_pair_without_the_last_session_of_a_fixed_window_knows_it_on_the_next() -> None:
    days = changes().drop(index=140)
    row = only_row(estimate(days, [FIXED]))
    assert (row["window_start"], row["window_end"]) == (SESSIONS[20], SESSIONS[141])
    assert (row["observations"], row["sessions_in_window"]) == (120, 120)
    assert row[list(FIGURES)].tolist() == pytest.approx(by_sums(days.loc[20:140]))
    assert estimate(days.loc[:140], [FIXED]).empty


def test_a_window_with_too_many_holes_has_no_figures() -> None:
    days = changes()
    days.loc[20:44, "rate_change_bp"] = np.nan
    assert only_row(estimate(days, [FIXED]))["reason"] == "96 of 121 sessions known, less than 80 %"
    days = changes()
    days.loc[20:43, "rate_change_bp"] = np.nan
    assert pd.isna(only_row(estimate(days, [FIXED]))["reason"])


def test_a_rate_that_stopped_leaves_the_rolling_window_after_a_while() -> None:
    days = changes()
    days.loc[301:, "rate_change_bp"] = np.nan
    table = estimate(days, [ROLLING])
    assert pd.isna(on(table, 325)["reason"])
    assert on(table, 326)["reason"] == "100 of 126 sessions known, less than 80 %"


def test_a_rate_that_hardly_moves_has_no_figures() -> None:
    """At the zero bound the contract stands still for months."""
    days = changes()
    days["rate_change_bp"] = 0.0
    assert set(estimate(days)["reason"].str.extract(r"(moved on 0 sessions|needed|to start)")[0]) == {
        "moved on 0 sessions",
        "needed",
        "to start",
    }
    days.loc[30:38, "rate_change_bp"] = 0.5
    row = only_row(estimate(days, [FIXED]))
    assert row["reason"] == "the expected rate moved on 9 sessions, fewer than 10"
    assert row["rate_moves"] == 9 and row[list(FIGURES)].isna().all()
    days.loc[39, "rate_change_bp"] = -0.5
    assert pd.isna(only_row(estimate(days, [FIXED]))["reason"])


def test_a_rate_that_changes_by_the_same_amount_has_no_figures() -> None:
    row = only_row(estimate(changes().assign(rate_change_bp=0.1), [FIXED]))
    assert row["reason"] == "the rate changed by the same amount on every session"
    assert row[list(FIGURES)].isna().all()


@pytest.mark.parametrize("control", ["constant", "the rate itself"])
def test_a_control_that_tells_nothing_leaves_the_raw_figures(control: str) -> None:
    days = changes()
    days["large_return_pct"] = 0.1 if control == "constant" else 3 * days["rate_change_bp"] + 1
    row = only_row(estimate(days, [FIXED]))
    expected = only_row(estimate(windows=[FIXED]))
    assert row["reason"] == "the large side did not move, or the rate with it alone"
    assert row[list(FIGURES[:3])].tolist() == pytest.approx(expected[list(FIGURES[:3])].tolist())
    assert row[list(FIGURES[3:])].isna().all()


def test_an_exact_fit_has_no_t() -> None:
    days = changes()
    days["gap_return_pct"] = 0.25 * days["rate_change_bp"] + 0.1
    row = only_row(estimate(days, [FIXED]))
    assert row["coefficient_pct_per_bp"] == pytest.approx(0.25)
    assert pd.isna(row["t_hac"]) and row["reason"] == "the regression leaves no residual to judge by"
    silent = only_row(estimate(days.assign(gap_return_pct=0.0), [FIXED]))
    assert pd.isna(silent["t_hac"]) and silent["reason"] == "the regression leaves no residual to judge by"


def test_nothing_to_estimate_from_is_no_error() -> None:
    assert estimate(changes().iloc[:0]).empty
    table = estimate(changes().assign(rate_change_bp=np.nan))
    assert table["reason"].notna().all() and table["observations"].eq(0).all()
    assert (
        estimate(elections=[], windows=[SINCE])["reason"].eq("no election, or no observation, to start from yet").all()
    )


def test_an_unknown_kind_of_window_is_refused() -> None:
    with pytest.raises(ValueError, match="rate_windows: expected kind fixed, since_election or rolling, got 'monthly'"):
        estimate(windows=[FIXED | {"kind": "monthly"}])


def test_pairs_do_not_touch_each_other_and_order_does_not_matter() -> None:
    days = pd.concat([changes(), changes(400, "Q", seed=2)])
    table = estimate(days)
    assert not table.duplicated(["pair_id", "window_id", "window_end"]).any()
    alone = estimate(changes(400, "Q", seed=2))
    pd.testing.assert_frame_equal(table[table["pair_id"] == "Q"].reset_index(drop=True), alone, rtol=1e-12, atol=1e-12)
    shuffled = estimate(days.sample(frac=1, random_state=3), [ROLLING, FIXED, SINCE], ELECTIONS[::-1])
    pd.testing.assert_frame_equal(shuffled, table, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_after_a_day_changes_what_was_known_on_it(seed: int) -> None:
    last = int(np.random.default_rng(seed).integers(60, len(SESSIONS)))
    days = changes()
    altered = days.copy()
    altered.loc[last + 1 :, ["gap_return_pct", "large_return_pct", "rate_change_bp"]] += 7.0
    known = estimate(days)
    known = known[known["window_end"] <= SESSIONS[last]].reset_index(drop=True)
    elections = [election for election in ELECTIONS if election < SESSIONS[last]]
    removed = estimate(days.loc[:last], elections=elections)
    pd.testing.assert_frame_equal(removed, known, rtol=1e-12, atol=1e-12)
    changed = estimate(altered)
    changed = changed[changed["window_end"] <= SESSIONS[last]].reset_index(drop=True)
    pd.testing.assert_frame_equal(changed, known, rtol=1e-12, atol=1e-12)


def test_regressions_on_the_same_numbers_are_not_made_again() -> None:
    days, windows = changes(), pd.DataFrame([FIXED, SINCE, ROLLING])
    before = estimate(days.loc[:480])
    table = rate_sensitivity(days, windows, pd.Series(ELECTIONS), before)
    pd.testing.assert_frame_equal(table, estimate(days), check_exact=True)
    assert table[DIGEST].notna().equals(table["reason"].isna())
    marked = before.assign(**dict.fromkeys(FIGURES, 777.0))
    table = rate_sensitivity(days, windows, pd.Series(ELECTIONS), marked)
    is_old = table["window_end"] <= SESSIONS[480]
    assert (table["t_hac"] == 777).equals(is_old & table["reason"].isna())


def test_a_changed_number_is_regressed_anew() -> None:
    days, altered = changes(), changes()
    altered.loc[250, "gap_return_pct"] += 1e-9
    windows = pd.DataFrame([FIXED, SINCE, ROLLING])
    table = rate_sensitivity(altered, windows, pd.Series(ELECTIONS), estimate(days))
    pd.testing.assert_frame_equal(table, estimate(altered), check_exact=True)
    assert not table["t_hac"].equals(estimate(days)["t_hac"])
