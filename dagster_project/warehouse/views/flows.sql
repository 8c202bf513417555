-- Fund flows by day and by Lipper week. Positive is money coming in; share counts as stamped are the headline.

create view v_flows as
select
    daily.fund_symbol,
    security.name as fund_name,
    security.size_segment,
    daily.session_date,
    daily.lipper_week_ending,
    daily.net_flow_usd,
    daily.net_flow_pct_aum,
    daily.net_flow_prior_nav_usd,
    daily.net_flow_lag_corrected_usd,
    daily.ytd_flow_usd,
    daily.ytd_days_without_flow,
    daily.aum_usd,
    daily.nav_usd,
    daily.shares_outstanding,
    daily.flow_explanation,
    daily.null_reason,
    calendar.next_session_date as known_on,
    following.next_session_date as lag_corrected_known_on,
    daily.is_simulated
from marts.fund_flows_daily as daily
left join marts.dim_security as security on daily.fund_symbol = security.symbol
left join marts.dim_calendar as calendar on daily.session_date = calendar.session_date
left join marts.dim_calendar as following on calendar.next_session_date = following.session_date;

comment on view v_flows is
    'Daily net flow of every fund, one row per fund and session; positive is money coming in. Default convention: '
    'net_flow_usd, share counts as stamped, at the NAV of the day. Twin of the macro flows(fund, since).';
comment on column v_flows.fund_name is 'Name of the fund.';
comment on column v_flows.size_segment is 'small, mid or large.';
comment on column v_flows.known_on is
    'Session on which the share count of the day, and so the flow, was known: the one after it.';
comment on column v_flows.lag_corrected_known_on is
    'Session on which net_flow_lag_corrected_usd was known: one later.';

create macro flows(fund, since) as table
select
    v_flows.*,
    sum(v_flows.net_flow_usd) over (
        order by v_flows.session_date
        rows between unbounded preceding and current row
    ) as flow_since_usd
from v_flows
where
    v_flows.fund_symbol = upper(fund)
    and v_flows.session_date >= cast(since as date)
order by v_flows.session_date;

comment on macro table flows is
    'Daily net flows of one fund from a day on, as v_flows, with flow_since_usd, their running sum in US dollars; '
    'positive is money coming in. flows(''IWM'', ''2017-01-01'')';

create view v_league as
with weeks_known as (
    select
        calendar.lipper_week_ending as week_ending,
        max(calendar.next_session_date) as known_on,
        max(following.next_session_date) as lag_corrected_known_on
    from marts.dim_calendar as calendar
    left join marts.dim_calendar as following on calendar.next_session_date = following.session_date
    group by calendar.lipper_week_ending
)

select
    weekly.week_ending,
    weekly.fund_symbol,
    security.name as fund_name,
    security.size_segment,
    weekly.net_flow_usd,
    weekly.net_flow_pct_aum,
    weekly.net_flow_prior_nav_usd,
    weekly.net_flow_lag_corrected_usd,
    weekly.rank_among_seen,
    weekly.universe_funds,
    weekly.outflow_rank,
    weekly.universe_name,
    weekly.universe_listed_funds,
    weekly.zscore_52w,
    weekly.net_flow_multiple_52w,
    weekly.outflow_pct_rank_in_own_history,
    weekly.weeks_compared,
    weekly.prior_aum_usd,
    weekly.ytd_flow_usd,
    weekly.ytd_days_without_flow,
    weekly.is_complete_week,
    weekly.sessions_in_week,
    weekly.sessions_seen,
    weekly.flow_explanation,
    weekly.null_reason,
    weeks_known.known_on,
    weeks_known.lag_corrected_known_on,
    weekly.is_simulated
from marts.fund_flows_weekly as weekly
inner join weeks_known on weekly.week_ending = weeks_known.week_ending
left join marts.dim_security as security on weekly.fund_symbol = security.symbol;

comment on view v_league is
    'Net flow of every fund in every Lipper week (Thursday to Wednesday), one row per week and fund; positive is '
    'money coming in, rank 1 is the largest outflow among the funds seen. Default convention: net_flow_usd, share '
    'counts as stamped. Twin of the macro league(week).';
comment on column v_league.fund_name is 'Name of the fund.';
comment on column v_league.size_segment is 'small, mid or large.';
comment on column v_league.known_on is
    'Session on which the last share count of the week, and so its flow, was known: the one after the week.';
comment on column v_league.lag_corrected_known_on is
    'Session on which net_flow_lag_corrected_usd was known: one later.';

create macro league(week) as table
select v_league.*
from v_league
where v_league.week_ending = cast(week as date) + cast((10 - isodow(cast(week as date))) % 7 as integer)
order by
    v_league.net_flow_usd nulls last,
    v_league.fund_symbol;

comment on macro table league is
    'The funds of one Lipper week, most redeemed first, as v_league; the week is named by any day in it. '
    'league(''2017-05-24'')';

create macro this_week_as_of(as_of) as table
with known as (
    select * from v_league
    where
        v_league.is_complete_week
        and v_league.known_on <= cast(as_of as date)
),

last_week as (
    select max(known.week_ending) as week_ending
    from known
)

select
    cast(as_of as date) as as_of_date,
    known.week_ending,
    date_diff('day', known.week_ending, cast(as_of as date)) as age_days,
    known.fund_symbol,
    known.fund_name,
    known.size_segment,
    known.net_flow_usd,
    known.net_flow_pct_aum,
    known.net_flow_prior_nav_usd,
    case
        when known.lag_corrected_known_on <= cast(as_of as date) then known.net_flow_lag_corrected_usd
    end as net_flow_lag_corrected_usd,
    known.rank_among_seen,
    known.universe_funds,
    known.outflow_rank,
    known.universe_name,
    known.zscore_52w,
    known.net_flow_multiple_52w,
    known.outflow_pct_rank_in_own_history,
    known.prior_aum_usd,
    known.ytd_flow_usd,
    known.flow_explanation,
    known.is_simulated
from known
inner join last_week on known.week_ending = last_week.week_ending
order by
    known.net_flow_usd,
    known.fund_symbol;

comment on macro table this_week_as_of is
    'The funds of the last complete Lipper week that was known on a day, most redeemed first; v_this_week on that '
    'day.';

create view v_this_week as
select this_week.*
from this_week_as_of((select max(claims.as_of_date) from marts.claims as claims)) as this_week;

comment on view v_this_week is
    'The funds of the last complete Lipper week (Thursday to Wednesday) known on the last session, most redeemed '
    'first: one row per fund. Positive is money coming in; age_days tells how old the week is.';
comment on column v_this_week.as_of_date is 'Last session of the headline pair.';
comment on column v_this_week.age_days is
    'Calendar days from week_ending to as_of_date; above 14 the week is not that of the day.';
comment on column v_this_week.net_flow_lag_corrected_usd is
    'Sensitivity: the same with share counts moved one session back; US dollars, positive is money coming in. Null '
    'until the share count of the session after the week was known.';
