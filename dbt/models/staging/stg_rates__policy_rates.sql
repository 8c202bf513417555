with current_rates as (
    {{ current_rows('policy_rates') }}
),

cleaned as (
    select
        rate_date,
        {{ nan_to_null('effr_pct') }} as effr_pct,
        {{ nan_to_null('target_lower_pct') }} as target_lower_pct,
        {{ nan_to_null('target_upper_pct') }} as target_upper_pct,
        source,
        available_at as available_at_utc,
        observed_at as observed_at_utc,
        is_simulated
    from current_rates
),

final as (
    select
        rate_date,
        effr_pct,
        target_lower_pct,
        -- before 2008-12-16 the target was one number, which the inputs give as the lower end alone
        coalesce(target_upper_pct, target_lower_pct) as target_upper_pct,
        source,
        available_at_utc,
        observed_at_utc,
        is_simulated
    from cleaned
)

select * from final
