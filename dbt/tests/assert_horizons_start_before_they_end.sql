{{ config(meta={'dagster': {'ref': {'name': 'relative_performance_horizons'}}}) }}
-- Only the day of an election starts its own horizon; one day is one session; a base lies within a week of its anchor.
with horizons as (
    select * from {{ ref('relative_performance_horizons') }}
),

calendar as (
    select * from {{ ref('dim_calendar') }}
)

select
    horizons.pair_id,
    horizons.return_basis,
    horizons.session_date,
    horizons.horizon,
    horizons.base_session_date
from horizons
left join calendar
    on horizons.session_date = calendar.session_date
where
    horizons.base_session_date > horizons.session_date
    or (horizons.horizon <> 'SINCE_ELECTION' and horizons.base_session_date = horizons.session_date)
    or (horizons.horizon = '1D' and horizons.base_session_date <> calendar.previous_session_date)
    or (
        horizons.horizon = '1W'
        and {{ days_between('horizons.base_session_date', 'horizons.session_date') }} not between 7 and 14
    )
    or (
        horizons.horizon = 'YTD'
        and {{ date_part_number('year', 'horizons.base_session_date') }} <> calendar.calendar_year - 1
    )
