{# A number in a sentence, rounded. #}
{% macro said(number, digits=2) -%}
    {%- if digits == 0 -%}
        cast(cast(round({{ number }}) as bigint) as string)
    {%- else -%}
        {{ number_text(rounded(number, digits)) }}
    {%- endif -%}
{%- endmacro %}


{# A double as text with all its digits, as DuckDB writes it: 0.0001, 12345678.0, 1e+16. #}
{% macro number_text(number) -%}
    {{ return(adapter.dispatch('number_text')(number)) }}
{%- endmacro %}

{% macro default__number_text(number) -%}
    cast({{ number }} as string)
{%- endmacro %}

{# Spark writes an exponent from 10 million on, and below a thousandth. #}
{% macro spark__number_text(number) -%}
    {%- set fixed = 'cast(cast(' ~ number ~ ' as decimal(38, 20)) as string)' -%}
    {%- set plain = 'cast(cast(' ~ number ~ ' as double) as string)' -%}
    case
        when isnan({{ number }}) then 'nan'
        when abs({{ number }}) >= 1e16 then replace(replace(replace({{ plain }}, '.0E', 'E'), 'E', 'e+'), 'Infinity', 'inf')
        when {{ number }} <> 0 and abs({{ number }}) < 0.0001
            then regexp_replace(replace(replace({{ plain }}, '.0E', 'E'), 'E', 'e'), 'e-([0-9])$', 'e-0$1')
        when {{ number }} <> 0 and (abs({{ number }}) < 0.001 or abs({{ number }}) >= 1e7)
            then regexp_replace(regexp_replace({{ fixed }}, '0+$', ''), '[.]$', '.0')
        else {{ plain }}
    end
{%- endmacro %}


{# Rounded to so many digits, ties away from zero in the double itself, and -0.001 to -0.0: Spark rounds the decimal
   that is written, and drops the sign. #}
{% macro rounded(number, digits) -%}
    {{ return(adapter.dispatch('rounded')(number, digits)) }}
{%- endmacro %}

{% macro default__rounded(number, digits) -%}
    round({{ number }}, {{ digits }})
{%- endmacro %}

{% macro spark__rounded(number, digits) -%}
    (case when {{ number }} < 0 then -1e0 else 1e0 end * (round(abs({{ number }}) * 1e{{ digits }}) / 1e{{ digits }}))
{%- endmacro %}
