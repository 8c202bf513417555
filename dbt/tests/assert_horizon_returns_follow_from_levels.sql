{{ config(meta={'dagster': {'ref': {'name': 'relative_performance_horizons'}}}) }}
-- The price return of the small side read a second way, from price_levels.
with horizons as (
    select * from {{ ref('relative_performance_horizons') }}
    where return_basis = 'price'
),

pairs as (
    select * from {{ ref('dim_pair') }}
),

price_levels as (
    select * from {{ ref('price_levels') }}
    where return_basis = 'price'
)

select
    horizons.pair_id,
    horizons.session_date,
    horizons.horizon,
    horizons.small_return_pct
from horizons
inner join pairs
    on horizons.pair_id = pairs.pair_id
left join price_levels as end_levels
    on
        pairs.small_symbol = end_levels.symbol
        and horizons.session_date = end_levels.session_date
left join price_levels as base_levels
    on
        pairs.small_symbol = base_levels.symbol
        and horizons.base_session_date = base_levels.session_date
where
    end_levels.close is null
    or base_levels.close is null
    or abs(horizons.small_return_pct - 100 * (end_levels.close / base_levels.close - 1)) > 1e-9
