{{ config(meta={'dagster': {'ref': {'name': 'stg_flows__fund_nav_shares'}}}) }}

-- Simulated and real rows never share a warehouse.
with fund_rows as (
    select * from {{ ref('stg_flows__fund_nav_shares') }}
)

select
    source,
    is_simulated,
    count(*) as row_count
from fund_rows
where is_simulated <> {{ is_simulated() }}
group by
    source,
    is_simulated
