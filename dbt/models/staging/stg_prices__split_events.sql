with events as (
    select * from {{ source('raw', 'split_events') }}
),

final as (
    select
        symbol,
        source,
        split_date,
        payload_seq
    from events
    where table_name = 'daily_bars'
)

select * from final
