with vintages as (
    select * from {{ source('raw', 'index_fundamentals') }}
),

final as (
    select
        index as index_name,
        month as month_start,
        {{ nan_to_null('cape') }} as cape,
        source,
        available_at as available_at_utc,
        observed_at as observed_at_utc,
        coalesce(is_removed, false) as is_removed,
        is_simulated
    from vintages
)

select * from final
