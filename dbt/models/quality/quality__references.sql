with index_fundamentals as (
    select * from {{ ref('stg_fundamentals__index_fundamentals') }}
),

closes as (
    select * from {{ ref('int_prices__closes') }}
),

calendar as (
    select * from {{ ref('int_calendar__sessions') }}
),

securities as (
    select * from {{ ref('securities') }}
),

fund_flows_daily as (
    select * from {{ ref('fund_flows_daily') }}
),

figures as (
    select * from {{ ref('stg_fundamentals__published_figures') }}
),

reconciliation as (
    select * from {{ ref('reconciliation') }}
),

topics as (
    select * from {{ ref('int_published__topics') }}
),

memberships as (
    select * from {{ ref('stg_membership__index_membership') }}
),

identifiers as (
    select * from {{ ref('stg_membership__security_identifiers') }}
),

seed_meetings as (
    select * from {{ ref('fomc_meetings') }}
),

inbox_meetings as (
    select * from {{ ref('stg_rates__inbox_fomc_meetings') }}
),

limits as (
    {{ check_limits(['index_price_against_closes.maximum_pct', 'index_ratio.maximum_pct']) }}
),

index_months as (
    select
        *,
        lag(month_start) over (partition by index_name order by month_start) as previous_month
    from index_fundamentals
),

index_gaps as (
    select
        'index_gap' as check_id,
        index_name as series,
        {{ add_months('previous_month', 1) }} as day,
        cast(available_at_utc as date) as known_on,
        {{ days_between('previous_month', 'month_start') }} as value,
        cast(31 as double) as threshold,
        'no row between ' || cast(previous_month as string) || ' and ' || cast(month_start as string) as finding
    from index_months
    where month_start > {{ add_months('previous_month', 1) }}
),

-- Two tellings of one series: the workbook's price of a month is the mean of its daily closes.
month_sessions as (
    select
        {{ start_of_period('session_date', 'month') }} as month_start,
        count(*) as sessions
    from calendar
    group by month_start
),

month_closes as (
    select
        securities.tracks_index as index_name,
        {{ start_of_period('closes.session_date', 'month') }} as month_start,
        avg(closes.close_price) as mean_close,
        count(*) as sessions
    from closes
    inner join securities
        on
            closes.symbol = securities.symbol
            and securities.kind = 'equity_index'
    group by
        securities.tracks_index,
        {{ start_of_period('closes.session_date', 'month') }}
),

index_prices as (
    select
        index_fundamentals.index_name,
        index_fundamentals.month_start,
        index_fundamentals.price,
        month_closes.mean_close,
        100 * (index_fundamentals.price / month_closes.mean_close - 1) as difference_pct,
        greatest(
            cast(index_fundamentals.available_at_utc as date), {{ add_months('index_fundamentals.month_start', 1) }}
        ) as known_on
    from index_fundamentals
    inner join month_closes
        on
            index_fundamentals.index_name = month_closes.index_name
            and index_fundamentals.month_start = month_closes.month_start
    inner join month_sessions
        on
            month_closes.month_start = month_sessions.month_start
            and month_closes.sessions = month_sessions.sessions
),

index_price_findings as (
    select
        'index_price_against_closes' as check_id,
        index_prices.index_name as series,
        index_prices.month_start as day,
        index_prices.known_on,
        index_prices.difference_pct as value,
        limits.index_price_against_closes__maximum_pct as threshold,
        'price of the month ' || {{ said('index_prices.price') }} || ', mean of the daily closes '
        || {{ said('index_prices.mean_close') }} as finding
    from index_prices
    cross join limits
    where abs(index_prices.difference_pct) > limits.index_price_against_closes__maximum_pct
),

index_ratios as (
    select
        'index_ratio' as check_id,
        index_fundamentals.index_name as series,
        index_fundamentals.month_start as day,
        cast(index_fundamentals.available_at_utc as date) as known_on,
        100 * (
            index_fundamentals.pe_ttm * index_fundamentals.earnings / nullif(index_fundamentals.price, 0) - 1
        ) as value,
        limits.index_ratio__maximum_pct as threshold,
        'P/E of ' || {{ said('index_fundamentals.pe_ttm') }} || ' is not price '
        || {{ said('index_fundamentals.price') }} || ' over earnings ' || {{ said('index_fundamentals.earnings') }}
            as finding
    from index_fundamentals
    cross join limits
    where
        abs(
            100 * (index_fundamentals.pe_ttm * index_fundamentals.earnings / nullif(index_fundamentals.price, 0) - 1)
        ) > limits.index_ratio__maximum_pct
),

-- What a figure is held against comes out on the session after its day at the latest; a P/E of the index comes from the
-- workbook that holds now.
published_days as (
    select
        figures.topic,
        figures.as_of,
        figures.source,
        greatest(
            cast(figures.available_at_utc as date),
            min(calendar.session_date),
            max(cast(index_fundamentals.available_at_utc as date))
        ) as known_on
    from figures
    inner join calendar
        on
            figures.as_of < calendar.session_date
            and {{ add_days('figures.as_of', 10) }} > calendar.session_date
    left join topics
        on
            figures.topic = topics.topic
            and topics.computation = 'index_pe'
    left join index_fundamentals
        on
            topics.subject = index_fundamentals.index_name
            and {{ start_of_period('figures.as_of', 'month') }} = index_fundamentals.month_start
    group by
        figures.topic,
        figures.as_of,
        figures.source,
        figures.available_at_utc
),

