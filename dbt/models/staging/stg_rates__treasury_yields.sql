with current_yields as (
    {{ current_rows('treasury_yields') }}
),

final as (
    select
        rate_date,
        tenor,
        {{ nan_to_null('par_yield_pct') }} as par_yield_pct,
        source,
        available_at as available_at_utc,
        observed_at as observed_at_utc,
        is_simulated
    from current_yields
)

select * from final
