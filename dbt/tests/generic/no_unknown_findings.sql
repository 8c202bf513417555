{# Findings of one market check that seed known_faults does not list. #}
{% test no_unknown_findings(model, check_id) %}

    select
        series,
        day,
        sentence
    from {{ model }}
    where
        check_id = '{{ check_id }}'
        and not is_known
    order by
        day desc,
        series

{% endtest %}
