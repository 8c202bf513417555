"""Event study: what small caps did around an event beyond what the market model expected, one by one and pooled.

Belongs here: placing events on the sessions of a pair, the market model, abnormal returns, pools of events that do
not overlap. What does not: which events and windows there are (seeds, `dim_event`) and reading or writing tables.

Sessions are counted on the common sessions of the pair. Day 0 is the last one on or before the date of the event, so
an event after the close, or on a day without a session, first acts at +1.
Source of the method: docs/methodology, section 6; A. C. MacKinlay, Event Studies in Economics and Finance, Journal
of Economic Literature 35 (1997): market model with the estimation error of its parameters in the variance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Days = npt.NDArray[np.datetime64]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]

FIRST_ESTIMATION_SESSION, LAST_ESTIMATION_SESSION = -280, -31
ESTIMATION_SESSIONS = LAST_ESTIMATION_SESSION - FIRST_ESTIMATION_SESSION + 1
MIN_POOLED_EVENTS = 5  # a standard error of fewer events is a guess
NO_VARIANCE = 1e-20  # of daily returns (a move of 1e-8 %): rounding noise of a constant, not a denominator

COLUMNS = (
    "event_id",
    "pair_id",
    "window_start_session",
    "window_end_session",
    "kind",
    "event_date",
    "window_start_date",
    "window_end_date",
    "known_on",
    "alpha_pct_per_day",
    "beta",
    "sigma_pct_per_day",
    "estimation_sessions",
    "car_pct",
    "car_t",
    "car_t_naive",
    "car_market_adjusted_pct",
    "bhar_pct",
    "is_pooled",
    "events_pooled",
    "reason",
)
KEYS = list(COLUMNS[:4])


@dataclass(frozen=True)
class PairReturns:
    """Sessions of a pair and its simple daily returns, all of shape (n,); the first return is NaN."""

    sessions: Days
    small: Floats
    large: Floats


@dataclass(frozen=True)
class MarketModel:
    """R_small = alpha + beta R_large and the deviation of its residuals, in fractions; all of shape (events,)."""

    alpha: Floats
    beta: Floats
    sigma: Floats
    mean_large: Floats
    squares_large: Floats
    """Sum of squared deviations of R_large from its mean."""


def event_study(
    levels: pd.DataFrame, events: pd.DataFrame, windows: pd.DataFrame, pair_ids: Sequence[str]
) -> pd.DataFrame:
    """Every event on every pair in every window, and the pools, sorted by their grain.

    `levels`: pair_id, session_date, small_level, large_level (price basis). `events`: event_id, event_date,
    first_effect_session_date, kind, change_bp (null for other kinds than FOMC changes). `windows`:
    window_start_session, window_end_session (offsets from day 0, both included).

    Gives the columns COLUMNS; returns in percent, alpha and sigma in percent per day. A row without figures says why
    in `reason`; `known_on` is the session on which a row could first be computed. Raises ValueError for a window that
    reaches into the estimation sessions or ends before +1, when the event was not yet known.
    """
    check_windows(windows)
    by_pair = dict(list(levels.groupby("pair_id")))
    singles = [
        single_events(pair_id, pair_returns(by_pair.get(pair_id, levels.iloc[:0])), events, windows)
        for pair_id in pair_ids
    ]
    single = pd.concat(singles, ignore_index=True)
    table = pd.concat([single, pooled_events(single, events)], ignore_index=True)
    return table.sort_values(KEYS, ignore_index=True)[list(COLUMNS)]


def check_windows(windows: pd.DataFrame) -> None:
    """Raise ValueError for a window that lies where none can be judged."""
    starts, ends = windows["window_start_session"], windows["window_end_session"]
    wrong = windows[(starts <= LAST_ESTIMATION_SESSION) | (ends < 1) | (ends < starts)]
    if len(wrong):
        raise ValueError(
            f"event_windows: expected {LAST_ESTIMATION_SESSION} < start <= end and end >= 1, got "
            f"{wrong[['window_start_session', 'window_end_session']].to_numpy().tolist()}; repair the seed"
        )


def pair_returns(levels: pd.DataFrame) -> PairReturns:
    """Returns of one pair from its levels, on the sessions where both sides have a price."""
    levels = levels[(levels["small_level"] > 0) & (levels["large_level"] > 0)].sort_values("session_date")
    small, large = levels["small_level"].to_numpy(), levels["large_level"].to_numpy()
    return PairReturns(dates(levels["session_date"]), simple_returns(small), simple_returns(large))


def simple_returns(prices: Floats) -> Floats:
    """Change of each price on the one before as a fraction; NaN first."""
    returns = np.full(prices.shape, np.nan)
    returns[1:] = prices[1:] / prices[:-1] - 1
    return returns


def single_events(pair_id: str, pair: PairReturns, events: pd.DataFrame, windows: pd.DataFrame) -> pd.DataFrame:
    """Every event in every window on one pair; null figures and a reason where a window cannot be judged."""
    day_zero = np.searchsorted(pair.sessions, dates(events["event_date"]), side="right").astype(np.int64) - 1
    is_placed = acts_next_to(day_zero, dates(events["first_effect_session_date"]), pair.sessions)
    estimation_sessions = np.clip(day_zero + LAST_ESTIMATION_SESSION, 0, ESTIMATION_SESSIONS) * is_placed
    model = market_model(pair, day_zero)
    frames = []
    for start, end in windows[["window_start_session", "window_end_session"]].to_numpy(dtype=np.int64):
        reason = why_not(pair, events, day_zero + end, is_placed, estimation_sessions, model)
        has_figures = pd.isna(reason)
        figures = window_figures(pair, day_zero, int(start), int(end), model)
        window_end_date = at(pair.sessions, day_zero + end, is_placed)
        reason[has_figures & np.isnan(figures["car_t"])] = "the market model leaves no residual to judge by"
        columns = {
            "event_id": events["event_id"].to_numpy(),
            "pair_id": pair_id,
            "window_start_session": start,
            "window_end_session": end,
            "kind": events["kind"].to_numpy(),
            "event_date": dates(events["event_date"]),
            "window_start_date": at(pair.sessions, day_zero + start, is_placed),
            "window_end_date": window_end_date,
            "known_on": np.where(has_figures, window_end_date, np.datetime64("NaT", "D")),
            "estimation_sessions": estimation_sessions,
            "is_pooled": False,
            "events_pooled": pd.array([pd.NA] * len(events), dtype="Int64"),
            "reason": pd.array(reason, dtype="str"),
        }
        columns |= {name: np.where(has_figures, values, np.nan) for name, values in figures.items()}
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def dates(column: pd.Series) -> Days:
    """The column as days, NaT where null."""
    return pd.to_datetime(column).to_numpy(dtype="datetime64[D]")


def at(sessions: Days, positions: Ints, is_wanted: Bools) -> Days:
    """Sessions at the positions, NaT where there is none or where none is wanted."""
    found = np.full(positions.shape, np.datetime64("NaT", "D"))
    is_there = is_wanted & (positions >= 0) & (positions < sessions.size)
    found[is_there] = sessions[positions[is_there]]
    return found


def acts_next_to(day_zero: Ints, first_effect: Days, sessions: Days) -> Bools:
    """Whether the event first acts on day 0 or +1: otherwise the pair lacks the very session that counts."""
    everywhere = np.ones(day_zero.shape, dtype=bool)
    acts_on_day_zero: Bools = at(sessions, day_zero, everywhere) == first_effect
    acts_on_day_one: Bools = at(sessions, day_zero + 1, everywhere) == first_effect
    return acts_on_day_zero | acts_on_day_one


def market_model(pair: PairReturns, day_zero: Ints) -> MarketModel:
    """Least squares of small on large returns over the estimation sessions; NaN where they are not all there."""
    positions = day_zero[:, None] + np.arange(FIRST_ESTIMATION_SESSION, LAST_ESTIMATION_SESSION + 1)
    small, large = returns_at(pair.small, positions), returns_at(pair.large, positions)
    mean_small, mean_large = small.mean(axis=1), large.mean(axis=1)
    small_deviation, large_deviation = small - mean_small[:, None], large - mean_large[:, None]
    squares = np.einsum("es,es->e", large_deviation, large_deviation)
    squares[squares <= NO_VARIANCE * ESTIMATION_SESSIONS] = np.nan
    beta = np.einsum("es,es->e", large_deviation, small_deviation) / squares
    residual = small_deviation - beta[:, None] * large_deviation
    sigma = np.sqrt(np.einsum("es,es->e", residual, residual) / (ESTIMATION_SESSIONS - 2))
    return MarketModel(mean_small - beta * mean_large, beta, sigma, mean_large, squares)


def returns_at(returns: Floats, positions: Ints) -> Floats:
    """Returns at the positions, NaN beyond both ends."""
    padded = np.append(returns, np.nan)
    return padded[np.where((positions >= 0) & (positions < returns.size), positions, returns.size)]


def window_figures(pair: PairReturns, day_zero: Ints, start: int, end: int, model: MarketModel) -> dict[str, Floats]:
    """Figures of each event in one window, NaN where returns are missing; all arrays of shape (events,).

    The variance of the cumulative abnormal return of L sessions is sigma² (L + L²/n + (sum of R_large - mean)²/S),
    S the squared deviations of R_large over the n estimation sessions; the naive one is sigma² L.
    """
    positions = day_zero[:, None] + np.arange(start, end + 1)
    small, large = returns_at(pair.small, positions), returns_at(pair.large, positions)
    length = end - start + 1
    car = (small - model.alpha[:, None] - model.beta[:, None] * large).sum(axis=1)
    large_deviation = (large - model.mean_large[:, None]).sum(axis=1)
    spread = np.where(model.sigma**2 > NO_VARIANCE, model.sigma, np.nan)
    with_estimation_error = np.sqrt(length + length**2 / ESTIMATION_SESSIONS + large_deviation**2 / model.squares_large)
    return {
        "alpha_pct_per_day": 100 * model.alpha,
        "beta": model.beta,
        "sigma_pct_per_day": 100 * model.sigma,
        "car_pct": 100 * car,
        "car_t": car / (spread * with_estimation_error),
        "car_t_naive": car / (spread * np.sqrt(length)),
        "car_market_adjusted_pct": 100 * (small - large).sum(axis=1),
        "bhar_pct": 100 * ((1 + small).prod(axis=1) - (1 + large).prod(axis=1)),
    }


def why_not(
    pair: PairReturns,
    events: pd.DataFrame,
    window_end: Ints,
    is_placed: Bools,
    estimation_sessions: Ints,
    model: MarketModel,
) -> Objects:
    """Why the window of an event, ending at position `window_end`, has no figures; None where it has."""
    reason = np.full(window_end.shape, None, dtype=object)
    if not pair.sessions.size:
        reason[:] = "the pair has no prices"
        return reason
    first, last = pair.sessions[[0, -1]]
    # the later line wins: the most telling reason comes last
    reason[np.isnan(model.squares_large)] = "the large side did not move over the estimation sessions"
    for position in np.flatnonzero(estimation_sessions < ESTIMATION_SESSIONS):
        reason[position] = f"{estimation_sessions[position]} of {ESTIMATION_SESSIONS} estimation sessions"
    acts_on = dates(events["first_effect_session_date"])
    for position in np.flatnonzero(~is_placed):
        reason[position] = f"the pair has no price on {acts_on[position]}, when the event first acts"
    reason[window_end >= pair.sessions.size] = f"the prices of the pair end on {last}, the window ends later"
    reason[dates(events["event_date"]) < first] = f"the prices of the pair start on {first}, after the event"
    return reason


def pooled_events(single: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Running pools of rises, cuts and elections per pair and window: a row after each event that was taken.

    An event is taken when its window starts after the end of the last one taken, so a pool never counts a session
    twice and a later event never changes an earlier row. car_pct, car_market_adjusted_pct and bhar_pct are means over
    the events, car_t is the mean over its cross-sectional standard error (ddof 1), null below MIN_POOLED_EVENTS. Dates
    are those of the latest event taken.
    """
    known = single[single["known_on"].notna()].merge(events[["event_id", "change_bp"]], on="event_id")
    change = known.pop("change_bp")
    members = {"fomc_rises": change > 0, "fomc_cuts": change < 0, "elections": known["kind"] == "election"}
    pools = pd.concat([known[is_member].assign(kind=pool) for pool, is_member in members.items()])
    keys = ["kind", "pair_id", "window_start_session", "window_end_session"]
    pools = pools.sort_values([*keys, "event_date", "event_id"], ignore_index=True)
    pools = pools[is_apart(pools, pools.groupby(keys).ngroup())].reset_index(drop=True)

    grouped = pools.groupby(keys)
    count = grouped.cumcount() + 1
    deviation = grouped["car_pct"].expanding().std().reset_index(keys, drop=True)
    means = {name: grouped[name].cumsum() / count for name in ("car_pct", "car_market_adjusted_pct", "bhar_pct")}
    has_t = (count >= MIN_POOLED_EVENTS) & (deviation > 0)
    return pools.assign(
        event_id="pooled_" + pools["kind"] + "_through_" + pools["event_date"].dt.strftime("%Y-%m-%d"),
        alpha_pct_per_day=np.nan,
        beta=np.nan,
        sigma_pct_per_day=np.nan,
        estimation_sessions=pd.array([pd.NA] * len(pools), dtype="Int64"),
        **means,
        car_t=(means["car_pct"] / (deviation / np.sqrt(count))).where(has_t),
        car_t_naive=np.nan,
        is_pooled=True,
        events_pooled=count.astype("Int64"),
        reason=(count.astype("str") + f" of {MIN_POOLED_EVENTS} events that a t needs").where(~has_t),
    )


def is_apart(windows: pd.DataFrame, group_numbers: pd.Series) -> Bools:
    """Which windows are taken: the first of each group and those that start after the last one taken in it ended.

    Groups lie together, each in the order of time.
    """
    group = group_numbers.to_numpy()
    starts = windows["window_start_date"].to_numpy(dtype="datetime64[D]")
    ends = windows["window_end_date"].to_numpy(dtype="datetime64[D]")
    taken = np.zeros(group.shape, dtype=bool)
    last = -1
    for row in range(group.size):
        if last < 0 or group[row] != group[last] or starts[row] > ends[last]:
            taken[row], last = True, row
    return taken
