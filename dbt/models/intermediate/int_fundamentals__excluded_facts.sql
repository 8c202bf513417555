{{ config(materialized='view') }}

with judged as (
    select * from {{ ref('int_fundamentals__facts_judged') }}
)

select
    knowledge,
    known_on,
    company_id,
    concept,
    period_basis,
    period_end,
    filed_date,
    available_at_utc,
    fact_value,
    value_of_vintage_before,
    earlier_level,
    rule,
    reason
from judged
where rule is not null
