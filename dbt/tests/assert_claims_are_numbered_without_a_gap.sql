with claims as (
    select * from {{ ref('dim_claim') }}
)

select
    count(*) as number_of_claims,
    min(claim_id) as lowest_claim_id,
    max(claim_id) as highest_claim_id
from claims
having
    count(*) <> 14
    or min(claim_id) <> 1
    or max(claim_id) <> 14
