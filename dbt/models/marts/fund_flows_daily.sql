{#- A flow is measured against the last believed count. After more sessions than this, or when a new level has come to
    be believed (macros/level_factor), the difference belongs to no day and is not booked. -#}
{%- set sessions_bridged = 10 -%}

with share_counts as (
    select * from {{ ref('int_flows__share_counts') }}
),

navs as (
    select * from {{ ref('int_flows__navs') }}
),

calendar as (
    select * from {{ ref('int_calendar__sessions') }}
),

fund_sessions as (
    select
        share_counts.fund_symbol,
        share_counts.session_date,
        share_counts.session_number,
        calendar.calendar_year,
        calendar.lipper_week_ending,
        share_counts.status,
        share_counts.split_kind,
        share_counts.split_applied,
        share_counts.split_so_far,
        share_counts.status in ('accepted', 'frozen') as is_believed,
        case when share_counts.status in ('accepted', 'frozen') then share_counts.shares_stamped end
            as shares_outstanding,
        navs.nav_usd,
        navs.nav_basis,
        navs.nav_null_reason
    from share_counts
    inner join navs
        on
            share_counts.fund_symbol = navs.fund_symbol
            and share_counts.session_date = navs.session_date
    inner join calendar
        on share_counts.session_date = calendar.session_date
),

numbered as (
    select
        fund_symbol,
        session_date,
        session_number,
        calendar_year,
        lipper_week_ending,
        status,
        split_kind,
        split_applied,
        split_so_far,
        is_believed,
        shares_outstanding,
        nav_usd,
        nav_basis,
        nav_null_reason,
        lag(is_believed) over (partition by fund_symbol order by session_date) as is_row_before_believed,
        coalesce(sum(case when is_believed then 1 else 0 end) over (
            partition by fund_symbol order by session_date
            rows between unbounded preceding and 1 preceding
        ), 0) as believed_rows_before
    from fund_sessions
),

believed as (
    select
        fund_symbol,
        believed_rows_before + 1 as believed_number,
        session_date,
        session_number,
        status,
        split_so_far,
        shares_outstanding,
        nav_usd
    from numbered
    where is_believed
),

measured as (
    select
        numbered.fund_symbol,
        numbered.session_date,
        numbered.session_number,
        numbered.calendar_year,
        numbered.lipper_week_ending,
        numbered.status,
        numbered.split_kind,
        numbered.split_applied,
        numbered.shares_outstanding,
        numbered.nav_usd,
        numbered.nav_basis,
        numbered.nav_null_reason,
        numbered.is_row_before_believed,
        last_believed.session_date as measured_from,
        last_believed.status as status_before,
        cast(numbered.session_number - last_believed.session_number as integer) as flow_sessions,
        numbered.split_so_far / last_believed.split_so_far as split_since,
        last_believed.shares_outstanding * (numbered.split_so_far / last_believed.split_so_far) as shares_before,
        last_believed.nav_usd / (numbered.split_so_far / last_believed.split_so_far) as nav_before,
        last_believed.shares_outstanding * last_believed.nav_usd as prior_aum_usd
    from numbered
    left join believed as last_believed
        on
            numbered.fund_symbol = last_believed.fund_symbol
            and numbered.believed_rows_before = last_believed.believed_number
),

reasoned as (
    select
        fund_symbol,
        session_date,
        session_number,
        calendar_year,
        lipper_week_ending,
        split_kind,
        split_applied,
        split_since,
        shares_outstanding,
        nav_usd,
        nav_basis,
        measured_from,
        flow_sessions,
        shares_outstanding - shares_before as share_change,
        shares_before,
        nav_before,
        prior_aum_usd,
        case
            when status = 'missing' then 'share count missing'
            when status = 'jump not confirmed' then 'share count jump not confirmed'
            when status = 'split awaited' then 'split in the NAV, not yet in the share count'
            when measured_from is null then 'first row of the fund'
            when split_kind = 'not marked' then 'split that the bars do not mark'
            when status = 'frozen' then 'share count frozen'
            when status_before = 'frozen' then 'catch-up after a frozen count'
            when flow_sessions > {{ sessions_bridged }}
                then 'no believed share count in the {{ sessions_bridged }} sessions before'
            when
                not is_row_before_believed
                and abs(ln(shares_outstanding / nullif(shares_before, 0))) > ln({{ level_factor() }})
                then 'share count jump confirmed, not booked'
        end as count_null_reason,
        nav_null_reason
    from measured
),

flows as (
    select
        fund_symbol,
        session_date,
        session_number,
        calendar_year,
        lipper_week_ending,
        split_kind,
        split_applied,
        split_since,
        shares_outstanding,
        nav_usd,
        nav_basis,
        measured_from,
        flow_sessions,
        prior_aum_usd,
        coalesce(count_null_reason, nav_null_reason) as null_reason,
        case when count_null_reason is null then share_change end as share_change,
        case when coalesce(count_null_reason, nav_null_reason) is null then nav_usd * share_change end as net_flow_usd,
        case when coalesce(count_null_reason, nav_null_reason) is null then nav_before * share_change end
            as net_flow_prior_nav_usd
    from reasoned
),

with_next as (
    select
        fund_symbol,
        session_date,
        calendar_year,
        lipper_week_ending,
        split_kind,
        split_applied,
        shares_outstanding,
        nav_usd,
        nav_basis,
        measured_from,
        flow_sessions,
        prior_aum_usd,
        null_reason,
        net_flow_usd,
        net_flow_prior_nav_usd,
        case
            when lead(flow_sessions) over fund_rows = 1
                then nav_usd * lead(share_change / nullif(split_since, 0)) over fund_rows
        end as net_flow_lag_corrected_usd
    from flows
    window fund_rows as (partition by fund_symbol order by session_date)
),

final as (
    select
        fund_symbol,
        session_date,
        lipper_week_ending,
        nav_usd,
        nav_basis,
        shares_outstanding,
        split_applied,
        nav_usd * shares_outstanding as aum_usd,
        prior_aum_usd,
        net_flow_usd,
        net_flow_prior_nav_usd,
        net_flow_lag_corrected_usd,
        100 * net_flow_usd / nullif(prior_aum_usd, 0) as net_flow_pct_aum,
        -- in cents: a sum of doubles depends on the order in which the engine adds them up
        cast(coalesce(sum(cast(net_flow_usd as decimal(28, 2))) over fund_year, 0) as double) as ytd_flow_usd,
        cast(sum(case when null_reason is null then 0 else 1 end) over fund_year as integer)
            as ytd_days_without_flow,
        null_reason,
        case when null_reason is null then measured_from end as flow_measured_from,
        case when null_reason is null then flow_sessions end as flow_sessions,
        case
            when null_reason is null and flow_sessions > 1
                then 'covers more than one session: no believed share count between flow_measured_from and the day'
            when null_reason is null and split_kind = 'marked a session before'
                then 'split taken a session after the bars mark it'
        end as flow_explanation,
        {{ is_simulated() }} as is_simulated
    from with_next
    window fund_year as (
        partition by fund_symbol, calendar_year order by session_date rows unbounded preceding
    )
)

select * from final
