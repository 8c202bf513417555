{{ config(materialized='view') }}

with positions as (
    select * from {{ ref('int_fundamentals__positions') }}
)

select *
from positions
where rule is not null
