with calibration as (
    select * from {{ ref('int_rates__odds_calibration') }}
),

labelled as (
    select
        *,
        cast(cast(bin_lower_pct as integer) as string) as lower_label,
        cast(cast(bin_upper_pct as integer) as string) as upper_label
    from calibration
),

final as (
    select
        outcome,
        day_convention,
        coalesce(lower_label || ' to ' || upper_label, 'no odds') as bin,
        bin_lower_pct,
        bin_upper_pct,
        decisions,
        hits,
        mean_probability_pct,
        hit_share_pct,
        decisions_through,
        {{ is_simulated() }} as is_simulated
    from labelled
)

select * from final
