"""What followed a warning signal, beside what followed all days: returns, falls, and how sure that is.

Belongs here: the statistics of one signal, pair and horizon over the days whose outcome had ended by the end of the
sample. What does not: when a signal is on (`int_signals__daily`) and what prices did (`forward_outcomes`).

Source of the method: `docs/methodology` section 7. Outcomes of neighbouring days overlap, so the plain t is naive:
beside it stand a HAC t (W. K. Newey and K. D. West, 1987) and intervals of the stationary bootstrap (D. N. Politis
and J. P. Romano, 1994).
"""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dagster_project.research.forward_outcomes import HORIZONS
from dagster_project.research.kept_figures import DIGEST, KeptFigures, one_thread

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Arrays = dict[str, NDArray[Any]]

KEYS = ["signal_id", "pair_id", "horizon_sessions"]
DAY_COLUMNS = [
    "session_date",
    "session_number",
    "is_on",
    "outcome_end_date",
    "forward_return_pct",
    "deepest_drawdown_pct",
    "worst_loss_from_entry_pct",
]
REPLICATIONS = 1000
SEED = 20170526
MIN_BLOCK_SESSIONS = 21
INTERVAL_PCT = (2.5, 97.5)
DRAWDOWNS = ("drawdown_3", "drawdown_5", "drawdown_3_to_5")
INTERVALS = ("ci", *(f"excess_{name}_ci" for name in DRAWDOWNS))
SIDES = ("low", "high")
UNSURE = ("t_ols", "t_hac", *(f"{name}_{side}_pp" for name in INTERVALS for side in SIDES))
MIN_ON_DAYS = 10
MIN_EPISODES = 5  # with fewer, one resample in a hundred or more holds no day with the signal
NOISE = 1e-20  # squared percent: a variance below it is rounding

NO_DAYS = "no day with a defined signal has an outcome that had ended"
NEVER_ON = "the signal was never on: nothing to compare with all days"
NEVER_OFF = "the signal was always on: no days without it to compare with"
TOO_FEW = f"fewer than {MIN_ON_DAYS} days or {MIN_EPISODES} episodes with the signal: no t and no interval"
NO_VARIATION = "forward returns do not vary among days with, and among days without the signal: no t"


