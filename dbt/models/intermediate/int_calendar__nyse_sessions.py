"""NYSE sessions over the years of the data, from exchange_calendars.

What belongs here: asking for dates, nothing else. Numbers and attributes of a session are SQL
(int_calendar__sessions). The range follows from the data alone, never from the clock, so a rebuild of old data
gives the old calendar. Arrow, not pandas: a frame would turn DATE into TIMESTAMP.
"""

import pyarrow

from dagster_project.contracts.availability import nyse_sessions


def model(dbt, session):
    dbt.config(materialized="table")
    bars = dbt.ref("stg_prices__daily_bars").project("session_date")
    fund_days = dbt.ref("stg_flows__fund_nav_shares").project("as_of_date as session_date")
    symbols = dbt.ref("stg_prices__bar_symbols").filter("is_of_member")
    of_members = symbols.project("first_session_date as session_date").union(symbols.project("last_session_date"))
    ((first_date, last_date),) = bars.union(fund_days).union(of_members).aggregate("min(session_date), max(session_date)").fetchall()
    sessions = [] if first_date is None else nyse_sessions(first_date.year, last_date.year + 1).astype("datetime64[D]")
    return pyarrow.table({"session_date": pyarrow.array(sessions, type=pyarrow.date32())})
