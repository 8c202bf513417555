{#- Tables that have a row for every session, or for every session on which banks are open. -#}
{%- set of_sessions = "'daily_bars', 'fund_nav_shares', 'fed_funds_futures'" -%}
{%- set of_bank_days = "'policy_rates', 'treasury_yields'" -%}

with held as (
    select * from {{ ref('int_quality__series_years') }}
),

sessions as (
    select
        session_date,
        calendar_year,
        case when {{ is_bank_holiday('session_date') }} then 0 else 1 end as bank_days
    from {{ ref('int_calendar__sessions') }}
),

years as (
    select
        calendar_year,
        min(session_date) as first_session_date,
        max(session_date) as last_session_date
    from sessions
    group by calendar_year
),

series_ends as (
    select
        table_name,
        series,
        min(first_day) as first_day,
        max(last_day) as last_day
    from held
    where table_name in ({{ of_sessions }}, {{ of_bank_days }})
    group by
        table_name,
        series
),

-- the part of each year in which the series has a rhythm to keep
spans as (
    select
        series_ends.table_name,
        series_ends.series,
        years.calendar_year,
        {{ add_days('greatest(series_ends.first_day, years.first_session_date)', -1) }} as day_before,
        least(series_ends.last_day, years.last_session_date) as last_day
    from series_ends
    inner join years
        on
            series_ends.first_day <= years.last_session_date
            and series_ends.last_day >= years.first_session_date
),

-- Sessions so far at the ends of those parts: a difference of two counts, where a join with every session due would
-- have as many rows as all bars.
turns as (
    select
        session_date as day,
        1 as sessions,
        bank_days
    from sessions
    union all
    select
        day_before as day,
        0 as sessions,
        0 as bank_days
    from spans
    union all
    select
        last_day as day,
        0 as sessions,
        0 as bank_days
    from spans
),

turns_of_day as (
    select
        day,
        sum(sessions) as sessions,
        sum(bank_days) as bank_days
    from turns
    group by day
),

so_far as (
    select
        day,
        sum(sessions) over (order by day rows between unbounded preceding and current row) as sessions,
        sum(bank_days) over (order by day rows between unbounded preceding and current row) as bank_days
    from turns_of_day
),

due as (
    select
        spans.table_name,
        spans.series,
        spans.calendar_year,
        case
            when spans.table_name in ({{ of_sessions }}) then at_last.sessions - at_first.sessions
            else at_last.bank_days - at_first.bank_days
        end as days_due
    from spans
    inner join so_far as at_first
        on spans.day_before = at_first.day
    inner join so_far as at_last
        on spans.last_day = at_last.day
),

final as (
    select
        coalesce(held.table_name, due.table_name) as table_name,
        coalesce(held.series, due.series) as series,
        coalesce(held.calendar_year, due.calendar_year) as calendar_year,
        held.first_day,
        held.last_day,
        coalesce(held.days_held, 0) as days_held,
        case
            when coalesce(held.table_name, due.table_name) in ({{ of_sessions }}, {{ of_bank_days }})
                then cast(coalesce(due.days_due, 0) as integer)
        end as days_due,
        case
            when coalesce(held.table_name, due.table_name) in ({{ of_sessions }})
                then cast(coalesce(due.days_due, 0) - coalesce(held.sessions_held, 0) as integer)
            when coalesce(held.table_name, due.table_name) in ({{ of_bank_days }})
                then cast(coalesce(due.days_due, 0) - coalesce(held.bank_days_held, 0) as integer)
        end as days_missing,
        coalesce(held.rows_told, 0) as rows_told,
        coalesce(held.vintages, 0) as vintages,
        coalesce(held.vintages - held.rows_told, 0) as revisions,
        coalesce(held.removals, 0) as removals,
        coalesce(held.sources, 0) as sources,
        {{ is_simulated() }} as is_simulated
    from held
    full outer join due
        on
            held.table_name = due.table_name
            and held.series = due.series
            and held.calendar_year = due.calendar_year
    where
        held.days_held is not null
        or due.days_due > 0
)

select * from final
