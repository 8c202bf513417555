"""Rate sensitivity: the daily gap of small against large caps on the change of the expected policy rate.

Belongs here: laying windows over the sessions of a pair and the regressions in them, raw and with the large-cap
return as control. What does not: the daily inputs (`int_research__rate_changes`) and which windows there are (seed
`rate_windows`). No I/O.

Source of the method: docs/methodology, section 5; W. K. Newey and K. D. West, Econometrica 55 (1987): Bartlett
weights, here 5 lags and no small-sample correction. Lags count observations.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dagster_project.research.kept_figures import DIGEST, KeptFigures, one_thread

Days = npt.NDArray[np.datetime64]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]

HAC_LAGS = 5
MIN_COVERAGE_PCT = 80  # of the sessions of a window; the futures of 2000 have a hole of 24 sessions
# Where the rate moved on one session only, that session has no residual and t means nothing.
MIN_RATE_MOVES = 10
NO_VARIANCE = 1e-16  # mean square in percent² or bp² (a move of 1e-8): rounding noise, of a constant or of a residual
COLLINEAR = 1e-9  # share of the variance of the rate change that the control leaves

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
    DIGEST,
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


def rate_sensitivity(
    changes: pd.DataFrame, windows: pd.DataFrame, elections: pd.Series, earlier: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Both regressions for every pair and window, sorted by pair, window and the session on which they were known.

    `changes`: pair_id, session_date, gap_return_pct (small minus large), large_return_pct, rate_change_bp, one row per
    session of a pair, null where unknown. `windows`: window_id, kind (fixed, since_election or rolling), first_date
    and last_date of a fixed one, rolling_observations of a rolling one, minimum_observations. `elections`: dates.
    `earlier`: rows that this function gave, whose figures are taken over where the observations are the same.

    Gives COLUMNS: the window from window_start to window_end, the session at whose close the row was known; FIGURES;
    rate_moves, the observations on which the rate changed; reason, null or why figures are null; the digest of what
    figures were made from. A fixed window has one row, on the first session on or after its last_date; the others one
    on every session. Raises ValueError for an unknown kind.
    """
    election_days = np.sort(dates(elections))
    fitted = KeptFigures(fit, FIGURES, ["statsmodels"], earlier)
    with one_thread():
        frames = [
            window_rows(pair, window, election_days, fitted).assign(pair_id=pair_id)
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


def window_rows(pair: PairDays, window: dict[Any, Any], elections: Days, fitted: KeptFigures) -> pd.DataFrame:
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
    figures, digests = np.full((len(rows), len(FIGURES)), np.nan), np.full(len(rows), None, dtype=object)
    for row in np.flatnonzero(is_fitted):
        inside = slice(first[row], stop[row])
        digests[row], figures[row] = fitted(pair.gap[inside], pair.large[inside], pair.change[inside])
    rows[list(FIGURES)] = figures
    reason[is_fitted & rows["controlled_t_hac"].isna()] = "the large side did not move, or the rate with it alone"
    reason[is_fitted & rows["t_hac"].isna()] = "the regression leaves no residual to judge by"
    reason[is_fitted & rows["coefficient_pct_per_bp"].isna()] = "the rate changed by the same amount on every session"
    return rows.assign(reason=pd.array(reason, dtype="str"), **{DIGEST: pd.array(digests, dtype="str")})


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


def fit(gap: Floats, large: Floats, change: Floats) -> tuple[float, ...]:
    """FIGURES of the observations of one window, each of shape (observations,); NaN where not defined."""
    # deviations alone count: a level far from zero would cost digits
    gap, large, change = (values - values.mean() for values in (gap, large, change))
    change_squares, large_squares = change @ change, large @ large
    coefficient, t, r_squared, controlled, controlled_t, of_large = np.full(len(FIGURES), np.nan)
    if change_squares > NO_VARIANCE * change.size:
        (coefficient,), t, r_squared = regression(gap, change)
        left_squares = change_squares - (change @ large) ** 2 / large_squares if large_squares else 0.0
        if large_squares > NO_VARIANCE * large.size and left_squares > COLLINEAR * change_squares:
            (controlled, of_large), controlled_t, _ = regression(gap, change, large)
    return coefficient, t, r_squared, controlled, controlled_t, of_large


def regression(gap: Floats, change: Floats, *controls: Floats) -> tuple[Floats, float, float]:
    """Slopes, the HAC t of the first one and R squared of the gap on a constant, the rate change and the controls.

    t and R squared are NaN where the residual is rounding noise.
    """
    from statsmodels.regression.linear_model import OLS  # a second to import, wanted only where there is news

    regressors = np.column_stack([np.ones(gap.size), change, *controls])
    fitted = OLS(gap, regressors, hasconst=True).fit(
        cov_type="HAC", cov_kwds={"maxlags": HAC_LAGS, "use_correction": False}
    )
    has_residual = fitted.bse[1] ** 2 * (change @ change) > NO_VARIANCE
    t, r_squared = (fitted.tvalues[1], fitted.rsquared) if has_residual else (np.nan, np.nan)
    return fitted.params[1:], t, r_squared
