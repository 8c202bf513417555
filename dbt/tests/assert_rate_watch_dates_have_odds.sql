-- A day with a live contract and no meeting at all: before the calendar, or a curve too short for the next meeting.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'rate_expectations'}}}) }}

with watch_dates as (
    select distinct session_date as watch_date
    from {{ ref('stg_rates__fed_funds_futures') }}
    where contract_month >= {{ start_of_period('session_date', 'month') }}
),

expectations as (
    select distinct watch_date
    from {{ ref('rate_expectations') }}
)

select watch_dates.watch_date
from watch_dates
left join expectations
    on watch_dates.watch_date = expectations.watch_date
where expectations.watch_date is null
