with calendar as (
    select * from {{ ref('dim_calendar') }}
)

select
    session_date,
    lipper_week_ending
from calendar
where
    {{ iso_day_of_week('lipper_week_ending') }} <> 3
    or {{ days_between('session_date', 'lipper_week_ending') }} not between 0 and 6
