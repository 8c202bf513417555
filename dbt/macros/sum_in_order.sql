{# A sum whose last digits depend on nothing but the numbers: DuckDB adds up doubles in the order in which rows come,
   and that changes with rows of later days, which no figure of an earlier day may show. #}
{% macro sum_in_order(expression) -%}
    sum({{ expression }} order by {{ expression }})
{%- endmacro %}
