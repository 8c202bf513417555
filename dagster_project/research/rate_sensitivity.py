"""Rate sensitivity: the daily gap of small against large caps on the change of the expected policy rate.

Belongs here: laying windows over the sessions of a pair and the regressions in them, raw and with the large-cap
return as control. What does not: the daily inputs (`int_research__rate_changes`) and which windows there are (seed
`rate_windows`). No I/O.

All windows, fixed, expanding and rolling, go through one batched computation. A coefficient of a regression with a
constant equals that on variables centred in the window and, with a control, on what the control leaves of them
(Frisch, Waugh and Lovell); so does its HAC variance: one series of scores gives both.
Source of the method: docs/methodology, section 5; W. K. Newey and K. D. West, Econometrica 55 (1987): Bartlett
weights, here 5 lags and no small-sample correction. Lags count observations.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

Days = npt.NDArray[np.datetime64]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]

HAC_LAGS = 5
MIN_COVERAGE_PCT = 80  # of the sessions of a window; the futures of 2000 have a hole of 24 sessions
# Where the rate moved on one session only, that session has no residual and t means nothing.
MIN_RATE_MOVES = 10
NO_VARIANCE = 1e-16  # mean square in percent² or bp² (a move of 1e-8): rounding noise of a constant, no denominator
COLLINEAR = 1e-9  # share of the variance of the rate change that the control leaves
BATCH_ELEMENTS = 40_000  # windows x observations worked on at once: an array of 320 kB stays in the cache

FIGURES = (
    "coefficient_pct_per_bp",
    "t_hac",
    "r_squared",
    "controlled_coefficient_pct_per_bp",
    "controlled_t_hac",
    "controlled_large_coefficient",
)
COLUMNS = (
    "pair_id",
    "window_id",
    "window_end",
    "window_start",
    *FIGURES,
    "observations",
    "minimum_observations",
    "sessions_in_window",
    "rate_moves",
    "reason",
)


@dataclass(frozen=True)
class PairDays:
    """Sessions of a pair, shape (n,), and the variables on those with all of them known, shape (m,)."""

    sessions: Days
    observed: Ints
    """Positions of the observations among the sessions."""
    gap: Floats
    large: Floats
    change: Floats


@dataclass(frozen=True)
class Spans:
    """First and last session of each window as positions among the sessions; -1 for a start that is not known."""

    start: Ints
    end: Ints
    known: Ints
    """Session on which the window was known to be through: the last one, where the pair has it."""


def rate_sensitivity(changes: pd.DataFrame, windows: pd.DataFrame, elections: pd.Series) -> pd.DataFrame:
    """Both regressions for every pair and window, sorted by pair, window and the session on which they were known.

    `changes`: pair_id, session_date, gap_return_pct (small minus large), large_return_pct, rate_change_bp, one row per
    session of a pair, null where unknown. `windows`: window_id, kind (fixed, since_election or rolling), first_date
    and last_date of a fixed one, rolling_observations of a rolling one, minimum_observations. `elections`: dates.

    Gives COLUMNS: the window from window_start to window_end, the session at whose close the row was known; FIGURES;
    rate_moves, the observations on which the rate changed; reason, null or why figures are null. A fixed window has
    one row, on the first session on or after its last_date; the others one on every session. Raises ValueError for an
    unknown kind.
    """
    election_days = np.sort(dates(elections))
    frames = [
        window_rows(pair, window, election_days).assign(pair_id=pair_id)
        for pair_id, group in changes.groupby("pair_id")
        for pair in [pair_days(group)]
        for window in windows.to_dict("records")
    ]
    if not frames:
        return pd.DataFrame(columns=list(COLUMNS))
    table = pd.concat(frames, ignore_index=True)
    return table.sort_values(["pair_id", "window_id", "window_end"], ignore_index=True)[list(COLUMNS)]


def dates(column: pd.Series) -> Days:
    """The column as days, NaT where null."""
    return pd.to_datetime(column).to_numpy(dtype="datetime64[D]")


def pair_days(group: pd.DataFrame) -> PairDays:
    """One pair in the order of its sessions."""
    group = group.sort_values("session_date")
    values = group[["gap_return_pct", "large_return_pct", "rate_change_bp"]].to_numpy(dtype=np.float64, na_value=np.nan)
    observed = np.flatnonzero(np.isfinite(values).all(axis=1))
    gap, large, change = np.ascontiguousarray(values[observed].T)
    return PairDays(dates(group["session_date"]), observed, gap, large, change)


def window_rows(pair: PairDays, window: dict[Any, Any], elections: Days) -> pd.DataFrame:
    """The rows of one window of the seed on one pair."""
    spans = lay(pair, window, elections)
    is_laid = spans.start >= 0
    first = np.searchsorted(pair.observed, spans.start)
    stop = np.where(is_laid, np.searchsorted(pair.observed, spans.end, side="right"), first)
    moves = np.append(0, np.cumsum(pair.change**2 > NO_VARIANCE))
    rows = pd.DataFrame(
        {
            "window_id": window["window_id"],
            "window_end": pair.sessions[spans.known],
            "window_start": np.where(is_laid, pair.sessions[spans.start], np.datetime64("NaT", "D")),
            "observations": stop - first,
            "minimum_observations": int(window["minimum_observations"]),
            "sessions_in_window": np.where(is_laid, spans.end - spans.start + 1, 0),
            "rate_moves": moves[stop] - moves[first],
        }
    )
    reason = why_not(rows, pair, spans)
    is_fitted = pd.isna(reason)
    figures = np.full((len(FIGURES), len(rows)), np.nan)
    figures[:, is_fitted] = fit_windows(pair, first[is_fitted], stop[is_fitted])
    rows[list(FIGURES)] = figures.T
    reason[is_fitted & rows["controlled_t_hac"].isna()] = "the large side did not move, or the rate with it alone"
    reason[is_fitted & rows["t_hac"].isna()] = "the regression leaves no residual to judge by"
    reason[is_fitted & rows["coefficient_pct_per_bp"].isna()] = "the rate changed by the same amount on every session"
    return rows.assign(reason=pd.array(reason, dtype="str"))


def lay(pair: PairDays, window: dict[Any, Any], elections: Days) -> Spans:
    """Where the window lies on the sessions of the pair, as it was known on each of its last sessions."""
    every_session = np.arange(pair.sessions.size)
    match window["kind"]:
        case "fixed":
            first_date, last_date = dates(pd.Series([window["first_date"], window["last_date"]]))
            known = every_session[pair.sessions >= last_date][:1]
            start = np.searchsorted(pair.sessions, first_date)
            end = np.searchsorted(pair.sessions, last_date, side="right") - 1
            return Spans(np.full(known.shape, start), np.full(known.shape, end), known)
        case "since_election":
            starts = np.append(-1, np.searchsorted(pair.sessions, elections, side="right"))
            latest = np.searchsorted(elections, pair.sessions)
            return Spans(starts[latest], every_session, every_session)
        case "rolling":
            seen = np.searchsorted(pair.observed, every_session, side="right")
            first = np.maximum(seen - int(window["rolling_observations"]), 0)
            starts = np.where(seen > 0, np.append(pair.observed, 0)[first], -1)
            return Spans(starts, every_session, every_session)
        case kind:
            raise ValueError(
                f"rate_windows: expected kind fixed, since_election or rolling, got {kind!r} in window "
                f"{window['window_id']!r}; repair the seed"
            )


def why_not(rows: pd.DataFrame, pair: PairDays, spans: Spans) -> Objects:
    """Why a window is not fitted, in words, shape (windows,); None where it is. The last reason found stands."""
    observations, needed = rows["observations"].to_numpy(), rows["minimum_observations"].to_numpy()
    sessions, moves = rows["sessions_in_window"].to_numpy(), rows["rate_moves"].to_numpy()
    reason = np.full(len(rows), None, dtype=object)
    for row in np.flatnonzero(moves < MIN_RATE_MOVES):
        reason[row] = f"the expected rate moved on {moves[row]} sessions, fewer than {MIN_RATE_MOVES}"
    for row in np.flatnonzero(100 * observations < MIN_COVERAGE_PCT * sessions):
        reason[row] = f"{observations[row]} of {sessions[row]} sessions known, less than {MIN_COVERAGE_PCT} %"
    for row in np.flatnonzero(observations < needed):
        reason[row] = f"{observations[row]} of {needed[row]} observations needed"
    # the return of the first session of a window needs the session before
    reason[spans.start == 0] = f"the prices of the pair start on {pair.sessions[0]}, too late for the window"
    reason[spans.start < 0] = "no election, or no observation, to start from yet"
    return reason


def fit_windows(pair: PairDays, first: Ints, stop: Ints) -> Floats:
    """FIGURES of the observations [first, stop) of each window, shape (figures, windows); NaN where not defined.

    A window is padded to the next power of two of its own length: how numpy adds up depends on the width, and a window
    must come out the same, to the last digit, whatever windows there are beside it.
    """
    fitted = np.empty((len(FIGURES), first.size))
    widths = 2 ** np.ceil(np.log2(np.maximum(stop - first, 1))).astype(np.int64)
    for width in np.unique(widths).tolist():
        windows = np.flatnonzero(widths == width)
        batch = max(BATCH_ELEMENTS // width, 1)
        for begin in range(0, windows.size, batch):
            part = windows[begin : begin + batch]
            fitted[:, part] = fit_batch(pair, first[part], stop[part], width)
    return fitted


def fit_batch(pair: PairDays, first: Ints, stop: Ints, width: int) -> Floats:
    """As `fit_windows`, with all windows side by side, each padded with zeros to `width`."""
    length = stop - first
    inside = (np.arange(width) < length[:, None]).astype(np.float64)
    gap, large, change = (centred(values, first, inside) for values in (pair.gap, pair.large, pair.change))
    noise = NO_VARIANCE * length.astype(np.float64)

    change_squares = positive(dot(change, change), noise)
    coefficient = dot(change, gap) / change_squares
    residual = gap - coefficient[:, None] * change
    residual_squares = positive(dot(residual, residual), noise)
    r_squared = 1 - residual_squares / dot(gap, gap)

    large_squares = positive(dot(large, large), noise)
    gap_on_large, change_on_large = dot(gap, large) / large_squares, dot(change, large) / large_squares
    change_left = change - change_on_large[:, None] * large
    gap_left = gap - gap_on_large[:, None] * large
    left_squares = positive(dot(change_left, change_left), COLLINEAR * change_squares)
    controlled = dot(change_left, gap_left) / left_squares
    residual_left = gap_left - controlled[:, None] * change_left
    return np.stack(
        [
            coefficient,
            coefficient * change_squares / hac_deviation(change * residual, NO_VARIANCE * change_squares),
            r_squared,
            controlled,
            controlled * left_squares / hac_deviation(change_left * residual_left, NO_VARIANCE * left_squares),
            gap_on_large - controlled * change_on_large,
        ]
    )


def centred(values: Floats, first: Ints, inside: Floats) -> Floats:
    """The values of each window minus their mean, zero beyond its end; shape (windows, width)."""
    width = inside.shape[1]
    padded = np.append(values, np.zeros(width))
    laid = sliding_window_view(padded, width)[first] * inside
    means = laid.sum(axis=1) / inside.sum(axis=1)
    laid -= means[:, None] * inside
    return laid


def dot(left: Floats, right: Floats) -> Floats:
    """Sum of products over each window, shape (windows,)."""
    product: Floats = np.einsum("wo,wo->w", left, right)
    return product


def positive(squares: Floats, least: Floats) -> Floats:
    """The sums of squares, NaN where they are no more than rounding noise."""
    return np.where(squares > least, squares, np.nan)


def hac_deviation(scores: Floats, least: Floats) -> Floats:
    """Square root of the long-run sum of squares of the scores with Bartlett weights, shape (windows,)."""
    squares = dot(scores, scores)
    for lag in range(1, HAC_LAGS + 1):
        squares += 2 * (1 - lag / (HAC_LAGS + 1)) * dot(scores[:, lag:], scores[:, :-lag])
    return np.sqrt(positive(squares, least))
