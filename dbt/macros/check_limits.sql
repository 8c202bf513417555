{# Limits of checks as one row, for a CTE that is cross joined: column prices_jump__minimum_pp is the value of check_id
   prices_jump, parameter minimum_pp, in seed check_thresholds. Names are written `check.parameter`; a name without a
   row would switch its check off, so a test holds every name against the seed. #}
{% macro check_limits(names) -%}
    select
        {% for name in names %}
            max(case when check_id || '.' || parameter = '{{ name }}' then value end) as {{ name | replace('.', '__') }},
        {% endfor %}
        max(set_on) as limits_set_on
    from {{ ref('check_thresholds') }}
{%- endmacro %}
