{{ config(meta={'dagster': {'ref': {'name': 'valuation'}}}) }}

-- And a reason stands only where there is no value, and no value stands without coverage.
with values_given as (
    select
        'valuation' as mart,
        basket,
        as_of_date,
        measure,
        value,
        coverage_pct,
        null_reason
    from {{ ref('valuation') }}
    union all
    select
        'valuation_restated' as mart,
        basket,
        as_of_date,
        measure,
        value,
        coverage_pct,
        null_reason
    from {{ ref('valuation_restated') }}
    union all
    select
        'leverage' as mart,
        basket,
        as_of_date,
        measure,
        aggregate_value as value,
        coverage_pct,
        null_reason
    from {{ ref('leverage') }}
)

select *
from values_given
where
    (value is null and coalesce(null_reason, '') = '')
    or (value is not null and null_reason is not null)
    or (value is not null and coverage_pct < 25)
    or coverage_pct not between 0 and 100.000001
