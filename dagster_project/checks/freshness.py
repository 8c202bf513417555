"""How far behind a domain is, counted in NYSE sessions: a pure function of dates and a clock.

Belongs here: what was to be expected by when, and the status that follows.
Does not belong here: reading the warehouse.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from dagster_project.contracts.availability import Availability, nyse_sessions
from dagster_project.contracts.model import Contract

Status = Literal["fresh", "stale", "missing", "refused", "irregular", "simulated", "not configured"]


@dataclass(frozen=True)
class Freshness:
    """Freshness of one domain; `stale_sessions` sessions are missing at its end."""

    domain: str
    data_through: date | None
    expected_through: date | None
    stale_sessions: int | None
    status: Status
    reason: str = ""
    """What to set where it is not configured."""


RECENT_SESSIONS = 10
"""Sessions among which the last one due is looked for: no contract's lag is longer."""


def expected_through(contract: Contract, now_utc: datetime) -> date | None:
    """The last session whose row was available at `now_utc` by the contract's lag; None without cadence."""
    return _last_due(contract.availability, now_utc) if contract.cadence == "session" else None


def last_closed_session(now_utc: datetime) -> date:
    """The last session that had closed at `now_utc`."""
    return _last_due(Availability("session", "on"), now_utc)


def _last_due(availability: Availability, now_utc: datetime) -> date:
    import numpy as np
    import pandas as pd

    past = nyse_sessions(now_utc.year - 1, now_utc.year + 1)
    sessions = pd.Series(past[past <= np.datetime64(now_utc.date())][-RECENT_SESSIONS:])
    due = sessions[availability.instants(sessions) <= pd.Timestamp(now_utc)]
    last: date = due.iloc[-1].date()
    return last


def domain_freshness(
    domain: str,
    contracts: list[Contract],
    data_through: dict[str, date | None],
    has_problem: bool,
    is_simulated: bool,
    now_utc: datetime,
    is_unreachable: bool = False,
    missing_setting: str = "",
) -> Freshness:
    """Freshness of a domain: as late as its latest regular table.

    Args:
        data_through: last day per table, None when it has no rows.
        has_problem: a payload of the domain was refused or unreadable in the last run.
        is_unreachable: a service of the domain gave nothing in the last run, and nothing stood in for it. Services
            are asked for what is missing, so something is, if only one fund of several.
        missing_setting: a setting without which a service of the domain was not asked. What failed or is late all the
            same comes before it.
    """
    import numpy as np

    regular = [contract for contract in contracts if contract.cadence == "session"]
    ends = [day for c in (regular or contracts) if (day := data_through.get(c.table)) is not None]
    through = min(ends) if ends else None
    unset = not_configured(missing_setting) if missing_setting else ""
    if through is None and unset and not (has_problem or is_unreachable):
        return Freshness(domain, None, None, None, "not configured", unset)
    if through is None or (is_unreachable and any(data_through.get(c.table) is None for c in regular)):
        return Freshness(domain, None, None, None, "refused" if has_problem else "missing")
    if is_simulated:
        return Freshness(domain, through, through, 0, "simulated")
    due = [day for c in regular if (day := expected_through(c, now_utc)) is not None]
    if not due:
        return Freshness(domain, through, None, None, *_status(has_problem, is_unreachable, unset, "irregular"))
    expected = min(due)
    sessions = nyse_sessions(through.year, expected.year) if expected > through else np.array([], "datetime64[ns]")
    late = int(((sessions > np.datetime64(through)) & (sessions <= np.datetime64(expected))).sum())
    return Freshness(domain, through, expected, late, *_status(has_problem, late > 0 or is_unreachable, unset, "fresh"))


def not_configured(setting: str) -> str:
    """What is said of a service that is not asked because a setting is missing."""
    return f"not configured: set {setting}"


def _status(has_problem: bool, is_stale: bool, unset: str, otherwise: Status) -> tuple[Status, str]:
    if has_problem or is_stale:
        return "refused" if has_problem else "stale", ""
    return ("not configured", unset) if unset else (otherwise, "")
