{{ config(materialized='view') }}

with judged as (
    select * from {{ ref('int_fundamentals__facts_judged') }}
)

select *
from judged
where rule is not null
