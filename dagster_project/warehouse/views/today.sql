-- One row wide: the five cards and the verdicts of a session.

create macro today_as_of(as_of) as table
with today as (
    select
        performance.session_date as as_of_date,
        performance.pair_id,
        performance.small_symbol,
        performance.large_symbol,
        performance.ytd_gap_pp,
        performance.ytd_gap_rank_from_worst,
        performance.years_compared + 1 as ytd_gap_years_ranked,
        performance.is_simulated
    from marts.relative_performance as performance
    inner join marts.dim_pair as pair
        on
            performance.pair_id = pair.pair_id
            and pair.is_headline
    where
        performance.return_basis = 'price'
        and performance.session_date <= cast(as_of as date)
    order by performance.session_date desc
    limit 1
),

year_to_date as (
    select horizons.*
    from marts.relative_performance_horizons as horizons
    inner join today
        on
            horizons.pair_id = today.pair_id
            and horizons.session_date = today.as_of_date
    where
        horizons.return_basis = 'price'
        and horizons.horizon = 'YTD'
),

gain as (
    select gains.*
    from marts.relative_gain_since_election as gains
    inner join today
        on
            gains.pair_id = today.pair_id
            and gains.session_date = today.as_of_date
    where gains.return_basis = 'price'
),

week as (
    select this_week.*
    from this_week_as_of((select today.as_of_date from today)) as this_week
    where this_week.fund_symbol = 'IWM'
),

meeting as (
    select next_meeting.*
    from next_meeting_as_of((select today.as_of_date from today)) as next_meeting
),

signals as (
    select
        count(*) filter (where daily.is_on) as signals_on,
        count(daily.is_on) as signals_defined,
        string_agg(daily.signal_id, ', ' order by daily.signal_id) filter (where daily.is_on) as signals_on_ids
    from marts.signal_daily as daily
    inner join today
        on
            daily.pair_id = today.pair_id
            and daily.session_date = today.as_of_date
),

scorecard as (
    select card.*
    from marts.signal_scorecard as card
    inner join today
        on
            card.pair_id = today.pair_id
            and card.sample_end <= today.as_of_date
            and card.sample_end >= today.as_of_date - 400
    where
        card.is_year_end
        and card.signal_id = 'S3'
        and card.horizon_sessions = 63
    order by card.sample_end desc
    limit 1
),

ledger as (
    select verdicts.*
    from v_claims_wide as verdicts
    inner join today on verdicts.as_of_date = today.as_of_date
)

select
    today.as_of_date,
    build.source_mode,
    build.built_at_utc,
    today.small_symbol,
    today.large_symbol,
    year_to_date.small_return_pct as ytd_small_return_pct,
    year_to_date.large_return_pct as ytd_large_return_pct,
    today.ytd_gap_pp,
    today.ytd_gap_rank_from_worst,
    today.ytd_gap_years_ranked,
    gain.election_session_date,
    gain.month_relative_pct,
    gain.relative_pct as relative_since_election_pct,
    gain.month_gain_left_pct,
    week.fund_symbol as flow_fund_symbol,
    week.week_ending as flow_week_ending,
    week.age_days as flow_age_days,
    week.net_flow_usd,
    week.net_flow_pct_aum,
    week.net_flow_lag_corrected_usd,
    meeting.meeting_date,
    meeting.watch_date as odds_watch_date,
    meeting.age_days as odds_age_days,
    meeting.prob_hike_low_pct,
    meeting.prob_hike_high_pct,
    meeting.prob_hold_post_pct,
    meeting.prob_hold_pre_pct,
    meeting.prob_cut_post_pct,
    meeting.prob_cut_pre_pct,
    signals.signals_on,
    signals.signals_defined,
    signals.signals_on_ids,
    scorecard.p_drawdown_3_on_pct as fall_after_s3_pct,
    scorecard.p_drawdown_3_all_pct as fall_base_rate_pct,
    scorecard.sample_end as scorecard_through,
    ledger.supported as claims_supported,
    ledger.not_supported as claims_not_supported,
    ledger.undecidable as claims_undecidable,
    ledger.still_open as claims_open,
    ledger.flipping as claims_flipping,
    today.is_simulated
