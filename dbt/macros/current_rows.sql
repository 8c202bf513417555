{# The one place where vintages and sources are resolved: the rows of a raw table that hold now.

   1. Per source and grain the latest vintage by available_at, then observed_at, then payload_seq; a tombstone
      (is_removed) takes the row of that source away. The other columns decide a tie of all three, so that it falls
      the same way in every run and engine; the contract is there to keep such a tie out.
   2. Per grain, over the sources that are left: latest available_at, then observed_at, then the source priority of
      the contract, then the source name.

   `only` is a condition on vintages, over columns of the grain: rows of others are left out before anything is sorted.

   With of_each_source the second step is left out, for a model that chooses a source for more than one grain. With
   source_first its priority comes before time, for a table whose sources tell different things (settlement and close):
   there a later reading of the lesser source is no revision of the better one.

   Grain and source_priority stand in config.meta of the source table, its columns in its column list
   (models/staging/_sources.yml): nothing about a raw table is written here. #}
{% macro current_rows(source_table, of_each_source=false, source_first=false, only='') -%}
    {%- set relation = source('raw', source_table) -%}
    {%- if not execute -%}
        {# parsing: there is no graph yet, and only the dependency matters #}
        {{ return('select * from ' ~ relation) }}
    {%- endif -%}
    {%- set declaration = source_declaration(source_table) -%}
    {%- set columns = declaration.columns -%}
    with vintages as (
        select
            {{ columns | join(',\n            ') }},
            row_number() over (
                partition by source, {{ declaration.grain | join(', ') }}
                order by
                    available_at desc nulls last, observed_at desc nulls last, payload_seq desc nulls last,
                    {{ columns | join(' nulls last, ') }} nulls last
            ) as vintage_number_from_latest,
            {{ source_rank(source_table) }} as source_rank
        from {{ relation }}
        where {{ only or 'true' }}
    ),

    latest_of_each_source as (
        select
            {{ columns | join(',\n            ') }},
            row_number() over (
                partition by {{ declaration.grain | join(', ') }}
                order by
                    {% if source_first %}source_rank, {% endif -%}
                    available_at desc nulls last, observed_at desc nulls last, source_rank, source
            ) as choice_number
        from vintages
        where
            vintage_number_from_latest = 1
            and not coalesce(is_removed, false)
    )

    select
        {{ columns | join(',\n        ') }}
    from latest_of_each_source
    {%- if not of_each_source %}
    where choice_number = 1
    {%- endif %}
{%- endmacro %}


{# Place of column `source` in the contract's priority, 1 first; unknown sources last. #}
{% macro source_rank(source_table) -%}
    {%- if not execute -%}
        {{ return('1') }}
    {%- endif -%}
    {%- set ranks = [] -%}
    {%- for source_name in source_declaration(source_table).source_priority -%}
        {%- do ranks.append("when '" ~ source_name ~ "' then " ~ loop.index) -%}
    {%- endfor -%}
    case source {{ ranks | join(' ') }} else {{ ranks | length + 1 }} end
{%- endmacro %}


{# What _sources.yml declares about a raw table: grain, source_priority, columns. A unit test of a model that calls
   current_rows overrides this macro, because dbt gives unit tests no graph. #}
{% macro source_declaration(source_table) -%}
    {%- for node in graph.sources.values() if node.source_name == 'raw' and node.name == source_table -%}
        {{ return({
            'grain': node.config.meta.grain,
            'source_priority': node.config.meta.source_priority,
            'columns': node.columns.keys() | list
        }) }}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error(
        "current_rows: no table '" ~ source_table ~ "' in source 'raw'. Declare it, with its columns and with grain and "
        ~ "source_priority in config.meta, in models/staging/_sources.yml."
    ) }}
{%- endmacro %}
