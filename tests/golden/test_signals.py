"""Warning signals on the real input against the vectors and against plain computations that are written here.

Source of the answers: `vectors/07_warning_signal.json` beside the project (states and outcomes of 26 May 2017; its
scorecards begin in 1987 and cannot be rebuilt from an input that begins in 2000), pandas, sums written out and arch.
Cases of missing data run dbt on a copy of the warehouse.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import StationaryBootstrap

from tests.helpers import dbt
from tests.plain_t import plain_t

PROJECT = Path(__file__).resolve().parents[2]
VECTORS = PROJECT.parent / "shared" / "vectors" / "07_warning_signal.json"
HORIZONS = [21, 63, 126]
ARTICLE = "2017-05-26"
UPSTREAM = ["int_pairs__levels", "int_pairs__horizon_returns", "int_prices__closes"]
KNOWN_ON = {
    "marts.signal_daily": "session_date",
    "marts.signal_scorecard": "sample_end",
    "intermediate.int_signals__forward_outcomes": "outcome_end_date",
    "intermediate.int_signals__rest_of_year": "session_date",
    "intermediate.int_signals__rest_of_year_outcomes": "year_end_date",
}


@pytest.fixture(scope="module")
def marts(real_build: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(real_build), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def warehouse_file(real_data_dir: Path) -> Path:
    return real_data_dir / "warehouse" / "real.duckdb"


@pytest.fixture(scope="module")
def warehouse(warehouse_file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(warehouse_file), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    if not VECTORS.exists():
        pytest.skip(f"{VECTORS} is not there")
    found: dict[str, Any] = json.loads(VECTORS.read_text())
    return found


@pytest.fixture(scope="module")
def levels(marts: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Both sides of every pair, price basis, in time order."""
    return marts.execute(
        "select pair_id, session_date, small_level, large_level from marts.relative_performance "
        "where return_basis = 'price' order by pair_id, session_date"
    ).df()


@pytest.fixture(scope="module")
def samples(marts: duckdb.DuckDBPyConnection, levels: pd.DataFrame) -> dict[tuple[str, int], pd.DataFrame]:
    """Days of the headline pair with a defined signal and an outcome, by signal and horizon; plain loops."""
    pair = levels[levels["pair_id"] == "RUT_GSPC"].reset_index(drop=True)
    path = pair["large_level"].tolist()
    states = marts.execute(
        "select signal_id, session_date, is_on from marts.signal_daily where pair_id = 'RUT_GSPC'"
    ).df()
    found = {}
    for horizon in HORIZONS:
        outcomes = [plain_outcome(path[day : day + horizon + 1]) for day in range(len(path) - horizon)]
        days = pd.DataFrame(outcomes, columns=["forward", "deepest", "worst"])
        days["session_date"] = pair["session_date"][:-horizon]
        days["ended"] = pair["session_date"].to_numpy()[horizon:]
        days["number"] = np.arange(len(days))
        for signal_id, rows in states.groupby("signal_id"):
            merged = days.merge(rows[["session_date", "is_on"]].dropna(), on="session_date").astype({"is_on": bool})
            found[signal_id, horizon] = merged
    return found


def plain_outcome(path: list[float]) -> tuple[float, float, float]:
    peak, deepest = path[0], 0.0
    for price in path:
        peak = max(peak, price)
        deepest = min(deepest, 100 * (price / peak - 1))
    return 100 * (path[-1] / path[0] - 1), deepest, 100 * (min(path) / path[0] - 1)


def one(connection: duckdb.DuckDBPyConnection, sql: str, *parameters: object) -> dict[str, Any]:
    rows = connection.execute(sql, list(parameters))
    names = [column[0] for column in rows.description]
    [row] = rows.fetchall()
    return dict(zip(names, row, strict=True))


# --- states and outcomes of the day of the article


def test_states_on_the_day_of_the_article(marts: duckdb.DuckDBPyConnection, vectors: dict[str, Any]) -> None:
    answer = vectors[f"state_{ARTICLE}"]
    sql = "select * from marts.signal_daily where pair_id = 'RUT_GSPC' and signal_id = ? and session_date = ?"
    lag, near_high, behind = (one(marts, sql, signal_id, ARTICLE) for signal_id in ("S1", "S2", "S3"))
    assert [lag["is_on"], near_high["is_on"], behind["is_on"]] == [
        answer["S1_lag63_in_bottom_decile_expanding"],
        answer["S2_SPX_within_1pct_252d_high_and_RUT_>=3pct_below_its_252d_high"],
        answer["S3_YTD_gap<=-5pp_and_SPX_YTD>0"],
    ]
    assert [lag["is_on"], near_high["is_on"], behind["is_on"]] == [False, False, True]
    assert lag["value"] == pytest.approx(answer["lag63_pp"], abs=1e-4)
    assert near_high["value"] == pytest.approx(answer["RUT_dd252"], abs=1e-4)
    assert near_high["condition_value"] == pytest.approx(answer["SPX_dd252"], abs=1e-4)
    assert behind["value"] == pytest.approx(-6.0552, abs=1e-4)


