-- A correlation lies within 1, exists only where a beta does and has its sign.
with relative_performance as (
    select * from {{ ref('relative_performance') }}
)

select
    pair_id,
    return_basis,
    session_date,
    beta_63d,
    corr_63d,
    beta_252d,
    corr_252d
from relative_performance
where
    abs(corr_63d) > 1 + 1e-9
    or abs(corr_252d) > 1 + 1e-9
    or beta_63d * corr_63d < 0
    or beta_252d * corr_252d < 0
    or (beta_63d is null and corr_63d is not null)
    or (beta_252d is null and corr_252d is not null)
