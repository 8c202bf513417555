-- Per watch date and convention, and it is the next one of the calendar as it stood that day.
{{ config(meta={'dagster': {'ref': {'name': 'rate_expectations'}}}) }}

with expectations as (
    select
        watch_date,
        day_convention,
        sum(case when is_next_meeting then 1 else 0 end) as next_meetings,
        min(case when is_next_meeting then meeting_date end) as next_meeting_date
    from {{ ref('rate_expectations') }}
    group by
        watch_date,
        day_convention
),

meetings as (
    select * from {{ ref('dim_meeting') }}
    where kind = 'scheduled'
),

calendar as (
    select
        expectations.watch_date,
        expectations.day_convention,
        min(meetings.meeting_date) as calendar_meeting_date
    from expectations
    inner join meetings
        on
            expectations.watch_date < meetings.meeting_date
            and (meetings.cancelled_on is null or expectations.watch_date < meetings.cancelled_on)
    group by
        expectations.watch_date,
        expectations.day_convention
)

select
    expectations.watch_date,
    expectations.day_convention,
    expectations.next_meetings,
    expectations.next_meeting_date,
    calendar.calendar_meeting_date
from expectations
left join calendar
    on
        expectations.watch_date = calendar.watch_date
        and expectations.day_convention = calendar.day_convention
where
    expectations.next_meetings <> 1
    or expectations.next_meeting_date <> calendar.calendar_meeting_date
    or calendar.calendar_meeting_date is null