@pytest.mark.parametrize("horizon", HORIZONS)
def test_what_followed_the_article(warehouse: duckdb.DuckDBPyConnection, vectors: dict[str, Any], horizon: int) -> None:
    answer = vectors[f"realised_after_{ARTICLE}"][f"h={horizon}"]
    row = one(
        warehouse,
        "select * from intermediate.int_signals__forward_outcomes "
        "where symbol = '^GSPC' and session_date = ? and horizon_sessions = ?",
        ARTICLE,
        horizon,
    )
    assert str(row["outcome_end_date"]) == answer["end"]
    assert row["forward_return_pct"] == pytest.approx(answer["fwd_ret"], abs=1e-4)
    assert row["deepest_drawdown_pct"] == pytest.approx(answer["path_mdd"], abs=1e-4)
    assert row["worst_loss_from_entry_pct"] == pytest.approx(answer["worst_from_entry"], abs=1e-4)


def test_the_rest_of_2017(warehouse: duckdb.DuckDBPyConnection, vectors: dict[str, Any]) -> None:
    answer = vectors["claim_3_5pct_rest_of_2017"]
    row = one(
        warehouse,
        "select * from intermediate.int_signals__rest_of_year_outcomes where symbol = '^GSPC' and session_date = ?",
        ARTICLE,
    )
    assert (row["sessions_left"], row["is_complete"]) == (answer["sessions"], True)
    assert row["deepest_drawdown_pct"] == pytest.approx(answer["mdd_close_pct"], abs=1e-4)
    assert str(row["first_fall_3_date"]) == vectors["first_3pct_dd_after"] == "2018-02-02"
    assert str(row["first_fall_5_date"]) == vectors["first_5pct_dd_after"] == "2018-02-05"
    assert row["return_pct"] == pytest.approx(100 * (2673.61 / 2415.82 - 1), abs=1e-3)  # closes of the S&P 500


@pytest.mark.parametrize("day", [ARTICLE, "2008-09-12", "2020-02-19", "2022-01-03"])
def test_base_rates_known_that_day(warehouse: duckdb.DuckDBPyConnection, levels: pd.DataFrame, day: str) -> None:
    pair = levels[levels["pair_id"] == "RUT_GSPC"].reset_index(drop=True)
    path = pair.loc[pair["session_date"] <= day, "large_level"].tolist()
    rows = warehouse.execute(
        "select * from intermediate.int_signals__rest_of_year where symbol = '^GSPC' and session_date = ?", [day]
    ).df()
    assert sorted(rows["horizon_id"]) == ["126", "21", "63", "rest_of_year"]
    for row in rows.to_dict("records"):
        length = row["horizon_sessions"]
        falls = np.array([plain_outcome(path[s : s + length + 1])[1] for s in range(len(path) - length)])
        assert row["base_days"] == falls.size
        assert row["p_drawdown_3_pct"] == pytest.approx(100 * (falls <= -3).mean())
        assert row["p_drawdown_5_pct"] == pytest.approx(100 * (falls <= -5).mean())
        assert row["p_drawdown_3_to_5_pct"] == pytest.approx(100 * ((falls <= -3) & (falls > -5)).mean())


def test_a_fall_of_3_pct_was_nearly_certain(warehouse: duckdb.DuckDBPyConnection) -> None:
    """99.8 % of the days from 1987 on (methodology 7), and of those from 2000 on: the claim is nearly unfalsifiable."""
    row = one(
        warehouse,
        "select * from intermediate.int_signals__rest_of_year "
        "where symbol = '^GSPC' and session_date = ? and horizon_id = 'rest_of_year'",
        ARTICLE,
    )
    assert (row["horizon_sessions"], row["base_days"]) == (150, 4228)
    assert row["p_drawdown_3_pct"] == pytest.approx(99.8, abs=0.05)


# --- the marts


