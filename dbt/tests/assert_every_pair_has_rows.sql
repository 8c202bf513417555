-- A pair with a symbol that has no data gives no rows; this names it.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'dim_pair'}}}) }}

with pairs as (
    select * from {{ ref('dim_pair') }}
),

securities as (
    select * from {{ ref('dim_security') }}
)

select
    pairs.pair_id,
    small_securities.symbol as small_symbol,
    small_securities.sessions_with_close as small_sessions,
    large_securities.symbol as large_symbol,
    large_securities.sessions_with_close as large_sessions
from pairs
left join securities as small_securities
    on pairs.small_symbol = small_securities.symbol
left join securities as large_securities
    on pairs.large_symbol = large_securities.symbol
where pairs.common_sessions = 0
