-- No claim rests on an input that was known only after its day.
with claims as (
    select * from {{ ref('claims') }}
)

select
    claim_id,
    framing,
    as_of_date,
    convention,
    inputs_as_of
from claims
where inputs_as_of > as_of_date
