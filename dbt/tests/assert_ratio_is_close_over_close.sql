{{ config(meta={'dagster': {'ref': {'name': 'relative_performance'}}}) }}
-- The price ratio read a second way, from the closes of price_levels; and every ratio is above zero.
with relative_performance as (
    select * from {{ ref('relative_performance') }}
),

price_levels as (
    select * from {{ ref('price_levels') }}
    where return_basis = 'price'
)

select
    relative_performance.pair_id,
    relative_performance.return_basis,
    relative_performance.session_date,
    relative_performance.ratio
from relative_performance
left join price_levels as small_levels
    on
        relative_performance.small_symbol = small_levels.symbol
        and relative_performance.session_date = small_levels.session_date
left join price_levels as large_levels
    on
        relative_performance.large_symbol = large_levels.symbol
        and relative_performance.session_date = large_levels.session_date
where
    relative_performance.ratio <= 0
    or small_levels.close is null
    or large_levels.close is null
    or (
        relative_performance.return_basis = 'price'
        and abs(relative_performance.ratio * large_levels.close / small_levels.close - 1) > 1e-12
    )
