{# Whether a date is Columbus Day or Veterans Day: stocks trade, the Federal Reserve and the bond market do not.
   Veterans Day on a Sunday is kept on the Monday after it; on a Saturday it is not made up for. #}
{% macro is_bank_holiday(date) -%}
    (
        (
            {{ date_part_number('month', date) }} = 10
            and {{ date_part_number('day', date) }} between 8 and 14
            and {{ iso_day_of_week(date) }} = 1
        )
        or (
            {{ date_part_number('month', date) }} = 11
            and (
                {{ date_part_number('day', date) }} = 11
                or ({{ date_part_number('day', date) }} = 12 and {{ iso_day_of_week(date) }} = 1)
            )
        )
    )
{%- endmacro %}
