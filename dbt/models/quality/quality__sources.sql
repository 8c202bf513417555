-- Tellings are read in place: DuckDB would write out a CTE of them, whole, before it filters.
with limits as (
    {{ check_limits([
        'prices_two_sources.maximum_pct', 'flows_two_sources.maximum_pct', 'rates_two_sources.maximum_bp',
        'flows_shares_lagged.changes', 'flows_shares_lagged.share_of_changes'
    ]) }}
),

-- What more than one source tells is told by another one than the one with most rows: to find it like this, nothing
-- is grouped by day but the rows of the others, in most warehouses none.
rows_of_source as (
    select
        table_name,
        source,
        count(*) as tellings
    from {{ ref('stg_quality__values_by_source') }}
    group by
        table_name,
        source
),

main_sources as (
    select
        table_name,
        max_by(source, tellings) as source
    from rows_of_source
    group by table_name
),

told_by_another as (
    select distinct
        tellings.table_name,
        tellings.figure,
        tellings.series,
        tellings.day
    from {{ ref('stg_quality__values_by_source') }} as tellings
    inner join main_sources
        on
            tellings.table_name = main_sources.table_name
            and tellings.source <> main_sources.source
),

numbered as (
    select
        tellings.*,
        row_number() over (
            partition by tellings.table_name, tellings.figure, tellings.series, tellings.day, tellings.source
            order by
                tellings.available_at_utc desc nulls last,
                tellings.observed_at_utc desc nulls last,
                tellings.payload_seq desc nulls last,
                tellings.value desc nulls last
        ) as vintage_from_latest
    from {{ ref('stg_quality__values_by_source') }} as tellings
    inner join told_by_another
        on
            tellings.table_name = told_by_another.table_name
            and tellings.figure = told_by_another.figure
            and tellings.series = told_by_another.series
            and tellings.day = told_by_another.day
),

told_by_two as (
    select
        table_name,
        figure,
        series,
        day,
        min(value) as lowest,
        max(value) as highest,
        min_by(source, value) as source_of_lowest,
        max_by(source, value) as source_of_highest,
        cast(max(available_at_utc) as date) as known_on
    from numbered
    where
        vintage_from_latest = 1
        and not is_removed
        and value is not null
    group by
        table_name,
        figure,
        series,
        day
    having count(*) > 1
),

measured as (
    select
        told_by_two.*,
        case
            when told_by_two.table_name = 'daily_bars' then 'prices_two_sources'
            when told_by_two.table_name = 'fund_nav_shares' then 'flows_two_sources'
            else 'rates_two_sources'
        end as check_id,
        case
            when told_by_two.table_name in ('daily_bars', 'fund_nav_shares')
                then 100 * (told_by_two.highest / nullif(told_by_two.lowest, 0) - 1)
            else 100 * (told_by_two.highest - told_by_two.lowest)
        end as difference,
        case
            when told_by_two.table_name = 'daily_bars' then limits.prices_two_sources__maximum_pct
            when told_by_two.table_name = 'fund_nav_shares' then limits.flows_two_sources__maximum_pct
            else limits.rates_two_sources__maximum_bp
        end as maximum
    from told_by_two
    cross join limits
),

disagreements as (
    select
        check_id,
        series || ' ' || figure as series,
        day,
        known_on,
        difference as value,
        maximum as threshold,
        source_of_lowest || ' says ' || {{ said('lowest', 4) }} || ', ' || source_of_highest || ' says '
        || {{ said('highest', 4) }} as finding
    from measured
    -- rates are given to the basis point: 0.92 less 0.91 is a little more than one of them
    where difference > maximum + 1e-9
),

-- Share counts that another telling, an earlier vintage or another source, had one row before: the file is a day late.
share_vintages as (
    select
        series,
        day,
        source,
        value,
        available_at_utc,
        cast(observed_at_utc as date) as observed_on,
        row_number() over (
            partition by series, day, source
            order by available_at_utc, observed_at_utc, payload_seq, value nulls last
        ) as vintage_number
    from {{ ref('stg_quality__values_by_source') }}
    where
        figure = 'shares_outstanding'
        and not is_removed
        and value is not null
),

first_tellings as (
    select
        series,
        day,
        source,
        value,
        available_at_utc,
        lag(value) over (partition by series, source order by day) as value_before
    from share_vintages
    where vintage_number = 1
),

other_tellings as (
    select
        later.series,
        later.day,
        first_tellings.source || ', vintage of ' || cast(later.observed_on as string) as telling,
        greatest(later.observed_on, cast(later.available_at_utc as date)) as known_on,
        later.value,
        first_tellings.value as first_value,
        first_tellings.value_before
    from share_vintages as later
    inner join first_tellings
        on
            later.series = first_tellings.series
            and later.day = first_tellings.day
            and later.source = first_tellings.source
    where later.vintage_number > 1
    union all
    select
        one.series,
        one.day,
        one.source || ' beside ' || other.source as telling,
        cast(greatest(one.available_at_utc, other.available_at_utc) as date) as known_on,
        one.value,
        other.value as first_value,
        other.value_before
    from first_tellings as one
    inner join first_tellings as other
        on
            one.series = other.series
            and one.day = other.day
            and one.source <> other.source
),

shifts as (
    select
        series,
        telling,
        day,
        max(known_on) over so_far as known_on,
        sum(case when value = value_before then 1 else 0 end) over so_far as late_changes,
        count(*) over so_far as changes
    from other_tellings
    where value_before <> first_value
    window so_far as (
        partition by series, telling order by day
        rows between unbounded preceding and current row
    )
),

late as (
    select
        shifts.*,
        limits.flows_shares_lagged__changes,
        row_number() over (partition by shifts.series, shifts.telling order by shifts.day) as detection
    from shifts
    cross join limits
    where
        shifts.late_changes = limits.flows_shares_lagged__changes
        and shifts.late_changes >= limits.flows_shares_lagged__share_of_changes * shifts.changes
),

lagged as (
    select
        'flows_shares_lagged' as check_id,
        series || ', ' || telling as series,
        day,
        known_on,
        late_changes as value,
        flows_shares_lagged__changes as threshold,
        cast(late_changes as string) || ' of ' || cast(changes as string)
        || ' changed share counts are what the other telling had a row before' as finding
    from late
    where detection = 1
),

final as (
    select * from disagreements
    union all
    select * from lagged
)

select * from final
