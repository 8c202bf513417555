{#- Rows that a rule looks back on. -#}
{%- set usual_rows = 252 -%}
{%- set usual_rows_at_least = 21 -%}
{#- So many finer counts are a new unit, as of the three funds of the real input in January 2011. -#}
{%- set finer_rows = 6 -%}

with fund_rows as (
    select * from {{ ref('stg_flows__fund_nav_shares') }}
),

share_counts as (
    select * from {{ ref('int_flows__share_counts') }}
),

navs as (
    select * from {{ ref('int_flows__navs') }}
),

flows as (
    select * from {{ ref('fund_flows_daily') }}
),

calendar as (
    select * from {{ ref('int_calendar__sessions') }}
),

limits as (
    {{ check_limits([
        'flows_gap.sessions', 'flows_stale.sessions', 'flows_nav_frozen.close_move_pct', 'flows_nav_frozen.equal_navs',
        'flows_share_unit.times_finer', 'flows_large.percent_of_assets', 'flows_large.minimum_assets_usd'
    ]) }}
),

sessions as (
    select
        session_date,
        row_number() over (order by session_date) as session_number
    from calendar
),

numbered as (
    select
        *,
        lag(session_number) over by_fund as previous_number,
        lead(session_number) over by_fund as next_number,
        lag(status) over by_fund as previous_status,
        -- the roundest number that divides the count: funds are created and redeemed in units of one size
        case
            when shares_stamped % 100000 = 0 then 100000
            when shares_stamped % 50000 = 0 then 50000
            when shares_stamped % 25000 = 0 then 25000
            when shares_stamped % 5000 = 0 then 5000
            when shares_stamped % 1000 = 0 then 1000
            else 1
        end as roundness
    from share_counts
    window by_fund as (partition by fund_symbol order by session_date)
),

table_end as (
    select max(session_number) as last_number
    from share_counts
),

gaps as (
    select
        'flows_gap' as check_id,
        numbered.fund_symbol as series,
        first_missing.session_date as day,
        numbered.session_date as last_day,
        numbered.session_number - numbered.previous_number - 1 as value,
        limits.flows_gap__sessions as threshold,
        cast(numbered.session_number - numbered.previous_number - 1 as string) || ' sessions without a row before '
        || cast(numbered.session_date as string) as finding
    from numbered
    cross join limits
    inner join sessions as first_missing
        on numbered.previous_number + 1 = first_missing.session_number
    where numbered.session_number - numbered.previous_number - 1 > limits.flows_gap__sessions
),

-- Found first and dated after: the joins would multiply what is thrown away.
stale_runs as (
    select
        numbered.fund_symbol,
        numbered.session_number as last_number,
        cast(limits.flows_stale__sessions as bigint) as sessions_allowed
    from numbered
    cross join table_end
    cross join limits
    where
        coalesce(numbered.next_number - 1, table_end.last_number) - numbered.session_number
        >= limits.flows_stale__sessions
),

stale as (
    select
        'flows_stale' as check_id,
        stale_runs.fund_symbol as series,
        first_missing.session_date as day,
        detected.session_date as last_day,
        stale_runs.sessions_allowed as value,
        stale_runs.sessions_allowed as threshold,
        'no row for ' || cast(stale_runs.sessions_allowed as string) || ' sessions while other funds have theirs'
            as finding
    from stale_runs
    inner join sessions as first_missing
        on stale_runs.last_number + 1 = first_missing.session_number
    inner join sessions as detected
        on stale_runs.last_number + stale_runs.sessions_allowed = detected.session_number
),

-- The verdicts of int_flows__share_counts; of a freeze its first day.
share_verdicts as (
    select
        case status
            when 'frozen' then 'flows_shares_frozen'
            when 'split awaited' then 'flows_split'
            else 'flows_shares_spike'
        end as check_id,
        fund_symbol as series,
        session_date as day,
        session_date as last_day,
        shares_stamped as value,
        cast(null as double) as threshold,
        case status
            when 'frozen'
                then
                    'share count of ' || {{ said('shares_stamped', 0) }} || ' unchanged for '
                    || cast(unchanged_sessions as string) || ' rows, much longer than usual'
            when 'split awaited' then 'the NAV is split and the share count is not'
            else
                'share count of ' || {{ said('shares_stamped', 0) }}
                || ' is off the level of the rows before by more than a factor of {{ level_factor() }}'
        end as finding
    from numbered
    where
        status in ('jump not confirmed', 'split awaited')
        or (status = 'frozen' and coalesce(previous_status, '') <> 'frozen')
),

unmarked_splits as (
    select
        'flows_split' as check_id,
        fund_symbol as series,
        session_date as day,
        session_date as last_day,
        split_applied as value,
        cast(null as double) as threshold,
        'share count and NAV moved against each other by ' || {{ said('split_applied', 3) }}
        || ', and the bars mark no split' as finding
    from numbered
    where split_kind = 'not marked'
),

rounded_counts as (
    select
        fund_symbol,
        session_date,
        shares_stamped,
        roundness,
        -- a share of the rows would be the lowest of a short past: one wrong count would excuse the next
        {{ nth_lowest('roundness', finer_rows, 'past') }} as usual_roundness,
        count(*) over past as rows_before
    from numbered
    where shares_stamped is not null
    window past as (
        partition by fund_symbol order by session_date
        rows between {{ usual_rows }} preceding and 1 preceding
    )
),

units as (
    select
        'flows_share_unit' as check_id,
        rounded_counts.fund_symbol as series,
        rounded_counts.session_date as day,
        rounded_counts.session_date as last_day,
        rounded_counts.shares_stamped as value,
        rounded_counts.usual_roundness as threshold,
        'share count of ' || {{ said('rounded_counts.shares_stamped', 0) }}
        || ' is no multiple of a creation unit; those before are multiples of '
        || {{ said('rounded_counts.usual_roundness', 0) }} as finding
    from rounded_counts
    cross join limits
    where
        rounded_counts.rows_before >= {{ usual_rows_at_least }}
        and rounded_counts.roundness * limits.flows_share_unit__times_finer <= rounded_counts.usual_roundness
),

-- The verdicts of int_flows__navs.
nav_verdicts as (
    select
        'flows_nav_against_close' as check_id,
        fund_symbol as series,
        session_date as day,
        session_date as last_day,
        nav_over_close_pct as value,
        cast(null as double) as threshold,
        case
            when nav_null_reason is not null then nav_null_reason
            when nav_stamped is null then 'NAV missing, the close stands in its place'
            else
                'NAV lies ' || {{ said('nav_over_close_pct') }}
                || ' % above the close of the fund; the close stands in its place'
        end as finding
    from navs
    where nav_basis is distinct from 'nav'
),

nav_moves as (
    select
        fund_symbol,
        session_date,
        nav_stamped,
        100 * ln(close_price / lag(close_price) over by_fund) as close_move_pct,
        case when nav_stamped = lag(nav_stamped) over by_fund then 0 else 1 end as is_new_nav
    from navs
    where nav_stamped is not null
    window by_fund as (partition by fund_symbol order by session_date)
),

nav_runs as (
    select
        *,
        sum(is_new_nav) over (
            partition by fund_symbol order by session_date
            rows between unbounded preceding and current row
        ) as nav_run
    from nav_moves
),

nav_run_lengths as (
    select
        *,
        row_number() over (partition by fund_symbol, nav_run order by session_date) as equal_navs
    from nav_runs
),

frozen_navs as (
    select
        'flows_nav_frozen' as check_id,
        nav_run_lengths.fund_symbol as series,
        nav_run_lengths.session_date as day,
        nav_run_lengths.session_date as last_day,
        nav_run_lengths.nav_stamped as value,
        limits.flows_nav_frozen__close_move_pct as threshold,
        'NAV is that of the session before'
        || coalesce(', while the close moved ' || {{ said('nav_run_lengths.close_move_pct') }} || ' log-%', '')
            as finding
    from nav_run_lengths
    cross join limits
    where
        nav_run_lengths.equal_navs > 1
        and (
            abs(nav_run_lengths.close_move_pct) > limits.flows_nav_frozen__close_move_pct
            or nav_run_lengths.equal_navs >= limits.flows_nav_frozen__equal_navs
        )
),

large_flows as (
    select
        'flows_large' as check_id,
        flows.fund_symbol as series,
        flows.session_date as day,
        flows.session_date as last_day,
        flows.net_flow_pct_aum as value,
        limits.flows_large__percent_of_assets as threshold,
        'net flow of ' || {{ said('flows.net_flow_usd / 1e6', 0) }} || ' m USD is '
        || {{ said('flows.net_flow_pct_aum', 1) }} || ' % of the assets' as finding
    from flows
    cross join limits
    where
        abs(flows.net_flow_pct_aum) > limits.flows_large__percent_of_assets
        and flows.prior_aum_usd > limits.flows_large__minimum_assets_usd
),

findings as (
    select * from gaps
    union all
    select * from stale
    union all
    select * from share_verdicts
    union all
    select * from unmarked_splits
    union all
    select * from units
    union all
    select * from nav_verdicts
    union all
    select * from frozen_navs
    union all
    select * from large_flows
),

-- The row of a day is published on the next session. Where a fund has none, the next row of any fund tells it.
published as (
    select
        sessions.session_date,
        cast(
            min(min(fund_rows.available_at_utc)) over (
                order by sessions.session_date
                rows between current row and unbounded following
            ) as date
        ) as published_on
    from sessions
    left join fund_rows
        on sessions.session_date = fund_rows.as_of_date
    group by sessions.session_date
),

final as (
    select
        findings.check_id,
        findings.series,
        findings.day,
        coalesce(cast(fund_rows.available_at_utc as date), published.published_on) as known_on,
        findings.value,
        findings.threshold,
        findings.finding
    from findings
    inner join published
        on findings.last_day = published.session_date
    left join fund_rows
        on
            findings.series = fund_rows.fund_symbol
            and findings.last_day = fund_rows.as_of_date
)

select * from final
