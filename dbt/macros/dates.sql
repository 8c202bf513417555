{# Date arithmetic, said once per engine. Every macro takes and gives DATE, except where the name says otherwise.
   duckdb__ is what runs; spark__ is the scale-out path; default__ is the standard's interval arithmetic. #}


{# The date `days` calendar days later; `days` may be negative or an integer expression. #}
{% macro add_days(date, days) -%}
    {{ return(adapter.dispatch('add_days')(date, days)) }}
{%- endmacro %}

{% macro default__add_days(date, days) -%}
    cast({{ date }} + ({{ days }}) * interval '1' day as date)
{%- endmacro %}

{% macro duckdb__add_days(date, days) -%}
    ({{ date }} + cast({{ days }} as integer))
{%- endmacro %}

{% macro spark__add_days(date, days) -%}
    date_add({{ date }}, cast({{ days }} as int))
{%- endmacro %}


{# The same day of the month `months` later, or the last day of that month where it is shorter. #}
{% macro add_months(date, months) -%}
    {{ return(adapter.dispatch('add_months')(date, months)) }}
{%- endmacro %}

{% macro default__add_months(date, months) -%}
    cast({{ date }} + ({{ months }}) * interval '1' month as date)
{%- endmacro %}

{% macro duckdb__add_months(date, months) -%}
    cast({{ date }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}

{% macro spark__add_months(date, months) -%}
    add_months({{ date }}, cast({{ months }} as int))
{%- endmacro %}


{# Calendar days from `first_date` to `second_date`, an integer. #}
{% macro days_between(first_date, second_date) -%}
    {{ return(adapter.dispatch('days_between')(first_date, second_date)) }}
{%- endmacro %}

{% macro default__days_between(first_date, second_date) -%}
    cast({{ second_date }} - {{ first_date }} as integer)
{%- endmacro %}

{% macro duckdb__days_between(first_date, second_date) -%}
    cast(date_diff('day', {{ first_date }}, {{ second_date }}) as integer)
{%- endmacro %}

{% macro spark__days_between(first_date, second_date) -%}
    datediff({{ second_date }}, {{ first_date }})
{%- endmacro %}


{# First day of the period: 'month', 'quarter' or 'year'. #}
{% macro start_of_period(date, period) -%}
    {{ return(adapter.dispatch('start_of_period')(date, period)) }}
{%- endmacro %}

{% macro default__start_of_period(date, period) -%}
    cast(date_trunc('{{ period }}', {{ date }}) as date)
{%- endmacro %}

{% macro spark__start_of_period(date, period) -%}
    trunc({{ date }}, '{{ period }}')
{%- endmacro %}


{# Day of the week with Monday = 1 and Sunday = 7 (dayofweek starts on Sunday at 0 here and at 1 there). #}
{% macro iso_day_of_week(date) -%}
    {{ return(adapter.dispatch('iso_day_of_week')(date)) }}
{%- endmacro %}

{% macro default__iso_day_of_week(date) -%}
    cast(extract(isodow from {{ date }}) as integer)
{%- endmacro %}

{% macro spark__iso_day_of_week(date) -%}
    (weekday({{ date }}) + 1)
{%- endmacro %}


{# Year, month or day of a date as an integer. #}
{% macro date_part_number(part, date) -%}
    cast(extract({{ part }} from {{ date }}) as integer)
{%- endmacro %}


{# Wednesday that ends the Thursday-to-Wednesday week of a date, also when that Wednesday is a holiday. #}
{% macro lipper_week_ending(date) -%}
    {{ add_days(date, '(10 - ' ~ iso_day_of_week(date) ~ ') % 7') }}
{%- endmacro %}


{# The day of the month as one bit of a 32-bit number, so that `bit_or` of it is a set of days and `bit_count` their
   number. #}
{% macro day_bit(date) -%}
    cast(power(2, {{ date_part_number('day', date) }} - 1) as integer)
{%- endmacro %}