from today
cross join meta.build as build
cross join signals
left join year_to_date on true
left join gain on true
left join week on true
left join meeting on true
left join scorecard on true
left join ledger on true;

comment on macro table today_as_of is 'v_today on the last session up to a day: one row. today_as_of(''2017-05-26'')';

create view v_today as
select today.*
from today_as_of((select max(claims.as_of_date) from marts.claims as claims)) as today;

comment on view v_today is
    'The last session of the headline pair in one row: the five cards (year-to-date gap, what is left of the gain '
    'since the election, flow of the week, odds of the next meeting, warning signals) and how many claims hold. Price '
    'returns; flows as stamped, positive is money coming in.';
comment on column v_today.as_of_date is
    'Last session of the headline pair; everything in the row was known at its end.';
comment on column v_today.small_symbol is 'Small side of the headline pair.';
comment on column v_today.large_symbol is 'Large side of the headline pair.';
comment on column v_today.ytd_small_return_pct is
    'Price return of the small side since the last session of the prior year, percent.';
comment on column v_today.ytd_large_return_pct is 'The same of the large side, percent.';
comment on column v_today.ytd_gap_pp is
    'Small minus large return since the last session of the prior year, percentage points: below zero small caps are '
    'behind.';
comment on column v_today.ytd_gap_years_ranked is 'Number of years ranked, this one included.';
comment on column v_today.month_relative_pct is
    'Growth of the ratio small to large in the month after the last election, percent.';
comment on column v_today.relative_since_election_pct is
    'Growth of that ratio from the last election to as_of_date, percent; above zero small caps lead.';
comment on column v_today.month_gain_left_pct is
    'The second over the first, percent: how much of the gain of the first month is left. Null while that gain is '
    'below 0.5 percent.';
comment on column v_today.flow_fund_symbol is
    'Fund of the flow: the largest small-cap fund. Null when no complete week was known.';
comment on column v_today.flow_week_ending is 'Wednesday that ends the last complete Lipper week known on the day.';
comment on column v_today.flow_age_days is 'Calendar days since then; above 14 the week is not that of the day.';
comment on column v_today.net_flow_usd is
    'Net flow of the week, share counts as stamped, US dollars, positive is money coming in.';
comment on column v_today.net_flow_pct_aum is 'The same in percent of the assets before the week.';
comment on column v_today.net_flow_lag_corrected_usd is
    'Its sensitivity: share counts moved one session back; US dollars. Null until known.';
comment on column v_today.meeting_date is
    'First FOMC meeting after the day; null when the settlements reach no further.';
comment on column v_today.odds_watch_date is 'Day of the settlements that the odds are taken from.';
comment on column v_today.odds_age_days is 'Calendar days since then; above 7 the odds are stale.';
comment on column v_today.signals_on is 'Number of warning signals that were on at the close.';
comment on column v_today.signals_defined is 'Number of signals that had enough history to be on or off.';
comment on column v_today.signals_on_ids is 'Names of those that were on; null when none was.';
comment on column v_today.fall_after_s3_pct is
    'Share of the days with signal S3 on that were followed by a closing drawdown of the large side of 3 % or more '
    'within 63 sessions, percent.';
comment on column v_today.fall_base_rate_pct is 'The same share of all days: the base rate, percent.';
comment on column v_today.scorecard_through is
    'Year end through which outcomes are counted; null when none lies within 400 days.';
comment on column v_today.claims_supported is 'Number of the 14 claims, read for the day, that are supported.';
comment on column v_today.claims_not_supported is 'Number of them that are not supported.';
comment on column v_today.claims_undecidable is 'Number of them that cannot be decided on these data.';
comment on column v_today.claims_open is 'Number of them that are forecasts not yet due.';
comment on column v_today.claims_flipping is 'Number of them that another convention decides otherwise.';
