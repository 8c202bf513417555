{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table',
    incremental_strategy='delete+insert',
    unique_key=['table_name', 'series', 'calendar_year'],
    on_schema_change='ignore'
) }}
{%- set definition = definition_of(['int_quality__series_years', 'stg_quality__vintages_told']) -%}
{%- set made_with = "concat_ws(' ', '" ~ definition ~ "', cast(calendars.sessions_fingerprint as string))" -%}
{%- set year_of_vintage = date_part_number('year', 'vintages.day') -%}
{%- set month_of_vintage = date_part_number('month', 'vintages.day') -%}

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

-- Days of a month as bits of a number: tens of millions of days need no group each.
row_months as (
    select
        vintages.table_name,
        vintages.series,
        {{ year_of_vintage }} as calendar_year,
        {{ month_of_vintage }} as calendar_month,
        vintages.source,
        vintages.row_of_day,
        bit_or({{ day_bit('vintages.day') }}) as days,
        min(vintages.day) as first_day,
        max(vintages.day) as last_day,
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
        {{ year_of_vintage }},
        {{ month_of_vintage }},
        vintages.source,
        vintages.row_of_day
),

source_months as (
    select
        table_name,
        series,
        calendar_year,
        calendar_month,
        source,
        bit_or(days) as days,
        min(first_day) as first_day,
        max(last_day) as last_day,
        sum(bit_count(days)) as rows_told,
        sum(vintages) as vintages,
        sum(removals) as removals,
        max(last_payload_seq) as last_payload_seq
    from row_months
    group by
        table_name,
        series,
        calendar_year,
        calendar_month,
        source
),

months as (
    select
        table_name,
        series,
        calendar_year,
        calendar_month,
        bit_or(days) as days,
        min(first_day) as first_day,
        max(last_day) as last_day,
        sum(rows_told) as rows_told,
        sum(vintages) as vintages,
        sum(removals) as removals,
        max(last_payload_seq) as last_payload_seq
    from source_months
    group by
        table_name,
        series,
        calendar_year,
        calendar_month
),

session_months as (
    select
        {{ date_part_number('year', 'session_date') }} as calendar_year,
        {{ date_part_number('month', 'session_date') }} as calendar_month,
        bit_or({{ day_bit('session_date') }}) as session_days,
        bit_or(case when {{ is_bank_holiday('session_date') }} then 0 else {{ day_bit('session_date') }} end)
            as bank_days
    from sessions
    group by
        calendar_year,
        calendar_month
),

-- only where two sources tell one day the sources of a day are counted, day by day
shared_months as (
    select distinct
        one.table_name,
        one.series,
        one.calendar_year,
        one.calendar_month
    from source_months as one
    inner join source_months as other
        on
            one.table_name = other.table_name
            and one.series = other.series
            and one.calendar_year = other.calendar_year
            and one.calendar_month = other.calendar_month
            and one.source < other.source
    where (one.days & other.days) <> 0
),

sources_of_day as (
    select
        vintages.table_name,
        vintages.series,
        vintages.day,
        count(distinct vintages.source) as sources
    from {{ ref('stg_quality__vintages_told') }} as vintages
    inner join shared_months
        on
            vintages.table_name = shared_months.table_name
            and vintages.series = shared_months.series
            and {{ year_of_vintage }} = shared_months.calendar_year
            and {{ month_of_vintage }} = shared_months.calendar_month
    group by
        vintages.table_name,
        vintages.series,
        vintages.day
),

sources_of_year as (
    select
        table_name,
        series,
        {{ date_part_number('year', 'day') }} as calendar_year,
        max(sources) as sources
    from sources_of_day
    group by
        table_name,
        series,
        calendar_year
),

counted as (
    select
        months.table_name,
        months.series,
        months.calendar_year,
        min(months.first_day) as first_day,
        max(months.last_day) as last_day,
        cast(sum(bit_count(months.days)) as integer) as days_held,
        cast(sum(bit_count(months.days & coalesce(session_months.session_days, 0))) as integer) as sessions_held,
        cast(sum(bit_count(months.days & coalesce(session_months.bank_days, 0))) as integer) as bank_days_held,
        cast(sum(months.rows_told) as integer) as rows_told,
        cast(sum(months.vintages) as integer) as vintages,
        cast(sum(months.removals) as integer) as removals,
        max(months.last_payload_seq) as last_payload_seq
    from months
    left join session_months
        on
            months.calendar_year = session_months.calendar_year
            and months.calendar_month = session_months.calendar_month
    group by
        months.table_name,
        months.series,
        months.calendar_year
),

final as (
    select
        counted.*,
        cast(coalesce(sources_of_year.sources, 1) as integer) as sources,
        {{ made_with }} as made_with
    from counted
    left join sources_of_year
        on
            counted.table_name = sources_of_year.table_name
            and counted.series = sources_of_year.series
            and counted.calendar_year = sources_of_year.calendar_year
    left join calendars
        on counted.calendar_year = calendars.calendar_year
)

select * from final
