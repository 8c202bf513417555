with nyse_sessions as (
    select * from {{ ref('int_calendar__nyse_sessions') }}
),

numbered as (
    select
        session_date,
        {{ date_part_number('year', 'session_date') }} as calendar_year,
        row_number() over (
            partition by extract(year from session_date)
            order by session_date
        ) as session_number_of_year,
        lag(session_date) over (order by session_date) as previous_session_date,
        lead(session_date) over (order by session_date) as next_session_date
    from nyse_sessions
),

final as (
    select
        session_date,
        calendar_year,
        cast(session_number_of_year as integer) as session_number_of_year,
        previous_session_date,
        next_session_date,
        {{ lipper_week_ending('session_date') }} as lipper_week_ending,
        -- the calendar ends on 31 December: a session without a next one ends its month
        coalesce(
            {{ start_of_period('next_session_date', 'month') }} > {{ start_of_period('session_date', 'month') }}, true
        ) as is_month_end
    from numbered
)

select * from final
