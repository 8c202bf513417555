-- Inputs of the odds that were missing or not usable, counted by reason; null_reason of rate_expectations names each.
{{ config(severity='warn') }}

with issues as (
    select * from {{ ref('int_rates__odds_issues') }}
)

select
    reason_code,
    odds_rows,
    watch_dates,
    first_watch_date,
    last_watch_date,
    example
from issues
where
    reason_code in (
        'contract_missing', 'outside_calendar', 'past_month_unknown', 'range_unknown', 'settle_implausible',
        'settle_off_curve'
    )
