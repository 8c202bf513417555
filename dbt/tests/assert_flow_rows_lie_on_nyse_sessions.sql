-- Rows on other days are left out of every mart: month ends that are no session, or a calendar that ends too early.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'stg_flows__fund_nav_shares'}}}) }}

with fund_rows as (
    select * from {{ ref('stg_flows__fund_nav_shares') }}
),

nyse_sessions as (
    select * from {{ ref('int_calendar__nyse_sessions') }}
)

select
    fund_rows.fund_symbol,
    fund_rows.as_of_date,
    fund_rows.shares_outstanding
from fund_rows
left join nyse_sessions
    on fund_rows.as_of_date = nyse_sessions.session_date
where nyse_sessions.session_date is null
