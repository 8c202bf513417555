-- P/E and earnings yield come from the same two sums, whatever the method.
with valuation as (
    select * from {{ ref('valuation') }}
    where measure = 'pe_ttm'
)

select
    basket,
    as_of_date,
    method,
    value,
    earnings_yield_pct
from valuation
where
    abs(value * earnings_yield_pct / 100 - 1) > 1e-9
    or (value is null and earnings_yield_pct > 0)
