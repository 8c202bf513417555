-- Bars on other days are left out of every mart: wrong dates, or a market with other holidays.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'stg_prices__daily_bars'}}}) }}

with bars as (
    select * from {{ ref('stg_prices__daily_bars') }}
),

nyse_sessions as (
    select * from {{ ref('int_calendar__nyse_sessions') }}
)

select
    bars.symbol,
    bars.session_date
from bars
left join nyse_sessions
    on bars.session_date = nyse_sessions.session_date
where nyse_sessions.session_date is null
