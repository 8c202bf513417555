-- In the seed every claim has one headline convention per framing.
with conventions as (
    select * from {{ ref('claim_conventions') }}
)

select
    claim_id,
    framing,
    sum(case when is_headline then 1 else 0 end) as headlines
from conventions
group by
    claim_id,
    framing
having sum(case when is_headline then 1 else 0 end) <> 1
