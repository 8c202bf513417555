{# Incremental strategy `recompute_from`: per member everything from a day on is deleted and inserted anew.

   dbt's delete+insert deletes the keys that the new rows have. A withdrawn bar has no new row and would stay; deleting
   by member alone would write 40 years for every new day. So the new rows carry, one per member, a row with
   `recomputed_from` set, which says what to delete and is not stored. #}
{% macro get_incremental_recompute_from_sql(arg_dict) -%}
    {%- set target, fresh = arg_dict['target_relation'], arg_dict['temp_relation'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | join(', ') -%}
    {{ recompute_from_sql(target, fresh, arg_dict['unique_key'], columns) }}
{%- endmacro %}

{% macro recompute_from_sql(target, fresh, key, columns) -%}
    delete from {{ target }} as stored
    using {{ fresh }} as fresh
    where
        fresh.recomputed_from is not null
        and stored.{{ key[0] }} = fresh.{{ key[0] }}
        and stored.{{ key[1] }} >= fresh.recomputed_from
        -- so that what lies before every change is not even looked at
        and stored.{{ key[1] }} >= (select min(recomputed_from) from {{ fresh }});

    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ fresh }}
    where recomputed_from is null
{%- endmacro %}


{# Changes with the SQL of the models named: rows made by other SQL are not to be kept. #}
{% macro definition_of(names) -%}
    {%- if execute -%}
        {%- set found = [] -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name in names -%}
            {%- do found.append(node.name ~ local_md5(node.raw_code)) -%}
        {%- endfor -%}
        {{ local_md5(found | sort | join(' ')) }}
    {%- endif -%}
{%- endmacro %}
