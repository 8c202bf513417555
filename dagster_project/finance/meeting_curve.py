"""The futures curve as it stood on each watch date, one row per day and one column per month.

Belongs here: reading settlements into implied averages, pinning expired months, marking what cannot be used
and why. What does not: anything about meetings (`meeting_inputs`, `meeting_solve`). No I/O and no wall clock.

Source of the rules: docs/methodology, section 3 rule 1 (averages, pinned months) and section 9 (no
look-ahead).
"""

import numpy as np
import pandas as pd

from dagster_project.finance.meeting_inputs import (
    BEYOND_CURVE,
    IMPLAUSIBLE,
    LOOKBACK_MONTHS,
    MAX_CARRY_DAYS,
    MAX_MONTHLY_JUMP_PCT,
    MAX_PIN_AGE_DAYS,
    MAX_SETTLE,
    MIN_SETTLE,
    MISSING,
    OFF_CURVE,
    PIN_UNKNOWN,
    USABLE,
    Curve,
    Days,
    Floats,
    Ints,
    OddsInputError,
    month_number,
    next_weekday,
    to_days,
    to_floats,
)


def read_curve(settlements: pd.DataFrame, policy_rates: pd.DataFrame) -> Curve:
    """Implied averages (100 - settle, percent) per watch date and month; rows in any order.

    Live months take the settlement of that very day. Expired months are pinned by the last settlement of
    their contract (at most 7 days before the month end), else by the realised average of EFFR. A settlement
    outside (85, 101), missing, or off the curve leaves NaN and its fault. Rows after the contract month are
    ignored.
    Raises `OddsInputError` for two settlements of one contract on one day, naming them, and for null dates.
    """
    session = to_days(settlements, "session_date", "settlements")
    contract_day = to_days(settlements, "contract_month", "settlements")
    if np.isnat(session).any() or np.isnat(contract_day).any():
        raise OddsInputError("settlements: contract_month or session_date is null")
    contract = month_number(contract_day)
    settle = to_floats(settlements, "settle", "settlements")
    _refuse_duplicates(contract, session)
    live = contract >= month_number(session)
    session, contract, settle = session[live], contract[live], settle[live]
    watch, row = np.unique(session, return_inverse=True)
    month = month_number(watch)
    column = contract - month[row] + LOOKBACK_MONTHS
    shape = (watch.size, int(column.max(initial=LOOKBACK_MONTHS)) + 2)
    raw = np.full(shape, np.nan)
    raw[row, column] = 100.0 - settle
    last_month = month.copy()
    np.maximum.at(last_month, row, contract)
    listed = np.zeros(shape, dtype=bool)
    listed[row, column] = True
    average, fault = _mark_faults(raw, listed, last_month - month + LOOKBACK_MONTHS)
    pinned = _pinned(session, contract, settle, policy_rates, watch, month)
    average[:, :LOOKBACK_MONTHS] = pinned
    fault[:, :LOOKBACK_MONTHS] = np.where(np.isnan(pinned), PIN_UNKNOWN, USABLE)
    return Curve(watch, month, average, fault, last_month)


def _refuse_duplicates(contract: Ints, session: Days) -> None:
    key = pd.DataFrame({"contract": contract, "session": session})
    repeated = key[key.duplicated(keep="first")].drop_duplicates()
    if len(repeated):
        named = [
            f"{np.datetime64(int(month), 'M')} on {np.datetime64(day, 'D')}"
            for month, day in repeated.head(5).itertuples(index=False)
        ]
        raise OddsInputError(
            f"settlements: {len(repeated)} contract days have more than one settlement: {', '.join(named)}"
            f"{' ...' if len(repeated) > 5 else ''}; keep the current vintage only"
        )


