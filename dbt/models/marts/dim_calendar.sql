with sessions as (
    select * from {{ ref('int_calendar__sessions') }}
),

closes as (
    select * from {{ ref('int_prices__closes') }}
),

symbols_by_session as (
    select
        session_date,
        count(*) as symbols_with_close
    from closes
    group by session_date
),

final as (
    select
        sessions.session_date,
        sessions.calendar_year,
        sessions.session_number_of_year,
        sessions.previous_session_date,
        sessions.next_session_date,
        sessions.lipper_week_ending,
        sessions.is_month_end,
        cast(coalesce(symbols_by_session.symbols_with_close, 0) as integer) as symbols_with_close,
        {{ is_simulated() }} as is_simulated
    from sessions
    left join symbols_by_session
        on sessions.session_date = symbols_by_session.session_date
)

select * from final
