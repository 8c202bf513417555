{# A sum whose last digits depend on nothing but the numbers: DuckDB adds up doubles in the order in which rows come,
   and that changes with rows of later days, which no figure of an earlier day may show. Spark has no such order: what
   it gives agrees with that to 1e-9 and is compared so. #}
{% macro sum_in_order(expression) -%}
    {{ return(adapter.dispatch('sum_in_order')(expression)) }}
{%- endmacro %}

{% macro default__sum_in_order(expression) -%}
    sum({{ expression }} order by {{ expression }})
{%- endmacro %}

{% macro spark__sum_in_order(expression) -%}
    sum({{ expression }})
{%- endmacro %}
