"""When the market could first know a row: the lag rules of the contracts.

Belongs here: pure functions from the dates of a row to an instant (UTC, without time zone).
Does not belong here: `available_at` of later vintages, which is a matter of the warehouse.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

MARKET_TIME_ZONE = "America/New_York"
SESSION_CLOSE = "16:00"
"""Early closes are given the regular hour too: later, never earlier, than the truth."""


@dataclass(frozen=True)
class Availability:
    """`on`: the day of `column` at `time` New York time; `next_session`: the NYSE session after it;
    `days_after`: `days` calendar days after it."""

    column: str
    rule: Literal["on", "next_session", "days_after"]
    time: str = SESSION_CLOSE
    days: int = 0

    @property
    def words(self) -> str:
        """The rule as a person would say it."""
        when = {
            "on": f"on {self.column}",
            "next_session": f"on the NYSE session after {self.column}",
            "days_after": f"{self.days} days after {self.column}",
        }[self.rule]
        return f"{when}, {self.time} New York time"

    def instants(self, dates: "pd.Series") -> "pd.Series":
        """Instants (naive UTC timestamps) for a Series of dates (`datetime64`), same index."""
        import pandas as pd

        days = dates.dt.normalize()
        if self.rule == "next_session":
            days = next_session(days)
        elif self.rule == "days_after":
            days = days + pd.Timedelta(days=self.days)
        return market_instant(days, self.time)


def market_instant(days: "pd.Series", time: str = SESSION_CLOSE) -> "pd.Series":
    """Midnight dates at `time` New York time, as naive UTC timestamps."""
    import pandas as pd

    local = (days + pd.Timedelta(f"{time}:00")).dt.tz_localize(MARKET_TIME_ZONE)
    return local.dt.tz_convert("UTC").dt.tz_localize(None)


def next_session(days: "pd.Series") -> "pd.Series":
    """The first NYSE session after each day; the next weekday beyond the calendar's last year."""
    import numpy as np
    import pandas as pd

    if days.empty:
        return days
    sessions = nyse_sessions(days.min().year - 1, days.max().year + 1)
    position = np.searchsorted(sessions, days.to_numpy().astype("datetime64[ns]"), side="right")
    inside = position < len(sessions)
    weekday = (days + pd.offsets.BDay(1)).to_numpy()
    found = np.where(inside, sessions[np.minimum(position, len(sessions) - 1)], weekday)
    return pd.Series(found, index=days.index)


@cache
def nyse_sessions(first_year: int, last_year: int) -> "NDArray[np.datetime64]":
    """NYSE sessions of whole years as sorted `datetime64[ns]`, from exchange_calendars.

    Years outside what the library knows are cut off without an error: the caller decides what a
    missing session means.
    """
    import exchange_calendars
    from exchange_calendars.exchange_calendar_xnys import XNYSExchangeCalendar

    first = f"{first_year}-01-01"
    bound = XNYSExchangeCalendar.bound_max()
    last = f"{last_year}-12-31"
    if bound is not None and bound.strftime("%Y-%m-%d") < last:
        last = bound.strftime("%Y-%m-%d")
    calendar = exchange_calendars.get_calendar("XNYS", start=first, end=last)
    sessions: NDArray[np.datetime64] = calendar.sessions.to_numpy().astype("datetime64[ns]")
    return sessions
