{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table',
    incremental_strategy='delete+insert',
    unique_key=['table_name', 'series', 'calendar_year'],
    on_schema_change='ignore'
) }}
{%- set definition = definition_of(['int_quality__series_years', 'stg_quality__vintages_told']) -%}
{%- set made_with = "concat_ws(' ', '" ~ definition ~ "', cast(calendars.sessions_fingerprint as string))" -%}
{%- set year_of_vintage = date_part_number('year', 'vintages.day') -%}

-- Vintages are read in place: DuckDB would write out a CTE of them, whole, before it filters.
with sessions as (
    select session_date
    from {{ ref('int_calendar__nyse_sessions') }}
),

-- what the days of a year are counted with, besides its vintages: a year made with something else is made again
calendars as (
    select
        {{ date_part_number('year', 'session_date') }} as calendar_year,
        bit_xor({{ fingerprint(['session_date']) }}) as sessions_fingerprint
    from sessions
    group by calendar_year
),

{% if is_incremental() %}
    stored_through as (
        select
            table_name,
            max(last_payload_seq) as payload_seq
        from {{ this }}
        group by table_name
    ),

    changed as (
        select
            vintages.table_name,
            vintages.series,
            {{ year_of_vintage }} as calendar_year
        from {{ ref('stg_quality__vintages_told') }} as vintages
        left join stored_through
            on vintages.table_name = stored_through.table_name
        where vintages.payload_seq > coalesce(stored_through.payload_seq, 0)
        union
        select
            stored.table_name,
            stored.series,
            stored.calendar_year
        from {{ this }} as stored
        left join calendars
            on stored.calendar_year = calendars.calendar_year
        where stored.made_with <> {{ made_with }}
    ),
{% endif %}

rows_told as (
    select
        vintages.table_name,
        vintages.series,
        vintages.day,
        vintages.source,
        count(*) as vintages,
        count_if(vintages.is_removed) as removals,
        max(vintages.payload_seq) as last_payload_seq
    from {{ ref('stg_quality__vintages_told') }} as vintages
    {% if is_incremental() %}
        inner join changed
            on
                vintages.table_name = changed.table_name
                and vintages.series = changed.series
                and {{ year_of_vintage }} = changed.calendar_year
    {% endif %}
    group by
        vintages.table_name,
        vintages.series,
        vintages.day,
        vintages.source,
        vintages.row_of_day
),

days as (
    select
        table_name,
        series,
        day,
        count(*) as rows_told,
        count(distinct source) as sources,
        sum(vintages) as vintages,
        sum(removals) as removals,
        max(last_payload_seq) as last_payload_seq
    from rows_told
    group by
        table_name,
        series,
        day
),

counted as (
    select
        days.table_name,
        days.series,
        {{ date_part_number('year', 'days.day') }} as calendar_year,
        min(days.day) as first_day,
        max(days.day) as last_day,
        cast(count(*) as integer) as days_held,
        cast(count_if(sessions.session_date is not null) as integer) as sessions_held,
        cast(count_if(sessions.session_date is not null and not {{ is_bank_holiday('days.day') }}) as integer)
            as bank_days_held,
        cast(sum(days.rows_told) as integer) as rows_told,
        cast(sum(days.vintages) as integer) as vintages,
        cast(sum(days.removals) as integer) as removals,
        cast(max(days.sources) as integer) as sources,
        max(days.last_payload_seq) as last_payload_seq
    from days
    left join sessions
        on days.day = sessions.session_date
    group by
        days.table_name,
        days.series,
        calendar_year
),

final as (
    select
        counted.*,
        {{ made_with }} as made_with
    from counted
    left join calendars
        on counted.calendar_year = calendars.calendar_year
)

select * from final
