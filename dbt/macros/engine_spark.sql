{# What dbt asks of an engine and dbt-spark answers otherwise than this project needs. #}


{# The empty row that a contract is compared with: contracts say varchar, which Spark knows with a length only. #}
{% macro spark__get_empty_schema_sql(columns) -%}
    {%- set nulls = [] -%}
    {%- for column in columns.values() -%}
        {%- set type = 'string' if column['data_type'] == 'varchar' else column['data_type'] -%}
        {%- do nulls.append('cast(null as ' ~ type ~ ') as ' ~ column['name']) -%}
    {%- endfor -%}
    select {{ nulls | join(', ') }}
{%- endmacro %}
