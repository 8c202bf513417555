{{ config(meta={'dagster': {'ref': {'name': 'signal_daily'}}}) }}

-- A state follows from values that stand beside it, and once S1 or S2 is defined it stays defined.
with signals as (
    select * from {{ ref('signal_daily') }}
),

compared as (
    select
        signal_id,
        pair_id,
        session_date,
        is_on,
        value,
        threshold,
        condition_value,
        condition_threshold,
        lag(is_on) over (partition by signal_id, pair_id order by session_date) as previous_is_on
    from signals
)

select
    signal_id,
    pair_id,
    session_date
from compared
where
    (is_on is null) <> (
        value is null
        or threshold is null
        or (signal_id <> 'S1' and (condition_value is null or condition_threshold is null))
    )
    or (is_on and value > threshold)
    or (signal_id <> 'S3' and is_on is null and previous_is_on is not null)
