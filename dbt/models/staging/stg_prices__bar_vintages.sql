with vintages as (
    select * from {{ source('raw', 'daily_bars_on_current_scale') }}
),

final as (
    select
        symbol,
        session_date,
        {{ nan_to_null('close') }} as close_price,
        {{ nan_to_null('split_ratio') }} as split_ratio,
        source,
        {{ source_rank('daily_bars_on_current_scale') }} as source_rank,
        available_at as available_at_utc,
        observed_at as observed_at_utc,
        payload_seq,
        coalesce(is_removed, false) as is_removed
    from vintages
)

select * from final
