-- The calendar of the meetings must reach the last contract month of the latest curve, or 12 months past its day where
-- the curve goes further: a missing meeting is an error, not "no meeting". The Board announces a year's meetings well
-- before that year, so less than 12 months means that the calendar is out of date: add meetings to the seed, or to
-- the folder fomc_meetings of the inbox.
{{ config(meta={'dagster': {'ref': {'name': 'dim_meeting'}}}) }}

with settlements as (
    select * from {{ ref('stg_rates__fed_funds_futures') }}
),

meetings as (
    select * from {{ ref('dim_meeting') }}
    where kind = 'scheduled'
),

latest_curve as (
    select
        session_date as watch_date,
        max(contract_month) as last_contract_month
    from settlements
    where session_date = (select max(latest.session_date) from settlements as latest)
    group by session_date
),

calendar as (
    select max(meeting_date) as last_meeting_date
    from meetings
)

select
    latest_curve.watch_date,
    latest_curve.last_contract_month,
    calendar.last_meeting_date
from latest_curve
cross join calendar
where
    calendar.last_meeting_date is null
    or {{ start_of_period('calendar.last_meeting_date', 'month') }} < least(
        latest_curve.last_contract_month,
        {{ add_months(start_of_period('latest_curve.watch_date', 'month'), 12) }}
    )
