{# Spells of a membership table as they were known: every vintage of a spell holds from the day on which it was
   available until the day before the next vintage of the same spell, and within that from valid_from to valid_to. A
   spell that is restated or taken back later was nevertheless what was known until then.

   Gives `names`, valid_from, source, known_from (day of availability), next_known_from, valid_to and is_removed;
   `names` and valid_from are the grain of the table. #}
{% macro spell_vintages(source_table, names, more=[]) -%}
    select
        {{ (names + more) | join(',\n        ') }},
        valid_from,
        valid_to,
        source,
        available_at,
        payload_seq,
        coalesce(is_removed, false) as is_removed,
        cast(available_at as date) as known_from,
        lead(cast(available_at as date)) over (
            partition by source, {{ names | join(', ') }}, valid_from
            order by available_at, observed_at, payload_seq, valid_to nulls last
        ) as next_known_from
    from {{ source('raw', source_table) }}
{%- endmacro %}


{# Last day of a spell vintage: its own end, or the day before the next vintage holds. #}
{% macro last_day_known() -%}
    least(
        coalesce(valid_to, cast('9999-12-31' as date)),
        coalesce({{ add_days('next_known_from', -1) }}, cast('9999-12-31' as date))
    )
{%- endmacro %}


{# Days per `names` on which a spell of a CTE (first_day, last_day) begins, or has just ended: between two of them
   nothing changes. #}
{% macro spell_boundaries(relation, names) -%}
    select {{ names | join(', ') }}, first_day as day from {{ relation }}
    union
    select {{ names | join(', ') }}, {{ add_days('last_day', 1) }} as day from {{ relation }}
    where last_day < cast('9999-12-31' as date)
{%- endmacro %}