def _mark_faults(raw: Floats, listed: np.ndarray, last_column: Ints) -> tuple[Floats, Ints]:
    """Blank what cannot be used and say why; both arrays have the shape of `raw`."""
    columns = np.arange(raw.shape[1])
    plausible = (raw > 100.0 - MAX_SETTLE) & (raw < 100.0 - MIN_SETTLE)
    fault = np.select(
        [columns[None, :] > last_column[:, None], ~listed, ~plausible],
        [BEYOND_CURVE, MISSING, IMPLAUSIBLE],
        USABLE,
    )
    average = np.where(fault == USABLE, raw, np.nan)
    level = np.full(raw.shape[0], np.nan)  # the last average that lies on the curve
    seen = np.zeros(raw.shape[0], dtype=np.int64)  # column of the last plausible settlement
    for column in range(LOOKBACK_MONTHS, raw.shape[1]):
        here = average[:, column].copy()
        off = np.abs(here - level) > MAX_MONTHLY_JUMP_PCT * (column - seen)
        seen = np.where(np.isnan(here), seen, column)
        level = np.where(np.isnan(here) | off, level, here)
        average[off, column] = np.nan
        fault[off, column] = OFF_CURVE
    return average, fault


def _pinned(
    session: Days, contract: Ints, settle: Floats, policy_rates: pd.DataFrame, watch: Days, month: Ints
) -> Floats:
    """Averages of the expired months before each watch month, shape (W, LOOKBACK_MONTHS)."""
    if not watch.size:
        return np.empty((0, LOOKBACK_MONTHS))
    first, last = int(month[0]) - LOOKBACK_MONTHS, int(month[-1])
    by_contract = np.full(last - first + 1, np.nan)
    following: Days = (contract + 1).astype("datetime64[M]").astype("datetime64[D]")
    days_left = (following - session).astype(np.int64) - 1
    at_end = (month_number(session) == contract) & (days_left <= MAX_PIN_AGE_DAYS)
    at_end &= (settle > MIN_SETTLE) & (settle < MAX_SETTLE)
    order = np.argsort(session[at_end], kind="stable")  # the last settlement of a contract is written last
    by_contract[contract[at_end][order] - first] = 100.0 - settle[at_end][order]
    realised, known_on = _realised_averages(policy_rates, first, last)
    expired = month[:, None] + np.arange(-LOOKBACK_MONTHS, 0) - first
    published = np.where(known_on[expired] <= watch[:, None], realised[expired], np.nan)
    return np.where(np.isnan(by_contract[expired]), published, by_contract[expired])


def _realised_averages(policy_rates: pd.DataFrame, first: int, last: int) -> tuple[Floats, Days]:
    """Calendar-day average of EFFR for the months first..last, and the morning on which it was complete."""
    rate_date = to_days(policy_rates, "rate_date", "policy_rates")
    effr = to_floats(policy_rates, "effr_pct", "policy_rates")
    start = np.datetime64(first, "M").astype("datetime64[D]") - np.timedelta64(MAX_CARRY_DAYS, "D")
    end = np.datetime64(last + 1, "M").astype("datetime64[D]")
    days = np.arange(start, end)
    inside = ~np.isnan(effr) & (rate_date >= start) & (rate_date < end)
    daily = np.full(days.size, np.nan)
    daily[(rate_date[inside] - start).astype(np.int64)] = effr[inside]
    source_day = np.maximum.accumulate(np.where(np.isnan(daily), -1, np.arange(days.size)))
    stale = (source_day < 0) | (np.arange(days.size) - source_day >= MAX_CARRY_DAYS)
    carried = np.where(stale, np.nan, daily[source_day])
    which = month_number(days) - first
    average = np.full(last - first + 1, np.nan)
    known_on = np.full(average.size, np.datetime64("NaT", "D"), dtype="datetime64[D]")
    wanted = which >= 0
    total = np.bincount(which[wanted], weights=carried[wanted], minlength=average.size)
    count = np.bincount(which[wanted], minlength=average.size)
    average[:] = total / count  # one unknown day makes the whole month unknown
    last_day = np.flatnonzero(np.diff(which, append=average.size) > 0)
    last_day = last_day[which[last_day] >= 0]
    complete = ~stale[last_day]
    published = next_weekday(days[source_day[last_day[complete]]])
    known_on[which[last_day[complete]]] = published
    return average, known_on
