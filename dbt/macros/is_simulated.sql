{# Whether this warehouse holds simulated rows. A file has one mode and refuses the other, so the answer is one scalar;
   two rows in raw.warehouse_mode are an error of the engine, none gives null and fails the tests. #}
{% macro is_simulated() -%}
    (select warehouse_mode.is_simulated from {{ source('raw', 'warehouse_mode') }} as warehouse_mode)
{%- endmacro %}
