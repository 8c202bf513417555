{{ config(meta={'dagster': {'ref': {'name': 'int_fundamentals__positions'}}}) }}

-- Every fact behind an as_known row was available by the end of the day of the holdings, whatever came in since.
with positions as (
    select * from {{ ref('int_fundamentals__positions') }}
    where knowledge = 'as_known'
)

select
    basket,
    as_of_date,
    ticker,
    company_id,
    period_end,
    facts_available_at_utc
from positions
where
    facts_available_at_utc >= cast({{ add_days('as_of_date', 1) }} as timestamp)
    or period_end > as_of_date
    or period_end <= {{ add_months('as_of_date', -15) }}
