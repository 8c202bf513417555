-- A complete week has all its sessions with a flow, and the sum of them; a week without a sum has a reason.
{{ config(meta={'dagster': {'ref': {'name': 'fund_flows_weekly'}}}) }}

with weekly as (
    select * from {{ ref('fund_flows_weekly') }}
),

daily as (
    select * from {{ ref('fund_flows_daily') }}
),

calendar as (
    select * from {{ ref('dim_calendar') }}
),

week_sessions as (
    select
        lipper_week_ending,
        count(*) as sessions_in_week
    from calendar
    group by lipper_week_ending
),

day_sums as (
    select
        fund_symbol,
        lipper_week_ending,
        count(net_flow_usd) as days_with_flow,
        sum(net_flow_usd) as net_flow_usd
    from daily
    group by
        fund_symbol,
        lipper_week_ending
)

select
    weekly.fund_symbol,
    weekly.week_ending,
    weekly.net_flow_usd,
    day_sums.net_flow_usd as sum_of_days_usd
from weekly
left join day_sums
    on
        weekly.fund_symbol = day_sums.fund_symbol
        and weekly.week_ending = day_sums.lipper_week_ending
left join week_sessions
    on weekly.week_ending = week_sessions.lipper_week_ending
where
    day_sums.fund_symbol is null
    or abs(weekly.net_flow_usd - day_sums.net_flow_usd) > 1
    or weekly.is_complete_week <> (day_sums.days_with_flow = week_sessions.sessions_in_week)
    or (weekly.net_flow_usd is null and weekly.null_reason is null)
    or (weekly.net_flow_usd is not null and weekly.null_reason is not null)
