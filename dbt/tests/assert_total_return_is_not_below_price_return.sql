-- Dividends only add. The tolerance is the rounding of sums of logarithms.
with price_levels as (
    select * from {{ ref('price_levels') }}
)

select
    total_levels.symbol,
    total_levels.session_date,
    price_levels.level as price_level,
    total_levels.level as total_level
from price_levels
inner join price_levels as total_levels
    on
        price_levels.symbol = total_levels.symbol
        and price_levels.session_date = total_levels.session_date
where
    price_levels.return_basis = 'price'
    and total_levels.return_basis = 'total'
    and total_levels.level < price_levels.level * (1 - 1e-9)
