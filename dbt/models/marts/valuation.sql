with basket_valuation as (
    select * from {{ ref('int_fundamentals__basket_valuation') }}
    where knowledge = 'as_known'
)

select
    basket,
    as_of_date,
    measure,
    method,
    value,
    earnings_yield_pct,
    coverage_pct,
    cast(constituents as integer) as constituents,
    loss_makers_pct,
    loss_makers_weight_pct,
    cast(error_rows as integer) as error_rows,
    error_weight_pct,
    basket_weight_pct,
    period_basis,
    first_period_end,
    last_period_end,
    valid_through,
    available_at_utc,
    null_reason,
    {{ is_simulated() }} as is_simulated
from basket_valuation
