{#- Tables that have a row for every session, or for every session on which banks are open. -#}
{%- set of_sessions = "'daily_bars', 'fund_nav_shares', 'fed_funds_futures'" -%}
{%- set of_bank_days = "'policy_rates', 'treasury_yields'" -%}

with counts as (
    select * from {{ ref('stg_quality__day_counts') }}
),

calendar as (
    select * from {{ ref('int_calendar__sessions') }}
),

series_ends as (
    select
        table_name,
        series,
        min(day) as first_day,
        max(day) as last_day
    from counts
    group by
        table_name,
        series
),

days_due as (
    select
        series_ends.table_name,
        series_ends.series,
        calendar.session_date as day
    from series_ends
    inner join calendar
        on calendar.session_date between series_ends.first_day and series_ends.last_day
    where
        series_ends.table_name in ({{ of_sessions }})
        or (series_ends.table_name in ({{ of_bank_days }}) and not {{ is_bank_holiday('calendar.session_date') }})
),

joined as (
    select
        coalesce(counts.table_name, days_due.table_name) as table_name,
        coalesce(counts.series, days_due.series) as series,
        coalesce(counts.day, days_due.day) as day,
        counts.day is not null as is_held,
        days_due.day is not null as is_due,
        counts.vintages,
        counts.rows_told,
        counts.removals,
        counts.sources
    from counts
    full outer join days_due
        on
            counts.table_name = days_due.table_name
            and counts.series = days_due.series
            and counts.day = days_due.day
),

final as (
    select
        table_name,
        series,
        {{ date_part_number('year', 'day') }} as calendar_year,
        min(case when is_held then day end) as first_day,
        max(case when is_held then day end) as last_day,
        cast(count_if(is_held) as integer) as days_held,
        case
            when table_name in ({{ of_sessions }}, {{ of_bank_days }})
                then cast(count_if(is_due) as integer)
        end as days_due,
        case
            when table_name in ({{ of_sessions }}, {{ of_bank_days }})
                then cast(count_if(is_due and not is_held) as integer)
        end as days_missing,
        cast(coalesce(sum(rows_told), 0) as integer) as rows_told,
        cast(coalesce(sum(vintages), 0) as integer) as vintages,
        cast(coalesce(sum(vintages) - sum(rows_told), 0) as integer) as revisions,
        cast(coalesce(sum(removals), 0) as integer) as removals,
        cast(coalesce(max(sources), 0) as integer) as sources,
        {{ is_simulated() }} as is_simulated
    from joined
    group by
        table_name,
        series,
        calendar_year
)

select * from final
