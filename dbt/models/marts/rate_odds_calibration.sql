with calibration as (
    select * from {{ ref('int_rates__odds_calibration') }}
),

final as (
    select
        outcome,
        day_convention,
        case
            when bin_lower_pct is null then 'no odds'
            else concat(
                cast(cast(bin_lower_pct as integer) as varchar),
                ' to ',
                cast(cast(bin_upper_pct as integer) as varchar)
            )
        end as bin,
        bin_lower_pct,
        bin_upper_pct,
        decisions,
        hits,
        mean_probability_pct,
        hit_share_pct,
        decisions_through,
        {{ is_simulated() }} as is_simulated
    from calibration
)

select * from final
