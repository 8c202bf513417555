with regressions as (
    select * from {{ ref('int_research__rate_sensitivity') }}
),

final as (
    select
        pair_id,
        window_id,
        window_end,
        coefficient_pct_per_bp,
        t_hac,
        controlled_coefficient_pct_per_bp,
        controlled_t_hac,
        observations,
        r_squared,
        controlled_large_coefficient,
        window_start,
        minimum_observations,
        sessions_in_window,
        rate_moves,
        reason,
        {{ is_simulated() }} as is_simulated
    from regressions
)

select * from final
