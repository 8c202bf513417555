{{ config(meta={'dagster': {'ref': {'name': 'int_fundamentals__positions'}}}) }}

-- A position has a part of a company, or a rule with a reason, and never both; parts of whole companies add up to one.
with positions as (
    select * from {{ ref('int_fundamentals__positions') }}
)

select
    knowledge,
    basket,
    as_of_date,
    ticker,
    owned_share,
    rule,
    reason
from positions
where
    (owned_share is null and (rule is null or reason is null))
    or (owned_share is not null and rule is not null)
    or owned_share <= 0
    or (rule is null and not is_equity)
