{{ config(meta={'dagster': {'ref': {'name': 'dim_security'}}}) }}
-- depends_on: {{ ref('dim_security') }}
-- is_simulated of every mart is read from this table: none or two rows would leave it unknown.
with warehouse_mode as (
    select * from {{ source('raw', 'warehouse_mode') }}
)

select count(*) as row_count
from warehouse_mode
having count(*) <> 1