def test_states_of_all_days_equal_pandas(marts: duckdb.DuckDBPyConnection, levels: pd.DataFrame) -> None:
    found = marts.execute("select * from marts.signal_daily order by signal_id, pair_id, session_date").df()
    assert len(found) == 3 * len(levels)
    for pair_id, pair in levels.groupby("pair_id"):
        small, large = pair["small_level"], pair["large_level"]
        lag = 100 * (small / small.shift(63) - large / large.shift(63))
        small_drawdown = 100 * (small / small.rolling(252).max() - 1)
        large_drawdown = 100 * (large / large.rolling(252).max() - 1)
        year = pair["session_date"].dt.year
        bases = pair.groupby(year)[["small_level", "large_level"]].last().shift(1).loc[year].set_index(pair.index)
        small_ytd, large_ytd = 100 * (small / bases["small_level"] - 1), 100 * (large / bases["large_level"] - 1)
        nothing = pd.Series(np.nan, index=pair.index)
        answers = {
            "S1": (lag, lag.expanding(504).quantile(0.1).shift(1), nothing),
            "S2": (small_drawdown, nothing + np.nan, large_drawdown),
            "S3": (small_ytd - large_ytd, nothing + np.nan, large_ytd),
        }
        for signal_id, (value, threshold, condition) in answers.items():
            rows = found[(found["signal_id"] == signal_id) & (found["pair_id"] == pair_id)]
            assert rows["session_date"].tolist() == pair["session_date"].tolist()
            np.testing.assert_allclose(rows["value"], value, atol=1e-9)
            np.testing.assert_allclose(rows["condition_value"], condition, atol=1e-9)
            if signal_id == "S1":
                np.testing.assert_allclose(rows["threshold"], threshold, atol=1e-9)
                is_on, is_defined = lag <= threshold, threshold.notna()
            elif signal_id == "S2":
                is_on, is_defined = (value <= -3) & (condition >= -1), value.notna()
            else:
                is_on, is_defined = (value <= -5) & (condition > 0), value.notna()
            assert rows["is_on"].notna().tolist() == is_defined.tolist()
            assert rows["is_on"].dropna().astype(bool).tolist() == is_on[is_defined].tolist()


def test_scorecards_stand_at_every_end_of_a_year(marts: duckdb.DuckDBPyConnection) -> None:
    ends = marts.execute(
        "select distinct sample_end, is_year_end from marts.signal_scorecard where pair_id = 'RUT_GSPC' order by all"
    ).fetchall()
    assert [str(day) for day, _ in ends[:3]] == ["2000-12-29", "2001-12-31", "2002-12-31"]
    assert (len(ends), [is_year_end for _, is_year_end in ends]) == (23, 22 * [True] + [False])
    assert str(ends[-1][0]) == "2022-11-18"
    [(rows, cards)] = marts.execute(
        "select count(*), count(distinct (signal_id, pair_id, horizon_sessions)) from marts.signal_scorecard"
    ).fetchall()
    assert (rows, cards) == (684, 63)


@pytest.mark.parametrize("end", ["2004-12-31", "2016-12-30", "2022-11-18"])
@pytest.mark.parametrize("horizon", HORIZONS)
@pytest.mark.parametrize("signal_id", ["S1", "S2", "S3"])
def test_scorecard_equals_a_plain_computation(
    marts: duckdb.DuckDBPyConnection,
    samples: dict[tuple[str, int], pd.DataFrame],
    signal_id: str,
    horizon: int,
    end: str,
) -> None:
    card = one(
        marts,
        "select * from marts.signal_scorecard where pair_id = 'RUT_GSPC' and signal_id = ? "
        "and horizon_sessions = ? and sample_end = ?",
        signal_id,
        horizon,
        end,
    )
    days = samples[signal_id, horizon]
    days = days[days["ended"] <= end]
    on, off = days[days["is_on"]], days[~days["is_on"]]
    episodes, last = 0, -1000
    for number in on["number"]:
        episodes += number - last > horizon
        last = number
    assert (card["all_days"], card["on_days"], card["episodes"]) == (len(days), len(on), episodes)
    assert str(card["sample_start"]) == str(days["session_date"].min().date())
    figures = {
        "mean_forward_return_on_pct": on["forward"].mean(),
        "mean_forward_return_off_pct": off["forward"].mean(),
        "mean_forward_return_all_pct": days["forward"].mean(),
        "difference_on_off_pp": on["forward"].mean() - off["forward"].mean(),
    }
    for which, rows in (("on", on), ("all", days)):
        for limit in (3, 5):
            figures[f"p_drawdown_{limit}_{which}_pct"] = 100 * (rows["deepest"] <= -limit).mean()
            figures[f"p_loss_{limit}_{which}_pct"] = 100 * (rows["worst"] <= -limit).mean()
        figures[f"p_drawdown_3_to_5_{which}_pct"] = 100 * ((rows["deepest"] <= -3) & (rows["deepest"] > -5)).mean()
    for name in ("drawdown_3", "drawdown_5", "drawdown_3_to_5"):
        figures[f"excess_{name}_pp"] = figures[f"p_{name}_on_pct"] - figures[f"p_{name}_all_pct"]
    is_enough = len(on) >= 10 and episodes >= 5
    if is_enough:
        t_ols, t_hac = plain_t(days["forward"].to_numpy(), days["is_on"].to_numpy(dtype=bool), horizon - 1)
        figures |= {"t_ols": t_ols, "t_hac": t_hac}
    found = {name: np.nan if card[name] is None else card[name] for name in figures}
    assert found == pytest.approx(figures, rel=1e-8, abs=1e-9, nan_ok=True)
    assert (card["reason"] is None) == is_enough
    assert (card["t_hac"] is None, card["ci_low_pp"] is None) == (not is_enough, not is_enough)


