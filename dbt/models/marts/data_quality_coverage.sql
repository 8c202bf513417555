with counts as (
    select * from {{ ref('stg_quality__vintage_counts') }}
),

calendar as (
    select * from {{ ref('int_calendar__sessions') }}
),

series_ends as (
    select
        table_name,
        series,
        min(first_day) as first_day,
        max(last_day) as last_day
    from counts
    group by
        table_name,
        series
),

sessions_due as (
    select
        series_ends.table_name,
        series_ends.series,
        calendar.calendar_year,
        count(*) as sessions_due
    from series_ends
    inner join calendar
        on calendar.session_date between series_ends.first_day and series_ends.last_day
    where
        series_ends.table_name in (
            'daily_bars', 'fund_nav_shares', 'fed_funds_futures', 'policy_rates', 'treasury_yields'
        )
    group by
        series_ends.table_name,
        series_ends.series,
        calendar.calendar_year
),

final as (
    select
        counts.table_name,
        counts.series,
        counts.calendar_year,
        counts.first_day,
        counts.last_day,
        cast(counts.days_held as integer) as days_held,
        cast(sessions_due.sessions_due as integer) as sessions_due,
        cast(counts.rows_told as integer) as rows_told,
        cast(counts.vintages as integer) as vintages,
        cast(counts.vintages - counts.rows_told as integer) as revisions,
        cast(counts.removals as integer) as removals,
        cast(counts.sources as integer) as sources,
        {{ is_simulated() }} as is_simulated
    from counts
    left join sessions_due
        on
            counts.table_name = sessions_due.table_name
            and counts.series = sessions_due.series
            and counts.calendar_year = sessions_due.calendar_year
)

select * from final