-- The verdicts of mart reconciliation.
published_findings as (
    select
        case
            when topics.computation in ('weekly_flow', 'five_session_flow', 'month_flow', 'ytd_flow')
                then 'flows_published'
            else 'published_disagrees'
        end as check_id,
        reconciliation.topic || ', ' || reconciliation.source as series,
        reconciliation.as_of as day,
        published_days.known_on,
        reconciliation.difference as value,
        topics.tolerance as threshold,
        'published ' || {{ said('reconciliation.published_value') }} || ', here '
        || {{ said('reconciliation.computed_value') }} || ' ' || reconciliation.unit as finding
    from reconciliation
    inner join topics
        on reconciliation.topic = topics.topic
    inner join published_days
        on
            reconciliation.topic = published_days.topic
            and reconciliation.as_of = published_days.as_of
            and reconciliation.source = published_days.source
    where not reconciliation.within_tolerance
),

unknown_topics as (
    select
        'published_unknown_topic' as check_id,
        figures.topic || ', ' || figures.source as series,
        figures.as_of as day,
        cast(figures.available_at_utc as date) as known_on,
        figures.published_value as value,
        cast(null as double) as threshold,
        case
            when topics.topic is null then 'nothing says how the warehouse computes this'
            else 'no fund ' || topics.subject || ' is known'
        end as finding
    from figures
    left join topics
        on figures.topic = topics.topic
    left join securities
        on topics.subject = securities.symbol
    where
        topics.topic is null
        or (
            topics.computation = 'month_flow'
            and securities.symbol is null
            and not exists (
                select 1
                from fund_flows_daily
                where
                    topics.subject = fund_flows_daily.fund_symbol
                    and cast(figures.available_at_utc as date) >= fund_flows_daily.session_date
            )
        )
),

ordered_memberships as (
    select
        *,
        lag(valid_from) over by_member as previous_from,
        lag(valid_to) over by_member as previous_to
    from memberships
    window by_member as (partition by index_id, member_id order by valid_from)
),

membership_findings as (
    select
        'membership_spells' as check_id,
        index_id || ' ' || member_id as series,
        valid_from as day,
        valid_from as known_on,
        cast(null as double) as value,
        cast(null as double) as threshold,
        case
            when valid_to < valid_from then 'the spell ends ' || cast(valid_to as string) || ', before it begins'
            else
                'the spell before, from ' || cast(previous_from as string) || ' to '
                || coalesce(cast(previous_to as string), 'today') || ', is not over'
        end as finding
    from ordered_memberships
    where
        valid_to < valid_from
        or (previous_from is not null and (previous_to is null or previous_to >= valid_from))
),

ordered_identifiers as (
    select
        *,
        lag(member_id) over by_symbol as previous_member,
        lag(valid_from) over by_symbol as previous_from,
        lag(valid_to) over by_symbol as previous_to
    from identifiers
    window by_symbol as (partition by symbol order by valid_from, member_id)
),

identifier_findings as (
    select
        'membership_symbols' as check_id,
        symbol || ' ' || member_id as series,
        valid_from as day,
        valid_from as known_on,
        cast(null as double) as value,
        cast(null as double) as threshold,
        case
            when valid_to < valid_from then 'the spell ends ' || cast(valid_to as string) || ', before it begins'
            else 'the symbol still belongs to ' || previous_member || ' since ' || cast(previous_from as string)
        end as finding
    from ordered_identifiers
    where
        valid_to < valid_from
        or (previous_from is not null and (previous_to is null or previous_to >= valid_from))
),

reviewed_calendar as (
    select max(meeting_date) as last_meeting_date
    from seed_meetings
),

meeting_findings as (
    select
        'rates_meetings_against_seed' as check_id,
        'FOMC' as series,
        inbox_meetings.meeting_date as day,
        inbox_meetings.meeting_date as known_on,
        inbox_meetings.target_upper_after_pct as value,
        seed_meetings.target_upper_after_pct as threshold,
        case
            when seed_meetings.meeting_date is null then 'the reviewed calendar has no meeting on this day'
            else
                'the reviewed calendar says ' || seed_meetings.kind || ', target up to '
                || coalesce({{ said('seed_meetings.target_upper_after_pct') }}, 'not known') || ' %; the inbox '
                || inbox_meetings.kind || ', '
                || coalesce({{ said('inbox_meetings.target_upper_after_pct') }}, 'not known') || ' %'
        end as finding
    from inbox_meetings
    left join seed_meetings
        on inbox_meetings.meeting_date = seed_meetings.meeting_date
    cross join reviewed_calendar
    where
        (seed_meetings.meeting_date is null and inbox_meetings.meeting_date <= reviewed_calendar.last_meeting_date)
        or seed_meetings.kind <> inbox_meetings.kind
        or abs(seed_meetings.target_lower_after_pct - inbox_meetings.target_lower_after_pct) > 1e-9
        or abs(seed_meetings.target_upper_after_pct - inbox_meetings.target_upper_after_pct) > 1e-9
),

final as (
    select * from index_gaps
    union all
    select * from index_price_findings
    union all
    select * from index_ratios
    union all
    select * from published_findings
    union all
    select * from unknown_topics
    union all
    select * from membership_findings
    union all
    select * from identifier_findings
    union all
    select * from meeting_findings
)

select * from final
