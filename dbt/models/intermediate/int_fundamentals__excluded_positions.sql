{{ config(materialized='view') }}

with judged as (
    select * from {{ ref('int_fundamentals__positions') }}
)

select
    knowledge,
    basket,
    as_of_date,
    ticker,
    security_name,
    company_id,
    weight_pct,
    shares,
    price_usd,
    market_value_usd,
    company_value_usd,
    company_stake,
    median_stake,
    assets_usd,
    period_end,
    rule_family,
    rule,
    reason
from judged
where rule is not null
