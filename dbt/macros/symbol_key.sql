{# One spelling for BRK.B, BRK-B and brkb; a placeholder such as -- is no ticker and gives null. #}
{% macro symbol_key(column_name) -%}
    nullif(replace(replace(replace(replace(upper(trim({{ column_name }})), '.', ''), '-', ''), '/', ''), ' ', ''), '')
{%- endmacro %}