@pytest.mark.parametrize("horizon", HORIZONS)
@pytest.mark.parametrize("signal_id", ["S1", "S2", "S3"])
def test_intervals_agree_with_arch(
    marts: duckdb.DuckDBPyConnection, samples: dict[tuple[str, int], pd.DataFrame], signal_id: str, horizon: int
) -> None:
    """1000 resamples of another generator: ends within a seventh of the width."""
    card = one(
        marts,
        "select * from marts.signal_scorecard where pair_id = 'RUT_GSPC' and signal_id = ? "
        "and horizon_sessions = ? and sample_end = '2022-11-18'",
        signal_id,
        horizon,
    )
    days = samples[signal_id, horizon]

    def figures(forward: np.ndarray, deepest: np.ndarray, is_on: np.ndarray) -> np.ndarray:
        falls = (deepest <= -3, deepest <= -5, (deepest <= -3) & (deepest > -5))
        excess = [100 * (fall[is_on].mean() - fall.mean()) for fall in falls]
        return np.array([forward[is_on].mean() - forward[~is_on].mean(), *excess])

    columns = [days[name].to_numpy() for name in ("forward", "deepest", "is_on")]
    low, high = StationaryBootstrap(max(horizon, 21), *columns, seed=1).conf_int(
        figures, reps=1000, method="percentile"
    )
    names = ["ci", "excess_drawdown_3_ci", "excess_drawdown_5_ci", "excess_drawdown_3_to_5_ci"]
    assert (np.abs(np.array([card[f"{name}_low_pp"] for name in names]) - low) < (high - low) / 7).all()
    assert (np.abs(np.array([card[f"{name}_high_pp"] for name in names]) - high) < (high - low) / 7).all()


# --- less data


BuildWithout = Callable[[str], Path]


@pytest.fixture(scope="module")
def build_signals_without(warehouse_file: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildWithout:
    """Builds the signals on a copy of the warehouse whose prices lack the rows of a condition."""
    directory = tmp_path_factory.mktemp("less")
    return lambda condition: signals_without(condition, warehouse_file, directory)


def signals_without(condition: str, warehouse_file: Path, directory: Path) -> Path:
    copy = directory / "real.duckdb"
    shutil.copyfile(warehouse_file, copy)
    with duckdb.connect(str(copy)) as connection:
        for table in UPSTREAM:
            connection.execute(f"delete from intermediate.{table} where {condition}")
    selection = ["path:models/intermediate/int_signals*", "signal_daily", "signal_scorecard"]
    done = dbt(copy, "build", "--quiet", "--exclude-resource-type", "unit_test", "--select", *selection)
    assert done.returncode == 0, done.stdout[-3000:]
    return copy


def test_rows_known_by_a_day_do_not_change_when_later_rows_come(
    warehouse: duckdb.DuckDBPyConnection, build_signals_without: BuildWithout
) -> None:
    day = "2012-06-15"
    copy = build_signals_without(f"session_date > '{day}'")
    with duckdb.connect(str(copy), read_only=True) as earlier:
        for table, known_on in KNOWN_ON.items():
            later_too = " exclude (first_fall_3_date, first_fall_5_date)" if table.endswith("year_outcomes") else ""
            only = " and is_year_end" if table.endswith("scorecard") else ""
            sql = f"select *{later_too} from {table} where {known_on} <= '{day}'{only} order by all"
            then = earlier.execute(sql).fetchall()
            assert len(then) > 200
            assert then == warehouse.execute(sql).fetchall(), table


def test_no_prices_give_empty_marts(build_signals_without: BuildWithout) -> None:
    copy = build_signals_without("true")
    with duckdb.connect(str(copy), read_only=True) as connection:
        for table in KNOWN_ON:
            assert connection.execute(f"select count(*) from {table}").fetchall() == [(0,)]


def test_a_month_of_prices_says_why_there_is_nothing(build_signals_without: BuildWithout) -> None:
    copy = build_signals_without("session_date > '2000-02-05'")
    with duckdb.connect(str(copy), read_only=True) as connection:
        [(rows, reasons)] = connection.execute(
            "select count(*), count(reason) filter (all_days = 0) from marts.signal_scorecard"
        ).fetchall()
        assert rows == reasons == 9
