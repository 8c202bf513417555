{{ config(meta={'dagster': {'ref': {'name': 'dim_calendar'}}}) }}
-- The library's calendar may end before the year after the last row; the next session must still be there.
with days as (
    select session_date from {{ ref('stg_prices__daily_bars') }}
    union all
    select as_of_date as session_date from {{ ref('stg_flows__fund_nav_shares') }}
),

calendar as (
    select * from {{ ref('dim_calendar') }}
),

last_days as (
    select
        (select max(days.session_date) from days) as last_data_date,
        (select max(calendar.session_date) from calendar) as last_session_date
)

select
    last_data_date,
    last_session_date
from last_days
where
    last_session_date is null
    or last_session_date <= last_data_date
