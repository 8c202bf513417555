-- A fund whose last row has no flow: its count is frozen or off its level, and the reports will say nothing about it.
{{ config(severity='warn') }}

with daily as (
    select * from {{ ref('fund_flows_daily') }}
),

numbered as (
    select
        fund_symbol,
        session_date,
        null_reason,
        row_number() over (partition by fund_symbol order by session_date desc) as row_from_end
    from daily
)

select
    fund_symbol,
    session_date,
    null_reason
from numbered
where
    row_from_end = 1
    and null_reason is not null
