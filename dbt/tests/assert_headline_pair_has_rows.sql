{{ config(meta={'dagster': {'ref': {'name': 'relative_performance'}}}) }}
-- Without the headline pair there is nothing to publish.
with pairs as (
    select * from {{ ref('dim_pair') }}
),

relative_performance as (
    select * from {{ ref('relative_performance') }}
)

select pairs.pair_id
from pairs
left join relative_performance
    on pairs.pair_id = relative_performance.pair_id
where
    pairs.is_headline
    and relative_performance.pair_id is null