def signal_scorecard(
    signals: pd.DataFrame, outcomes: pd.DataFrame, sample_ends: pd.DataFrame, earlier: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Scorecard of every signal, pair and horizon at every end of a sample. Nothing that ended later is counted.

    `signals`: signal_id, pair_id, session_date, session_number (of the pair's sessions), large_symbol, is_on (null
    while undefined). `outcomes` as given by `forward_outcomes`. `sample_ends`: pair_id, sample_end, is_year_end.
    `earlier`: rows that this function gave, whose t and intervals are taken over where the days are the same. Columns:
    signal_id, pair_id, horizon_sessions, sample_end, is_year_end and those of `scorecard`. A row of one sample_end is
    the same whatever rows follow it, and whatever other signals and pairs there are.
    """
    defined = signals[signals["is_on"].notna()].astype({"is_on": bool}).rename(columns={"large_symbol": "symbol"})
    days = defined.merge(outcomes, on=["symbol", "session_date"]).sort_values("session_date")
    series = {key: _arrays(rows) for key, rows in days.groupby(KEYS)}
    nothing = _arrays(days[:0])
    samples = signals[KEYS[:2]].drop_duplicates().merge(sample_ends, on="pair_id")
    inferred = KeptFigures(inference, UNSURE, ["statsmodels", "arch"], earlier)
    cards = []
    with one_thread():
        for sample, horizon in product(samples.to_dict("records"), HORIZONS):
            rows = series.get((sample["signal_id"], sample["pair_id"], horizon), nothing)
            last = sample["sample_end"].to_datetime64()
            ended = int(np.searchsorted(rows["outcome_end_date"], last, side="right"))
            known = {name: values[:ended] for name, values in rows.items()}
            cards.append(sample | {"horizon_sessions": horizon} | scorecard(known, horizon, inferred))
    table = pd.DataFrame(cards).astype({DIGEST: "str"})
    return table.sort_values([*KEYS, "sample_end"], ignore_index=True)


def scorecard(days: Arrays, horizon: int, inferred: KeptFigures) -> dict[str, Any]:
    """Figures of one sample. `days`: the columns named in `DAY_COLUMNS`, each of shape (days,), in time order.

    Returns counts, means and shares of the days with the signal (`on`) and of all days, the excess of one share over
    the other, t and intervals (`inferred`: those of `inference`) with the digest of what they were made from, and the
    reason for what is null. Units stand in the names; a fall of 3 to 5 % is one of at least 3 % but less than 5 %.
    """
    is_on, returns, dates = days["is_on"], days["forward_return_pct"], days["session_date"]
    events = _events(days["deepest_drawdown_pct"], days["worst_loss_from_entry_pct"])
    on_days, episodes = int(is_on.sum()), count_episodes(days["session_number"][is_on], horizon)
    figures = {
        "sample_start": dates[0] if dates.size else None,
        "all_days": is_on.size,
        "on_days": on_days,
        "episodes": episodes,
        "mean_forward_return_on_pct": _mean(returns[is_on]),
        "mean_forward_return_off_pct": _mean(returns[~is_on]),
        "mean_forward_return_all_pct": _mean(returns),
        "difference_on_off_pp": _mean(returns[is_on]) - _mean(returns[~is_on]),
    }
    for name, happened in events.items():
        on, everywhere = 100 * _mean(happened[is_on]), 100 * _mean(happened)
        figures |= {f"p_{name}_on_pct": on, f"p_{name}_all_pct": everywhere}
        if name in DRAWDOWNS:
            figures[f"excess_{name}_pp"] = on - everywhere
    reason = _why_unsure(is_on.size, on_days, episodes)
    if reason:
        return figures | dict.fromkeys(UNSURE, np.nan) | {"reason": reason, DIGEST: None}
    drawdowns = np.column_stack([events[name] for name in DRAWDOWNS])
    digest, unsure = inferred(returns, drawdowns, is_on, np.array([horizon]))
    named = dict(zip(UNSURE, unsure.tolist(), strict=True))
    reason = None if np.isfinite(named["t_hac"]) else NO_VARIATION
    return figures | named | {"reason": reason, DIGEST: digest}


def count_episodes(session_numbers: IntArray, horizon: int) -> int:
    """Episodes among the days with the signal: an episode ends after `horizon` sessions without it."""
    return int(np.count_nonzero(np.diff(session_numbers) > horizon)) + bool(session_numbers.size)


def inference(returns: FloatArray, drawdowns: BoolArray, is_on: BoolArray, horizon: NDArray[np.int64]) -> list[float]:
    """UNSURE of the days: `returns` and `is_on` of shape (days,), `drawdowns` (days, DRAWDOWNS), `horizon` (1,)."""
    [sessions] = horizon.tolist()
    limits = intervals(returns, drawdowns, is_on, max(sessions, MIN_BLOCK_SESSIONS))
    return [*t_statistics(returns, is_on, sessions), *limits.ravel().tolist()]


def t_statistics(returns: FloatArray, is_on: BoolArray, horizon: int) -> tuple[float, float]:
    """t of the slope of `returns` on a constant and `is_on`: plain (n - 2), and HAC without small-sample correction.

    The HAC variance has Bartlett weights and `horizon` - 1 lags. Both t are NaN where returns vary neither among the
    days on nor among the days off.
    """
    from statsmodels.regression.linear_model import OLS  # a second to import, wanted only where scorecards are made

    plain = OLS(returns, np.column_stack([np.ones(is_on.size), is_on])).fit()
    if plain.ssr < NOISE * is_on.size:
        return float("nan"), float("nan")
    hac = plain.get_robustcov_results("HAC", maxlags=horizon - 1, use_correction=False)
    return float(plain.tvalues[1]), float(hac.tvalues[1])


def intervals(returns: FloatArray, drawdowns: BoolArray, is_on: BoolArray, mean_block: int) -> FloatArray:
    """Percentile intervals (95 %) of the stationary bootstrap, all from the same resamples, shape (INTERVALS, SIDES).

    The first is that of the mean return of days on minus days off, the others that of the share of days with a
    drawdown, P(on) minus P(all), percentage points. A resample without a day on, or without a day off, has no
    difference and is left out.
    """
    from arch.bootstrap import StationaryBootstrap  # as slow to import as statsmodels

    measures = np.column_stack([returns, 100.0 * drawdowns])
    on = is_on[:, np.newaxis].astype(np.float64)
    columns = np.hstack([on, measures, on * measures])

    def resampled_sums(drawn: IntArray) -> FloatArray:
        # a day enters a sum as often as it was drawn: cheaper than copying every column
        sums: FloatArray = np.bincount(drawn, minlength=is_on.size) @ columns
        return sums

    sums = StationaryBootstrap(mean_block, np.arange(is_on.size), seed=SEED).apply(resampled_sums, REPLICATIONS)
    sums = sums[(sums[:, 0] > 0) & (sums[:, 0] < is_on.size)]
    on_days, of_all, of_on = np.split(sums, [1, 1 + measures.shape[1]], axis=1)
    excess = of_on / on_days - of_all / is_on.size
    excess[:, :1] *= is_on.size / (is_on.size - on_days)  # on minus all becomes on minus off
    limits: FloatArray = np.percentile(excess, INTERVAL_PCT, axis=0).T
    return limits


def _why_unsure(all_days: int, on_days: int, episodes: int) -> str | None:
    """Why a sample has neither t nor interval; None if it has both."""
    if all_days == 0:
        return NO_DAYS
    if on_days == 0:
        return NEVER_ON
    if on_days == all_days:
        return NEVER_OFF
    return TOO_FEW if on_days < MIN_ON_DAYS or episodes < MIN_EPISODES else None


def _arrays(rows: pd.DataFrame) -> Arrays:
    return {name: rows[name].to_numpy() for name in DAY_COLUMNS}


def _events(deepest: FloatArray, worst: FloatArray) -> dict[str, BoolArray]:
    return {
        "drawdown_3": deepest <= -3.0,
        "drawdown_5": deepest <= -5.0,
        "drawdown_3_to_5": (deepest <= -3.0) & (deepest > -5.0),
        "loss_3": worst <= -3.0,
        "loss_5": worst <= -5.0,
    }


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if values.size else float("nan")
