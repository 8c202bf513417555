-- A negative dividend would shrink the total return, or have no logarithm.
with bars as (
    select * from {{ ref('stg_prices__daily_bars') }}
)

select
    symbol,
    session_date,
    dividend_per_share
from bars
where dividend_per_share < 0
