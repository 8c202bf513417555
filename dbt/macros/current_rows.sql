{# The one place where vintages and sources are resolved: the rows of a raw table that hold now.

   1. Per source and grain the latest vintage by available_at, then observed_at, then payload_seq; a tombstone
      (is_removed) takes the row of that source away.
   2. Per grain, over the sources that are left: latest available_at, then observed_at, then the source priority of
      the contract, then the source name.

   Grain and source_priority stand in the meta of the source table, its columns in its column list
   (models/staging/_sources.yml): nothing about a raw table is written here. #}
{% macro current_rows(source_table) -%}
    {%- set relation = source('raw', source_table) -%}
    {%- if not execute -%}
    select * from {{ relation }}
    {%- else -%}
    {%- set declared = declared_source(source_table) -%}
    {%- set meta = declared.config.meta or declared.meta -%}
    {%- set columns = declared.columns.keys() | list -%}
    with vintages as (
        select
            {{ columns | join(',\n            ') }},
            row_number() over (
                partition by source, {{ meta.grain | join(', ') }}
                order by available_at desc nulls last, observed_at desc nulls last, payload_seq desc nulls last
            ) as vintage_number_from_latest,
            case source
                {%- for source_name in meta.source_priority %}
                when '{{ source_name }}' then {{ loop.index }}
                {%- endfor %}
                else {{ meta.source_priority | length + 1 }}
            end as source_rank
        from {{ relation }}
    ),

    latest_of_each_source as (
        select
            {{ columns | join(',\n            ') }},
            row_number() over (
                partition by {{ meta.grain | join(', ') }}
                order by available_at desc nulls last, observed_at desc nulls last, source_rank, source
            ) as choice_number
        from vintages
        where
            vintage_number_from_latest = 1
            and not coalesce(is_removed, false)
    )

    select
        {{ columns | join(',\n        ') }}
    from latest_of_each_source
    where choice_number = 1
    {%- endif -%}
{%- endmacro %}


{% macro declared_source(source_table) -%}
    {%- for node in graph.sources.values() if node.source_name == 'raw' and node.name == source_table -%}
        {{ return(node) }}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error(
        "current_rows: no table '" ~ source_table ~ "' in source 'raw'. Declare it, with its columns and with grain and "
        ~ "source_priority in config.meta, in models/staging/_sources.yml."
    ) }}
{%- endmacro %}
