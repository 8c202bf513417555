{#- explained_from_pct: a flow above this share of the assets stands only with an explanation. -#}
{%- set explained_from_pct = 25 -%}
{%- set small_fund_usd = 1e9 -%}
{%- set young_fund_days = 730 -%}
{%- set usual_standard_deviations = 3 -%}

with daily as (
    select * from {{ ref('fund_flows_daily') }}
),

calendar as (
    select * from {{ ref('int_calendar__sessions') }}
),

fund_universe as (
    select * from {{ ref('fund_universe') }}
),

week_sessions as (
    select
        session_date,
        lipper_week_ending,
        row_number() over (partition by lipper_week_ending order by session_date) as session_of_week,
        count(*) over (partition by lipper_week_ending) as sessions_in_week
    from calendar
),

numbered as (
    select
        daily.fund_symbol,
        daily.session_date,
        daily.lipper_week_ending as week_ending,
        week_sessions.session_of_week,
        week_sessions.sessions_in_week,
        daily.prior_aum_usd,
        daily.net_flow_usd,
        daily.net_flow_prior_nav_usd,
        daily.net_flow_lag_corrected_usd,
        daily.ytd_flow_usd,
        daily.ytd_days_without_flow,
        daily.null_reason,
        daily.flow_sessions,
        min(daily.session_date) over (partition by daily.fund_symbol) as first_session_of_fund,
        row_number() over (
            partition by daily.fund_symbol, daily.lipper_week_ending
            order by daily.session_date
        ) as row_of_week,
        row_number() over (
            partition by daily.fund_symbol, daily.lipper_week_ending
            order by daily.session_date desc
        ) as row_from_end,
        row_number() over (
            partition by daily.fund_symbol, daily.lipper_week_ending
            order by case when daily.null_reason is null then 1 else 0 end, daily.session_date
        ) as null_row,
        row_number() over (
            partition by daily.fund_symbol, daily.lipper_week_ending
            order by abs(daily.net_flow_usd) desc nulls last, daily.session_date
        ) as largest_row
    from daily
    inner join week_sessions
        on daily.session_date = week_sessions.session_date
),

sums as (
    select
        fund_symbol,
        week_ending,
        min(first_session_of_fund) as first_session_of_fund,
        max(sessions_in_week) as sessions_in_week,
        count(*) as sessions_seen,
        max(session_of_week) as last_session_seen,
        -- in cents: a sum of doubles depends on the order in which the engine adds them up
        cast(sum(cast(net_flow_usd as decimal(28, 2))) as double) as net_flow_usd,
        case
            when count(net_flow_prior_nav_usd) = count(*)
                then cast(sum(cast(net_flow_prior_nav_usd as decimal(28, 2))) as double)
        end as net_flow_prior_nav_usd,
        case
            when count(net_flow_lag_corrected_usd) = count(*)
                then cast(sum(cast(net_flow_lag_corrected_usd as decimal(28, 2))) as double)
        end as net_flow_lag_corrected_usd,
        max(case when row_of_week = 1 then prior_aum_usd end) as prior_aum_usd,
        max(case when row_from_end = 1 then ytd_flow_usd end) as ytd_flow_usd,
        max(case when row_from_end = 1 then ytd_days_without_flow end) as ytd_days_without_flow,
        max(case when null_row = 1 then null_reason end) as first_null_reason,
        max(case when largest_row = 1 then session_date end) as largest_session,
        max(case when flow_sessions > session_of_week then 1 else 0 end) as is_measured_from_before
    from numbered
    group by
        fund_symbol,
        week_ending
),

judged as (
    select
        fund_symbol,
        week_ending,
        first_session_of_fund,
        sessions_in_week,
        sessions_seen,
        net_flow_usd,
        net_flow_prior_nav_usd,
        net_flow_lag_corrected_usd,
        prior_aum_usd,
        ytd_flow_usd,
        ytd_days_without_flow,
        largest_session,
        is_measured_from_before,
        coalesce(
            first_null_reason, case when sessions_seen < last_session_seen then 'session without a row' end
        ) as null_reason
    from sums
),

weeks as (
    select
        fund_symbol,
        week_ending,
        first_session_of_fund,
        sessions_in_week,
        sessions_seen,
        null_reason is null and sessions_seen = sessions_in_week as is_complete_week,
        prior_aum_usd,
        ytd_flow_usd,
        ytd_days_without_flow,
        largest_session,
        is_measured_from_before,
        null_reason,
        case when null_reason is null then net_flow_usd end as net_flow_usd,
        case when null_reason is null then net_flow_prior_nav_usd end as net_flow_prior_nav_usd,
        case when null_reason is null then net_flow_lag_corrected_usd end as net_flow_lag_corrected_usd,
        case when null_reason is null then 100 * net_flow_usd / nullif(prior_aum_usd, 0) end as net_flow_pct_aum
    from judged
),

complete_weeks as (
    select
        fund_symbol,
        week_ending,
        net_flow_usd,
        rank() over (partition by week_ending order by net_flow_usd nulls last) as rank_among_seen,
        count(*) over fund_year as weeks_before,
        avg(net_flow_usd) over fund_year as mean_before,
        avg(abs(net_flow_usd)) over fund_year as mean_size_before,
        stddev_samp(net_flow_usd) over fund_year as deviation_before,
        stddev_samp(net_flow_pct_aum) over fund_year as deviation_before_pct
    from weeks
    where is_complete_week
    window fund_year as (
        partition by fund_symbol order by week_ending rows between 52 preceding and 1 preceding
    )
),

funds_seen as (
    select
        week_ending,
        count(*) as universe_funds
    from complete_weeks
    group by week_ending
),

own_history as (
    select
        this_week.fund_symbol,
        this_week.week_ending,
        count(*) as weeks_compared,
        sum(case when earlier_weeks.net_flow_usd < this_week.net_flow_usd then 1 else 0 end) as weeks_lower
    from complete_weeks as this_week
    inner join complete_weeks as earlier_weeks
        on
            this_week.fund_symbol = earlier_weeks.fund_symbol
            and this_week.week_ending > earlier_weeks.week_ending
    group by
        this_week.fund_symbol,
        this_week.week_ending
),

weeks_of_data as (
    select distinct week_ending
    from weeks
),

-- A fund is in the universe of a week when it is listed on all of its days.
listed as (
    select
        weeks_of_data.week_ending,
        fund_universe.universe_name,
        fund_universe.fund_symbol,
        fund_universe.is_complete_list,
        complete_weeks.net_flow_usd
    from weeks_of_data
    inner join fund_universe
        on
            {{ add_days('weeks_of_data.week_ending', -6) }} >= fund_universe.valid_from
            and (fund_universe.valid_to is null or weeks_of_data.week_ending <= fund_universe.valid_to)
    left join complete_weeks
        on
            weeks_of_data.week_ending = complete_weeks.week_ending
            and fund_universe.fund_symbol = complete_weeks.fund_symbol
),

universe_ranks as (
    select
        week_ending,
        universe_name,
        fund_symbol,
        count(*) over universe as listed_funds,
        case
            when
                count(net_flow_usd) over universe = count(*) over universe
                and min(case when is_complete_list then 1 else 0 end) over universe = 1
                then rank() over (partition by week_ending, universe_name order by net_flow_usd nulls last)
        end as outflow_rank
    from listed
    window universe as (partition by week_ending, universe_name)
),

final as (
    select
        weeks.fund_symbol,
        weeks.week_ending,
        weeks.net_flow_usd,
        weeks.net_flow_prior_nav_usd,
        weeks.net_flow_lag_corrected_usd,
        weeks.net_flow_pct_aum,
        weeks.prior_aum_usd,
        cast(weeks.sessions_in_week as integer) as sessions_in_week,
        cast(weeks.sessions_seen as integer) as sessions_seen,
        weeks.is_complete_week,
        cast(complete_weeks.rank_among_seen as integer) as rank_among_seen,
        cast(coalesce(funds_seen.universe_funds, 0) as integer) as universe_funds,
        universe_ranks.universe_name,
        cast(universe_ranks.listed_funds as integer) as universe_listed_funds,
        cast(universe_ranks.outflow_rank as integer) as outflow_rank,
        case
            when complete_weeks.weeks_before = 52 and complete_weeks.deviation_before > 1
                then (complete_weeks.net_flow_usd - complete_weeks.mean_before) / complete_weeks.deviation_before
        end as zscore_52w,
        case
            when complete_weeks.weeks_before = 52 and complete_weeks.mean_size_before > 1
                then complete_weeks.net_flow_usd / complete_weeks.mean_size_before
        end as net_flow_multiple_52w,
        100 * cast(own_history.weeks_lower as double) / nullif(cast(own_history.weeks_compared as double), 0)
            as outflow_pct_rank_in_own_history,
        cast(case when weeks.is_complete_week then coalesce(own_history.weeks_compared, 0) end as integer)
            as weeks_compared,
        weeks.ytd_flow_usd,
        weeks.ytd_days_without_flow,
        weeks.null_reason,
        case when weeks.net_flow_usd is not null then weeks.largest_session end as largest_flow_session,
        case
            when weeks.null_reason is not null or weeks.net_flow_usd is null then null
            when weeks.is_measured_from_before = 1
                then 'includes the flow of sessions before the week, which have no believed share count'
            when coalesce(abs(weeks.net_flow_pct_aum), 0) <= {{ explained_from_pct }} then null
            when weeks.prior_aum_usd < {{ small_fund_usd }}
                then 'small fund: assets below 1 bn USD before the week'
            when {{ days_between('weeks.first_session_of_fund', 'weeks.week_ending') }} <= {{ young_fund_days }}
                then 'young fund: in the first two years of its data'
            when
                complete_weeks.weeks_before = 52
                and abs(weeks.net_flow_pct_aum)
                <= {{ usual_standard_deviations }} * complete_weeks.deviation_before_pct
                then
                    'usual for the fund at the time: within {{ usual_standard_deviations }} standard deviations'
                    || ' of its 52 weeks before, in percent of assets'
            else
                'unusual for the fund, yet every share count lies on the level of the nine rows before it'
        end as flow_explanation,
        {{ is_simulated() }} as is_simulated
    from weeks
    left join complete_weeks
        on
            weeks.fund_symbol = complete_weeks.fund_symbol
            and weeks.week_ending = complete_weeks.week_ending
    left join funds_seen
        on weeks.week_ending = funds_seen.week_ending
    left join own_history
        on
            weeks.fund_symbol = own_history.fund_symbol
            and weeks.week_ending = own_history.week_ending
    left join universe_ranks
        on
            weeks.fund_symbol = universe_ranks.fund_symbol
            and weeks.week_ending = universe_ranks.week_ending
)

select * from final
