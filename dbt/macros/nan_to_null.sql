{# NaN is a number larger than every other to both engines: a guard such as `close > 0` lets it through. #}
{% macro nan_to_null(column_name) -%}
    nullif({{ column_name }}, cast('NaN' as double))
{%- endmacro %}
