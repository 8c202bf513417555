{{ config(meta={'dagster': {'ref': {'name': 'stg_prices__daily_bars'}}}) }}
-- Simulated and real rows never share a warehouse.
with bars as (
    select * from {{ ref('stg_prices__daily_bars') }}
)

select
    source,
    is_simulated,
    count(*) as row_count
from bars
where is_simulated <> {{ is_simulated() }}
group by
    source,
    is_simulated
