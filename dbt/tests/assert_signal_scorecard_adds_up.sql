{{ config(meta={'dagster': {'ref': {'name': 'signal_scorecard'}}}) }}

-- Counts, shares and intervals agree with each other, nothing starts after it ends, and a null has a reason.
with scorecard as (
    select * from {{ ref('signal_scorecard') }}
)

select
    signal_id,
    pair_id,
    horizon_sessions,
    sample_end
from scorecard
where
    on_days > all_days
    or episodes > on_days
    or (on_days > 0) <> (episodes > 0)
    or sample_start >= sample_end
    or (all_days = 0) <> (sample_start is null)
    or abs(p_drawdown_3_on_pct - p_drawdown_5_on_pct - p_drawdown_3_to_5_on_pct) > 1e-9
    or abs(p_drawdown_3_all_pct - p_drawdown_5_all_pct - p_drawdown_3_to_5_all_pct) > 1e-9
    -- a loss against the entry is a drawdown, not the other way round
    or p_loss_3_on_pct > p_drawdown_3_on_pct
    or p_loss_3_all_pct > p_drawdown_3_all_pct
    or p_drawdown_3_all_pct not between 0 and 100
    or ci_low_pp > ci_high_pp
    or excess_drawdown_3_ci_low_pp > excess_drawdown_3_ci_high_pp
    or excess_drawdown_5_ci_low_pp > excess_drawdown_5_ci_high_pp
    or excess_drawdown_3_to_5_ci_low_pp > excess_drawdown_3_to_5_ci_high_pp
    or (reason is null) <> (t_ols is not null and t_hac is not null and ci_low_pp is not null)
    or (reason is null and excess_drawdown_3_ci_low_pp is null)
