-- Contract months after the last known meeting are not priced: the horizon of the odds ends at the calendar there.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'dim_meeting'}}}) }}

with settlements as (
    select * from {{ ref('stg_rates__fed_funds_futures') }}
),

calendar as (
    select max(meeting_date) as last_meeting_date
    from {{ ref('dim_meeting') }}
    where kind = 'scheduled'
)

select
    settlements.contract_month,
    calendar.last_meeting_date,
    min(settlements.session_date) as first_watch_date,
    max(settlements.session_date) as last_watch_date
from settlements
cross join calendar
where
    calendar.last_meeting_date is null
    or settlements.contract_month > {{ start_of_period('calendar.last_meeting_date', 'month') }}
group by
    settlements.contract_month,
    calendar.last_meeting_date
