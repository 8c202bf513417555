{{ config(materialized='view') }}

with sessions as (
    select * from {{ ref('int_calendar__sessions') }}
),

anchor_events as (
    select
        event_date,
        lead(event_date) over (order by event_date) as next_event_date
    from {{ ref('events') }}
    where is_anchor
),

anchors as (
    select
        session_date,
        '1D' as horizon,
        previous_session_date as anchor_date
    from sessions
    union all
    select
        session_date,
        '1W' as horizon,
        {{ add_days('session_date', -7) }} as anchor_date
    from sessions
    {% for months in [1, 3, 6, 12] %}
        union all
        select
            session_date,
            '{{ months }}M' as horizon,
            {{ add_months('session_date', -months) }} as anchor_date
        from sessions
    {% endfor %}
    {% for horizon, period in [('MTD', 'month'), ('QTD', 'quarter'), ('YTD', 'year')] %}
        union all
        select
            session_date,
            '{{ horizon }}' as horizon,
            {{ add_days(start_of_period('session_date', period), -1) }} as anchor_date
        from sessions
    {% endfor %}
    union all
    select
        sessions.session_date,
        'SINCE_ELECTION' as horizon,
        anchor_events.event_date as anchor_date
    from sessions
    inner join anchor_events
        on
            sessions.session_date >= anchor_events.event_date
            and (anchor_events.next_event_date is null or sessions.session_date < anchor_events.next_event_date)
),

final as (
    select
        session_date,
        horizon,
        anchor_date
    from anchors
    where anchor_date is not null
)

select * from final
