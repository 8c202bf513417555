{# What the engines say differently about rows and lists. #}


{# Several columns as one value. #}
{% macro as_row(columns) -%}
    {{ return(adapter.dispatch('as_row')(columns)) }}
{%- endmacro %}

{% macro default__as_row(columns) -%}
    row({{ columns }})
{%- endmacro %}

{% macro spark__as_row(columns) -%}
    struct({{ columns }})
{%- endmacro %}


{# The n-th lowest value of a named window, null where it has fewer. #}
{% macro nth_lowest(expression, n, window) -%}
    {{ return(adapter.dispatch('nth_lowest')(expression, n, window)) }}
{%- endmacro %}

{% macro default__nth_lowest(expression, n, window) -%}
    list_sort(list({{ expression }}) over {{ window }})[{{ n }}]
{%- endmacro %}

{% macro spark__nth_lowest(expression, n, window) -%}
    get(sort_array(collect_list({{ expression }}) over {{ window }}), {{ n }} - 1)
{%- endmacro %}


{# The texts of a group in the order of `order_by`, with a separator, which is a literal of SQL, between them. #}
{% macro joined_text(expression, order_by, separator) -%}
    {{ return(adapter.dispatch('joined_text')(expression, order_by, separator)) }}
{%- endmacro %}

{% macro default__joined_text(expression, order_by, separator) -%}
    string_agg({{ expression }}, {{ separator }} order by {{ order_by }})
{%- endmacro %}

{% macro spark__joined_text(expression, order_by, separator) -%}
    listagg({{ expression }}, {{ separator }}) within group (order by {{ order_by }})
{%- endmacro %}
