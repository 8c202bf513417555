-- Scheduled ones, cancelled or not: they lie at most 58 days apart since 2000, and a hole is 70 days or more.
-- The missing meeting belongs between the two dates; without it there are no odds at all.
with scheduled as (
    select
        meeting_date,
        lag(meeting_date) over (order by meeting_date) as meeting_before
    from {{ ref('dim_meeting') }}
    where kind = 'scheduled'
)

select
    meeting_before,
    meeting_date,
    {{ days_between('meeting_before', 'meeting_date') }} as days_apart
from scheduled
where {{ days_between('meeting_before', 'meeting_date') }} > 63
