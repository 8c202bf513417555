-- A decided claim has a value, an open one is a forecast, and the comparison can be read off the row.
{{ config(meta={'dagster': {'ref': {'name': 'claims'}}}) }}

with claims as (
    select * from {{ ref('claims') }}
),

conventions as (
    select * from {{ ref('claim_conventions') }}
)

select
    claims.claim_id,
    claims.framing,
    claims.as_of_date,
    claims.convention,
    claims.value,
    claims.verdict
from claims
inner join conventions
    on
        claims.claim_id = conventions.claim_id
        and claims.framing = conventions.framing
        and claims.convention = conventions.convention
where
    (claims.verdict = 'open' and not conventions.is_forecast)
    or (claims.verdict in ('supported', 'not_supported') and not conventions.is_forecast and claims.value is null)
    or (
        claims.verdict = 'supported'
        and (
            (claims.comparator = '<=' and claims.value > claims.threshold)
            or (claims.comparator = '>=' and claims.value < claims.threshold)
            or (claims.comparator = '<' and claims.value >= claims.threshold)
            or (claims.comparator = '>' and claims.value <= claims.threshold)
            or (claims.comparator = 'within' and abs(claims.value - claims.threshold) > conventions.tolerance)
        )
    )
