with odds as (
    select * from {{ ref('int_rates__meeting_odds') }}
    where null_reason is not null
),

coded as (
    select
        watch_date,
        meeting_date,
        null_reason,
        split_part(null_reason, ':', 1) as reason_code
    from odds
),

final as (
    select
        reason_code,
        count(*) as odds_rows,
        count(distinct watch_date) as watch_dates,
        min(watch_date) as first_watch_date,
        max(watch_date) as last_watch_date,
        min(null_reason) as example
    from coded
    group by reason_code
)

select * from final
