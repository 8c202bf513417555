{# One row per element of a list column; stands in the select list, next to the columns that are repeated.
   A null or empty list gives no row. #}
{% macro explode_list(list_column) -%}
    {{ return(adapter.dispatch('explode_list')(list_column)) }}
{%- endmacro %}

{% macro default__explode_list(list_column) -%}
    unnest({{ list_column }})
{%- endmacro %}

{% macro spark__explode_list(list_column) -%}
    explode({{ list_column }})
{%- endmacro %}
