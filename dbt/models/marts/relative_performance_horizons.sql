with horizon_returns as (
    select * from {{ ref('int_pairs__horizon_returns') }}
),

final as (
    select
        pair_id,
        return_basis,
        session_date,
        horizon,
        base_session_date,
        small_return_pct,
        large_return_pct,
        gap_pp,
        relative_pct,
        {{ is_simulated() }} as is_simulated
    from horizon_returns
)

select * from final
