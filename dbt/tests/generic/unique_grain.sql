{# One row per combination of the columns, and no null in any of them. #}
{% test unique_grain(model, columns) %}

    select
        {{ columns | join(',\n        ') }},
        count(*) as row_count
    from {{ model }}
    group by
        {{ columns | join(',\n        ') }}
    having
        count(*) > 1
        {% for column_name in columns -%}
        or {{ column_name }} is null
        {% endfor %}

{% endtest %}
