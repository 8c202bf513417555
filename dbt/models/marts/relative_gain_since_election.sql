with election_months as (
    select * from {{ ref('int_pairs__election_month') }}
),

final as (
    select
        pair_id,
        return_basis,
        session_date,
        election_session_date,
        relative_pct,
        highest_relative_pct,
        highest_gain_left_pct,
        month_session_date,
        month_small_return_pct,
        month_large_return_pct,
        month_relative_pct,
        month_gain_left_pct,
        {{ is_simulated() }} as is_simulated
    from election_months
)

select * from final
