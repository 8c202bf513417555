-- The library's calendar may end before the year after the last bar; the next session must still be there.
with bars as (
    select * from {{ ref('stg_prices__daily_bars') }}
),

calendar as (
    select * from {{ ref('dim_calendar') }}
),

last_days as (
    select
        (select max(bars.session_date) from bars) as last_bar_date,
        (select max(calendar.session_date) from calendar) as last_session_date
)

select
    last_bar_date,
    last_session_date
from last_days
where
    last_session_date is null
    or last_session_date <= last_bar_date
