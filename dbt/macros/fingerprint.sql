{# A number that tells rows with other values apart, to see which rows of an incremental model have to be made again.
   It may differ between engines and their versions, and costs at most one more recomputation when it does; so it is
   compared with stored ones only, and never published. bit_xor of it does not depend on the order of rows. #}
{% macro fingerprint(expressions) -%}
    {{ return(adapter.dispatch('fingerprint')(expressions)) }}
{%- endmacro %}

{% macro default__fingerprint(expressions) -%}
    hash({{ expressions | join(', ') }})
{%- endmacro %}

{% macro spark__fingerprint(expressions) -%}
    xxhash64({{ expressions | join(', ') }})
{%- endmacro %}
