{# Facts as they stood at the end of each of several days, the counterpart of current_rows for a past day.

   Reads the CTEs or relations named in `days` (column known_on) and `vintages` (stg_fundamentals__company_fact_vintages,
   already cut to the columns below); gives one row per known_on and grain.
   knowledge = 'as_known': only vintages with available_at_utc before the end of the day (UTC, so never later than the
   end of the day in New York) count. knowledge = 'latest_vintage': the vintages that hold now, of filings made by that
   day; it looks ahead and is never a headline.
   Within both: per source and grain the latest by available_at, observed_at, payload_seq; a tombstone takes the row
   away; of the sources that are left the latest, as in current_rows. value_of_vintage_before is what the vintage before
   said about the same period. Parts of a year (quarters, halves, nine months) are taken from fewer months back. #}
{% macro vintages_known_at(knowledge, days, vintages, months_back, months_back_of_parts) -%}
    {%- set grain = 'company_id, concept, period_type, period_end' -%}
    select
        '{{ knowledge }}' as knowledge,
        chosen.known_on,
        chosen.company_id,
        chosen.concept,
        chosen.period_type,
        chosen.period_end,
        chosen.filed_date,
        chosen.fact_value,
        chosen.value_of_vintage_before,
        chosen.available_at_utc,
        chosen.payload_seq,
        chosen.payload_row,
        chosen.is_released
    from (
        select
            ranked.*,
            row_number() over (
                partition by known_on, {{ grain }}
                order by available_at_utc desc nulls last, observed_at_utc desc nulls last, source
            ) as choice_number
        from (
            select
                days.known_on,
                vintages.*,
                lead(vintages.fact_value) over (
                    partition by days.known_on, vintages.source, {{ grain }}
                    order by
                        available_at_utc desc nulls last, observed_at_utc desc nulls last, payload_seq desc nulls last,
                        fact_value desc nulls last
                ) as value_of_vintage_before,
                row_number() over (
                    partition by days.known_on, vintages.source, {{ grain }}
                    order by
                        available_at_utc desc nulls last, observed_at_utc desc nulls last, payload_seq desc nulls last,
                        fact_value desc nulls last
                ) as vintage_number_from_latest
            from {{ days }} as days
            inner join {{ vintages }} as vintages
                on
                    vintages.period_end <= days.known_on
                    and vintages.period_end >= {{ add_months('days.known_on', -months_back) }}
                    and (
                        vintages.period_type in ('FY', 'TTM', 'I')
                        or vintages.period_end >= {{ add_months('days.known_on', -months_back_of_parts) }}
                    )
                    and (
                        '{{ knowledge }}' = 'latest_vintage'
                        or vintages.available_at_utc < cast({{ add_days('days.known_on', 1) }} as timestamp)
                    )
        ) as ranked
        where
            vintage_number_from_latest = 1
            and not is_removed
            and filed_date <= known_on
    ) as chosen
    where choice_number = 1
{%- endmacro %}
