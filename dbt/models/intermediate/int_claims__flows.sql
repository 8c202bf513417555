{#- An outcome older than this many days says nothing about the week or the year so far. -#}
{%- set stale_days = 14 -%}
{%- set weeks_needed = 52 -%}
{#- Fewer days with a flow are no year so far. -#}
{%- set flow_days_needed = 5 -%}
{%- set small_fund = 'IWM' -%}
{%- set large_fund = 'SPY' -%}

with days as (
    select * from {{ ref('int_claims__days') }}
),

weekly as (
    select * from {{ ref('fund_flows_weekly') }}
),

daily as (
    select * from {{ ref('fund_flows_daily') }}
),

sessions as (
    select * from {{ ref('int_calendar__sessions') }}
),

securities as (
    select * from {{ ref('securities') }}
),

fund_universe as (
    select * from {{ ref('fund_universe') }}
),

-- A share count is known on the session after its day, so a week on the session after its last one; the lag-corrected
-- flow of a day needs the count of the next session and is known one session later.
known_days as (
    select
        sessions.session_date,
        sessions.lipper_week_ending,
        sessions.calendar_year,
        sessions.next_session_date as known_on,
        following.next_session_date as lag_corrected_known_on
    from sessions
    inner join sessions as following on sessions.next_session_date = following.session_date
),

known_weeks as (
    select
        lipper_week_ending as week_ending,
        max(known_on) as known_on,
        max(lag_corrected_known_on) as lag_corrected_known_on
    from known_days
    group by lipper_week_ending
),

last_weeks as (
    select
        days.framing,
        days.as_of_date,
        known_weeks.week_ending,
        known_weeks.known_on,
        known_weeks.lag_corrected_known_on,
        row_number() over (
            partition by days.framing, days.as_of_date
            order by known_weeks.week_ending desc
        ) as week_from_latest
    from days
    inner join known_weeks
        on
            days.as_of_date >= known_weeks.known_on
            and days.as_of_date <= {{ add_days('known_weeks.known_on', stale_days) }}
),

small_weeks as (
    select * from weekly
    where fund_symbol = '{{ small_fund }}'
),

lag_corrected_history as (
    select
        this_week.week_ending,
        count(*) as weeks_compared,
        sum(
            case when earlier.net_flow_lag_corrected_usd < this_week.net_flow_lag_corrected_usd then 1 else 0 end
        ) as weeks_lower
    from small_weeks as this_week
    inner join small_weeks as earlier on this_week.week_ending > earlier.week_ending
    where
        this_week.is_complete_week
        and earlier.is_complete_week
        and this_week.net_flow_lag_corrected_usd is not null
        and earlier.net_flow_lag_corrected_usd is not null
    group by this_week.week_ending
),

funds_seen as (
    select
        week_ending,
        {{ joined_text('fund_symbol', 'fund_symbol', "', '") }} as funds
    from weekly
    where is_complete_week
    group by week_ending
),

week_of_the_day as (
    select
        last_weeks.framing,
        last_weeks.as_of_date,
        last_weeks.week_ending,
        last_weeks.known_on,
        last_weeks.lag_corrected_known_on,
        small_weeks.fund_symbol is not null as has_fund,
        coalesce(small_weeks.is_complete_week, false) as is_complete_week,
        small_weeks.null_reason,
        small_weeks.net_flow_usd,
        small_weeks.net_flow_prior_nav_usd,
        case
            when last_weeks.as_of_date >= last_weeks.lag_corrected_known_on
                then small_weeks.net_flow_lag_corrected_usd
        end as net_flow_lag_corrected_usd,
        small_weeks.net_flow_pct_aum,
        small_weeks.prior_aum_usd,
        small_weeks.net_flow_multiple_52w,
        small_weeks.zscore_52w,
        small_weeks.weeks_compared,
        small_weeks.outflow_pct_rank_in_own_history,
        small_weeks.rank_among_seen,
        small_weeks.universe_funds,
        small_weeks.universe_name,
        small_weeks.universe_listed_funds,
        small_weeks.outflow_rank,
        lag_corrected_history.weeks_compared as lag_corrected_weeks_compared,
        100 * cast(lag_corrected_history.weeks_lower as double) / lag_corrected_history.weeks_compared
            as lag_corrected_pct_rank,
        large_weeks.net_flow_usd as large_fund_flow_usd,
        large_weeks.prior_aum_usd as large_fund_aum_usd,
        funds_seen.funds
    from last_weeks
    left join small_weeks on last_weeks.week_ending = small_weeks.week_ending
    left join lag_corrected_history on last_weeks.week_ending = lag_corrected_history.week_ending
    left join weekly as large_weeks
        on
            last_weeks.week_ending = large_weeks.week_ending
            and large_weeks.fund_symbol = '{{ large_fund }}'
            and large_weeks.is_complete_week
    left join funds_seen on last_weeks.week_ending = funds_seen.week_ending
    where last_weeks.week_from_latest = 1
),

described_weeks as (
    select
        *,
        case
            when not has_fund
                then 'no share counts of {{ small_fund }} for the week ended ' || cast(week_ending as string)
            when not is_complete_week
                then
                    'the week ended ' || cast(week_ending as string) || ' has no flow: '
                    || coalesce(null_reason, 'a session is missing')
        end as week_missing,
        'week ended ' || cast(week_ending as string) as week_text,
        {{ said('net_flow_usd / 1e6', 1) }} || ' m USD, '
        || {{ said('net_flow_pct_aum', 2) }} || ' % of assets'
        || coalesce(
            ', ' || {{ said('abs(net_flow_multiple_52w)', 1) }}
            || ' times the mean size of its flows in the 52 weeks before',
            ''
        ) as flow_text
    from week_of_the_day
),

week_measures as (
    select
        2 as claim_id,
        framing,
        as_of_date,
        'as_stamped' as convention,
        case framing when 'as_written' then net_flow_usd else outflow_pct_rank_in_own_history end as value,
        framing = 'as_written' or net_flow_usd < 0 as is_also_true,
        case
            when week_missing is not null then week_missing
            when framing = 'rolling' and weeks_compared < {{ weeks_needed }} then 'less than a year of own weeks'
        end as missing_reason,
        week_text || ': ' || flow_text as reason,
        known_on as inputs_as_of
    from described_weeks
    union all
    select
        2 as claim_id,
        framing,
        as_of_date,
        'prior_day_nav' as convention,
        net_flow_prior_nav_usd as value,
        true as is_also_true,
        coalesce(
            week_missing, case when net_flow_prior_nav_usd is null then 'a NAV before the week is missing' end
        ) as missing_reason,
        week_text as reason,
        known_on as inputs_as_of
    from described_weeks
    where framing = 'as_written'
    union all
    select
        2 as claim_id,
        framing,
        as_of_date,
        'lag_corrected' as convention,
        case framing when 'as_written' then net_flow_lag_corrected_usd else lag_corrected_pct_rank end as value,
        framing = 'as_written' or net_flow_lag_corrected_usd < 0 as is_also_true,
        case
            when week_missing is not null then week_missing
            when as_of_date < lag_corrected_known_on
                then 'needs the share count known on ' || cast(lag_corrected_known_on as string)
            when net_flow_lag_corrected_usd is null then 'the share count after the week is missing'
            when framing = 'rolling' and coalesce(lag_corrected_weeks_compared, 0) < {{ weeks_needed }}
                then 'less than a year of own weeks'
        end as missing_reason,
        week_text || ': ' || {{ said('net_flow_lag_corrected_usd / 1e6', 1) }} || ' m USD' as reason,
        case when as_of_date >= lag_corrected_known_on then lag_corrected_known_on else known_on end as inputs_as_of
    from described_weeks
    union all
    select
        2 as claim_id,
        framing,
        as_of_date,
        'zscore_52w' as convention,
        zscore_52w as value,
        true as is_also_true,
        coalesce(
            week_missing, case when zscore_52w is null then 'less than 52 complete weeks before' end
        ) as missing_reason,
        week_text as reason,
        known_on as inputs_as_of
    from described_weeks
    where framing = 'rolling'
    union all
    select
        2 as claim_id,
        framing,
        as_of_date,
        'share_of_assets' as convention,
        net_flow_pct_aum as value,
        true as is_also_true,
        week_missing as missing_reason,
        week_text || ': ' || flow_text as reason,
        known_on as inputs_as_of
    from described_weeks
    union all
    select
        3 as claim_id,
        framing,
        as_of_date,
        'named_universe' as convention,
        cast(outflow_rank as double) as value,
        true as is_also_true,
        case
            when week_missing is not null then week_missing
            when outflow_rank is null
                then
                    'seen ' || cast(universe_funds as string) || ' (' || coalesce(funds, 'none') || ') of '
                    || cast(coalesce(universe_listed_funds, 0) as string) || ' funds of '
                    || coalesce(universe_name, 'no named universe')
        end as missing_reason,
        week_text || ': ' || flow_text as reason,
        known_on as inputs_as_of
    from described_weeks
    union all
    select
        3 as claim_id,
        framing,
        as_of_date,
        'funds_seen' as convention,
        cast(rank_among_seen as double) as value,
        true as is_also_true,
        coalesce(
            week_missing,
            'rank among ' || cast(universe_funds as string) || ' funds seen (' || coalesce(funds, 'none')
            || ') decides nothing about the others'
        ) as missing_reason,
        week_text as reason,
        known_on as inputs_as_of
    from described_weeks
    union all
    select
        3 as claim_id,
        framing,
        as_of_date,
        'ahead_of_spy' as convention,
        net_flow_usd - large_fund_flow_usd as value,
        large_fund_aum_usd > prior_aum_usd as is_also_true,
        coalesce(
            week_missing, case when large_fund_flow_usd is null then 'no flow of {{ large_fund }} in the input' end
        ) as missing_reason,
        week_text || ': {{ large_fund }} ' || {{ said('large_fund_flow_usd / 1e6', 1) }} || ' m USD'
            as reason,
        known_on as inputs_as_of
    from described_weeks
),

-- claim 14: running sums per fund and year, read at the last session known on the day

small_funds as (
    select distinct fund_universe.fund_symbol
    from fund_universe
    inner join securities on fund_universe.fund_symbol = securities.symbol
    where securities.size_segment = 'small'
),

small_funds_named as (
    select count(*) as funds
    from small_funds
),

running as (
    select
        daily.fund_symbol,
        daily.session_date,
        known_days.calendar_year,
        known_days.known_on,
        known_days.lag_corrected_known_on,
        sum(cast(daily.net_flow_usd as decimal(28, 2))) over fund_year as ytd_flow_usd,
        sum(cast(daily.net_flow_lag_corrected_usd as decimal(28, 2))) over fund_year as ytd_lag_corrected_usd,
        count(daily.net_flow_usd) over fund_year as flow_days,
        sum(case when daily.net_flow_usd is null then 1 else 0 end) over fund_year as days_without_flow
    from daily
    inner join small_funds on daily.fund_symbol = small_funds.fund_symbol
    inner join known_days on daily.session_date = known_days.session_date
    window fund_year as (
        partition by daily.fund_symbol, known_days.calendar_year
        order by daily.session_date
        rows between unbounded preceding and current row
    )
),

readings as (
    select
        'as_stamped' as convention,
        fund_symbol,
        session_date,
        calendar_year,
        flow_days,
        days_without_flow,
        known_on,
        ytd_flow_usd as ytd_usd
    from running
    union all
    select
        'lag_corrected' as convention,
        fund_symbol,
        session_date,
        calendar_year,
        flow_days,
        days_without_flow,
        lag_corrected_known_on as known_on,
        ytd_lag_corrected_usd as ytd_usd
    from running
),

-- of each fund the last session known on the day
year_of_the_day as (
    select
        days.framing,
        days.as_of_date,
        readings.convention,
        readings.fund_symbol,
        readings.session_date,
        readings.flow_days,
        readings.days_without_flow,
        readings.known_on,
        readings.ytd_usd,
        row_number() over (
            partition by days.framing, days.as_of_date, readings.convention, readings.fund_symbol
            order by readings.session_date desc
        ) as session_from_latest
    from days
    inner join readings
        on
            {{ date_part_number('year', 'days.as_of_date') }} = readings.calendar_year
            and days.as_of_date >= readings.known_on
            and days.as_of_date <= {{ add_days('readings.session_date', stale_days) }}
),

year_sums as (
    select
        framing,
        as_of_date,
        convention,
        count(*) as funds,
        {{ joined_text('fund_symbol', 'fund_symbol', "', '") }} as fund_symbols,
        cast(sum(ytd_usd) as double) as ytd_usd,
        sum(flow_days) as flow_days,
        sum(days_without_flow) as days_without_flow,
        max(session_date) as through_date,
        max(known_on) as known_on
    from year_of_the_day
    where session_from_latest = 1
    group by
        framing,
        as_of_date,
        convention
),

year_measures as (
    select
        14 as claim_id,
        year_sums.framing,
        year_sums.as_of_date,
        year_sums.convention,
        year_sums.ytd_usd as value,
        true as is_also_true,
        case
            when year_sums.ytd_usd is null or year_sums.flow_days < {{ flow_days_needed }}
                then 'fewer than {{ flow_days_needed }} days of this year with a flow are known'
        end as missing_reason,
        year_sums.fund_symbols || ' (' || cast(year_sums.funds as string) || ' of '
        || cast(small_funds_named.funds as string) || ' small-cap funds) through '
        || cast(year_sums.through_date as string)
        || case
            when year_sums.days_without_flow > 0
                then '; ' || cast(year_sums.days_without_flow as string) || ' days without a flow'
            else ''
        end as reason,
        year_sums.known_on as inputs_as_of
    from year_sums
    cross join small_funds_named
),

final as (
    select * from week_measures
    union all
    select * from year_measures
)

select * from final
