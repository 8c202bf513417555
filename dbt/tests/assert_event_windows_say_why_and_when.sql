-- A figure was known when its window ended, a missing one says why, and a pool grows by one event from row to row.
with event_study as (
    select * from {{ ref('event_study') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by kind, pair_id, window_start_session, window_end_session
            order by window_end_date
        ) as pool_number,
        lag(window_end_date) over (
            partition by kind, pair_id, window_start_session, window_end_session
            order by window_end_date
        ) as previous_window_end_date
    from event_study
    where is_pooled
)

select
    event_id,
    pair_id,
    window_start_session,
    window_end_session
from event_study
where
    (car_t is null) <> (reason is not null)
    or (car_pct is null) <> (known_on is null)
    or (car_pct is null) <> (bhar_pct is null)
    or known_on <> window_end_date
    or window_end_date < event_date
    or is_pooled <> (events_pooled is not null)
union all
select
    event_id,
    pair_id,
    window_start_session,
    window_end_session
from numbered
where
    events_pooled <> pool_number
    or window_start_date <= previous_window_end_date
