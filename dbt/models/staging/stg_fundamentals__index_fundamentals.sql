with current_months as (
    {{ current_rows('index_fundamentals') }}
),

final as (
    select
        index as index_name,
        month as month_start,
        {{ nan_to_null('price') }} as price,
        {{ nan_to_null('dividend') }} as dividend,
        {{ nan_to_null('earnings') }} as earnings,
        {{ nan_to_null('cape') }} as cape,
        {{ nan_to_null('pe_ttm') }} as pe_ttm,
        {{ nan_to_null('dividend_yield_pct') }} as dividend_yield_pct,
        source,
        available_at as available_at_utc,
        observed_at as observed_at_utc,
        is_simulated
    from current_months
)

select * from final
