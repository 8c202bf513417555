with scorecard as (
    select * from {{ ref('int_signals__scorecard') }}
),

final as (
    select
        signal_id,
        pair_id,
        horizon_sessions,
        sample_end,
        sample_start,
        on_days,
        episodes,
        mean_forward_return_on_pct,
        mean_forward_return_all_pct,
        t_ols,
        t_hac,
        ci_low_pp,
        ci_high_pp,
        p_drawdown_3_on_pct,
        p_drawdown_3_all_pct,
        p_drawdown_5_on_pct,
        p_drawdown_5_all_pct,
        p_drawdown_3_to_5_on_pct,
        p_drawdown_3_to_5_all_pct,
        all_days,
        mean_forward_return_off_pct,
        difference_on_off_pp,
        excess_drawdown_3_pp,
        excess_drawdown_3_ci_low_pp,
        excess_drawdown_3_ci_high_pp,
        excess_drawdown_5_pp,
        excess_drawdown_5_ci_low_pp,
        excess_drawdown_5_ci_high_pp,
        excess_drawdown_3_to_5_pp,
        excess_drawdown_3_to_5_ci_low_pp,
        excess_drawdown_3_to_5_ci_high_pp,
        p_loss_3_on_pct,
        p_loss_3_all_pct,
        p_loss_5_on_pct,
        p_loss_5_all_pct,
        is_year_end,
        reason,
        {{ is_simulated() }} as is_simulated
    from scorecard
)

select * from final
