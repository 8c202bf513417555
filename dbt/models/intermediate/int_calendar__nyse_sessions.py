"""NYSE sessions over the years of the bars, from exchange_calendars.

What belongs here: asking the library for dates, nothing else. Numbers and attributes of a session are SQL
(int_calendar__sessions). The range follows from the bars alone, never from the clock, so a rebuild of old data
gives the old calendar. Arrow, not pandas: a frame would turn DATE into TIMESTAMP.
"""

import datetime

import exchange_calendars
import pyarrow


def model(dbt, session):
    dbt.config(materialized="table")
    bars = dbt.ref("stg_prices__daily_bars")
    ((first_date, last_date),) = bars.aggregate("min(session_date), max(session_date)").fetchall()
    sessions = [] if first_date is None else nyse_sessions(first_date.year, last_date.year + 1)
    return pyarrow.table({"session_date": pyarrow.array(sessions, type=pyarrow.date32())})


def nyse_sessions(first_year: int, last_year: int) -> list[datetime.date]:
    """Sessions from 1 January of the first to 31 December of the last year, cut at the bounds of the calendar."""
    # Both ends are given: by default the library counts from today.
    calendar_class = exchange_calendars.exchange_calendar_xnys.XNYSExchangeCalendar
    start, end = f"{first_year}-01-01", f"{last_year}-12-31"
    if calendar_class.bound_min() is not None:
        start = max(start, calendar_class.bound_min().date().isoformat())
    if calendar_class.bound_max() is not None:
        end = min(end, calendar_class.bound_max().date().isoformat())
    return list(exchange_calendars.get_calendar("XNYS", start=start, end=end).sessions.date)
