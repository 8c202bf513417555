-- And the shorter window cannot be further below its high than all history.
with relative_performance as (
    select * from {{ ref('relative_performance') }}
)

select
    pair_id,
    return_basis,
    session_date,
    ratio_drawdown_252d_pct,
    ratio_drawdown_all_pct
from relative_performance
where
    ratio_drawdown_all_pct > 0
    or ratio_drawdown_all_pct <= -100
    or ratio_drawdown_252d_pct > 0
    or ratio_drawdown_252d_pct < ratio_drawdown_all_pct - 1e-9
