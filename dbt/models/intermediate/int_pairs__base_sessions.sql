{{ config(materialized='view') }}

with levels as (
    select * from {{ ref('int_pairs__levels') }}
    where return_basis = 'price'
),

common_sessions as (
    select
        pair_id,
        session_date,
        lead(session_date) over (partition by pair_id order by session_date) as next_session_date
    from levels
),

-- A session serves the anchors of the following week. A base further back is a hole in the data, not a base;
-- and the as-of join becomes an equality, which every engine runs alike.
days_after as (
    select 0 as number_of_days
    {% for number_of_days in range(1, 8) %}
        union all
        select {{ number_of_days }} as number_of_days
    {% endfor %}
),

served_dates as (
    select
        common_sessions.pair_id,
        common_sessions.session_date,
        common_sessions.next_session_date,
        {{ add_days('common_sessions.session_date', 'days_after.number_of_days') }} as anchor_date
    from common_sessions
    cross join days_after
),

final as (
    select
        pair_id,
        anchor_date,
        session_date as base_session_date
    from served_dates
    where
        next_session_date is null
        or anchor_date < next_session_date
)

select * from final
