{{ config(meta={'dagster': {'ref': {'name': 'reconciliation'}}}) }}

-- No figure is lost on the way, and what is computed says whether it agrees.
with figures as (
    select
        topic,
        as_of,
        source
    from {{ ref('stg_fundamentals__published_figures') }}
),

reconciliation as (
    select * from {{ ref('reconciliation') }}
)

select
    figures.topic,
    figures.as_of,
    figures.source,
    reconciliation.computed_value,
    reconciliation.within_tolerance
from figures
left join reconciliation
    on
        figures.topic = reconciliation.topic
        and figures.as_of = reconciliation.as_of
        and figures.source = reconciliation.source
where
    reconciliation.topic is null
    or (reconciliation.computed_value is not null and reconciliation.within_tolerance is null)
    or (reconciliation.computed_value is null and reconciliation.within_tolerance is not null)
