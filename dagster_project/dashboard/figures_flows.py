"""Questions behind the charts of fund flows.

Belongs here: the last week known and the weeks before it.
Does not belong here: what the charts look like (`charts`).
"""

from dagster_project.charts import flow_weeks, week_flows
from dagster_project.dashboard.ask import Answer, Day, Figure

FUND = "IWM"
"""The fund of the article; the ledger takes the same."""
WEEKS_SHOWN = 104


def last_week(day: Day) -> Answer:
    """The last whole week of the fund known on the day; its lag-corrected flow only when that was known too."""
    return day.ask(
        """
        select weekly.fund_symbol, weekly.week_ending, weekly.net_flow_usd, weekly.net_flow_pct_aum,
            weekly.net_flow_prior_nav_usd, weekly.zscore_52w, weekly.outflow_pct_rank_in_own_history,
            weekly.weeks_compared,
            count(calendar.session_date) as sessions_since,
            case when count(calendar.session_date) >= 2 then any_value(weekly.net_flow_lag_corrected_usd) end
                as net_flow_lag_corrected_usd
        from marts.fund_flows_weekly as weekly
        inner join marts.dim_calendar as calendar
            on weekly.week_ending < calendar.lipper_week_ending and calendar.session_date <= {day}
        where weekly.fund_symbol = {fund} and weekly.is_complete_week
        group by all
        order by weekly.week_ending desc
        limit 1
        """,
        fund=FUND,
    )


def draw_week_flows(day: Day) -> Figure:
    """The days of the last whole week known."""
    week = last_week(day).first
    if week is None:
        return week_flows.chart([], None, FUND), last_week(day)
    days = day.ask(
        """
        select daily.session_date, daily.net_flow_usd, daily.null_reason,
            case when count(calendar.session_date) >= 2 then any_value(daily.net_flow_lag_corrected_usd) end
                as net_flow_lag_corrected_usd
        from marts.fund_flows_daily as daily
        inner join marts.dim_calendar as calendar
            on daily.session_date < calendar.session_date and calendar.session_date <= {day}
        where daily.fund_symbol = {fund} and daily.lipper_week_ending = {week_ending}
        group by all
        order by daily.session_date
        """,
        fund=FUND,
        week_ending=week["week_ending"],
    )
    return week_flows.chart(days.rows, week, FUND), days


def draw_flow_weeks(day: Day) -> Figure:
    """The weeks of two years."""
    weeks = day.ask(
        """
        select weekly.week_ending, weekly.net_flow_usd, weekly.net_flow_pct_aum, weekly.zscore_52w,
            weekly.outflow_pct_rank_in_own_history, weekly.weeks_compared
        from marts.fund_flows_weekly as weekly
        where weekly.fund_symbol = {fund} and weekly.is_complete_week
            and weekly.week_ending < (select lipper_week_ending from marts.dim_calendar where session_date = {day})
        qualify row_number() over (order by weekly.week_ending desc) <= {weeks}
        order by weekly.week_ending
        """,
        fund=FUND,
        weeks=WEEKS_SHOWN,
    )
    return flow_weeks.chart(weeks.rows, FUND), weeks
