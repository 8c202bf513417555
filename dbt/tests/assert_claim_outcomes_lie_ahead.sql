-- An outcome belongs to a forecast or an odds claim of the same day and lies after it.
{{ config(meta={'dagster': {'ref': {'name': 'claim_outcomes'}}}) }}

with outcomes as (
    select * from {{ ref('claim_outcomes') }}
),

claims as (
    select * from {{ ref('claims') }}
)

select
    outcomes.claim_id,
    outcomes.framing,
    outcomes.as_of_date,
    outcomes.convention,
    outcomes.horizon_end
from outcomes
left join claims
    on
        outcomes.claim_id = claims.claim_id
        and outcomes.framing = claims.framing
        and outcomes.as_of_date = claims.as_of_date
        and outcomes.convention = claims.convention
where
    claims.claim_id is null
    or (outcomes.framing = 'rolling' and outcomes.horizon_end <= outcomes.as_of_date)
    or (outcomes.result = 'pending') <> (outcomes.outcome_value is null)
