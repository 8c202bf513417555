with current_rows as (
    {{ current_rows('fund_nav_shares_on_current_scale') }}
),

final as (
    select
        fund_symbol,
        as_of_date,
        {{ nan_to_null('nav_usd') }} as nav_usd,
        {{ nan_to_null('shares_outstanding') }} as shares_outstanding,
        {{ nan_to_null('distribution_usd') }} as distribution_usd,
        source,
        available_at as available_at_utc,
        observed_at as observed_at_utc,
        is_simulated
    from current_rows
)

select * from final
