-- Arithmetic and geometric gap both follow from the two returns.
with horizons as (
    select * from {{ ref('relative_performance_horizons') }}
)

select
    pair_id,
    return_basis,
    session_date,
    horizon,
    small_return_pct,
    large_return_pct,
    gap_pp,
    relative_pct
from horizons
where
    abs(gap_pp - (small_return_pct - large_return_pct)) > 1e-9
    or abs((1 + large_return_pct / 100) * (1 + relative_pct / 100) - (1 + small_return_pct / 100)) > 1e-9
