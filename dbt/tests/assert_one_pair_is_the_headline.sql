with pairs as (
    select * from {{ ref('dim_pair') }}
)

select count(*) as headline_pairs
from pairs
where is_headline
having count(*) <> 1
