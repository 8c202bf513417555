{{ config(materialized='view') }}

with signals as (
    select * from {{ ref('int_signals__daily') }}
),

sessions as (
    select * from {{ ref('int_calendar__sessions') }}
),

pairs as (
    select
        pair_id,
        min(session_date) as first_session_date,
        max(session_date) as last_session_date
    from signals
    group by pair_id
),

-- by the calendar, which is known ahead: the last session of the data ends its year only if no session is left
last_sessions as (
    select max(session_date) as session_date
    from sessions
    group by calendar_year
),

final as (
    select
        pairs.pair_id,
        sessions.session_date as sample_end,
        last_sessions.session_date is not null as is_year_end
    from pairs
    inner join sessions
        on sessions.session_date between pairs.first_session_date and pairs.last_session_date
    left join last_sessions
        on sessions.session_date = last_sessions.session_date
    where
        last_sessions.session_date is not null
        or sessions.session_date = pairs.last_session_date
)

select * from final
