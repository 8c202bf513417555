-- Odds of FOMC meetings, both announcement-day conventions side by side. Market-implied and risk-neutral, no forecast.

create view v_odds as
select
    post.watch_date,
    post.meeting_date,
    post.is_next_meeting,
    post.range_lower_pct,
    post.range_upper_pct,
    case
        when post.prob_hike_pct is not null and pre.prob_hike_pct is not null
            then least(post.prob_hike_pct, pre.prob_hike_pct)
    end as prob_hike_low_pct,
    case
        when post.prob_hike_pct is not null and pre.prob_hike_pct is not null
            then greatest(post.prob_hike_pct, pre.prob_hike_pct)
    end as prob_hike_high_pct,
    post.prob_hike_pct as prob_hike_post_pct,
    pre.prob_hike_pct as prob_hike_pre_pct,
    post.prob_hold_pct as prob_hold_post_pct,
    pre.prob_hold_pct as prob_hold_pre_pct,
    post.prob_cut_pct as prob_cut_post_pct,
    pre.prob_cut_pct as prob_cut_pre_pct,
    post.prob_hike_at_meeting_pct as prob_hike_at_meeting_post_pct,
    pre.prob_hike_at_meeting_pct as prob_hike_at_meeting_pre_pct,
    post.meeting_change_bp as meeting_change_post_bp,
    pre.meeting_change_bp as meeting_change_pre_bp,
    post.cumulative_change_bp as cumulative_change_post_bp,
    pre.cumulative_change_bp as cumulative_change_pre_bp,
    post.pp_per_half_tick,
    coalesce(post.null_reason, pre.null_reason) as null_reason,
    post.is_simulated
from marts.rate_expectations as post
inner join marts.rate_expectations as pre
    on
        post.watch_date = pre.watch_date
        and post.meeting_date = pre.meeting_date
        and pre.day_convention = 'pre'
where post.day_convention = 'post';

comment on view v_odds is
    'Odds of every FOMC meeting on every watch date, one row per watch date and meeting, both conventions side by '
    'side: post counts the announcement day at the new rate, pre at the old one. The headline is the range of both. '
    'Hike, hold and cut compare with the range in force on the watch date, cumulative over the meetings. Implied by '
    'futures prices and risk-neutral: not a forecast. Twin of the macro odds(as_of).';
comment on column v_odds.prob_hike_low_pct is
    'Probability of a range above the one in force, percent: the lower of both conventions. Null unless both are '
    'known.';
comment on column v_odds.prob_hike_high_pct is 'The higher of both conventions, percent.';
comment on column v_odds.prob_hike_post_pct is
    'Probability that the range after the meeting is above the one in force on the watch date, percent, cumulative '
    'over the meetings; convention post.';
comment on column v_odds.prob_hike_pre_pct is 'The same, convention pre, percent.';
comment on column v_odds.prob_hold_post_pct is
    'Probability that the range is the same, percent, cumulative; convention post.';
comment on column v_odds.prob_hold_pre_pct is 'The same, convention pre, percent.';
comment on column v_odds.prob_cut_post_pct is
    'Probability that the range is below the one in force, percent, cumulative; convention post.';
comment on column v_odds.prob_cut_pre_pct is 'The same, convention pre, percent.';
comment on column v_odds.prob_hike_at_meeting_post_pct is
    'Probability of a rise at this meeting alone, percent; convention post.';
comment on column v_odds.prob_hike_at_meeting_pre_pct is 'The same, convention pre, percent.';
comment on column v_odds.meeting_change_post_bp is
    'Expected change of the rate at this meeting alone, basis points; convention post.';
comment on column v_odds.meeting_change_pre_bp is 'The same, convention pre, basis points.';
comment on column v_odds.cumulative_change_post_bp is
    'Expected change of the rate from the watch date to after this meeting, basis points; convention post.';
comment on column v_odds.cumulative_change_pre_bp is 'The same, convention pre, basis points.';
comment on column v_odds.pp_per_half_tick is
    'How far half a tick (0.5 basis points) of one settlement moves the odds of this meeting, percentage points; '
    'convention post.';

create macro odds(as_of) as table
select
    cast(as_of as date) as as_of_date,
    date_diff('day', v_odds.watch_date, cast(as_of as date)) as age_days,
    v_odds.*
from v_odds
where
    v_odds.watch_date = (
        select max(rate_expectations.watch_date) from marts.rate_expectations as rate_expectations
        where rate_expectations.watch_date <= cast(as_of as date)
    )
order by v_odds.meeting_date;

comment on macro table odds is
    'Odds of every meeting by the last settlements up to a day, as v_odds; age_days tells how old these are. '
    'odds(''2017-05-26'')';

create macro next_meeting_as_of(as_of) as table
select
    odds.as_of_date,
    odds.meeting_date,
    date_diff('day', odds.as_of_date, odds.meeting_date) as days_to_meeting,
    odds.watch_date,
    odds.age_days,
    odds.range_lower_pct,
    odds.range_upper_pct,
    odds.prob_hike_low_pct,
    odds.prob_hike_high_pct,
    odds.prob_hike_post_pct,
    odds.prob_hike_pre_pct,
    odds.prob_hold_post_pct,
    odds.prob_hold_pre_pct,
    odds.prob_cut_post_pct,
    odds.prob_cut_pre_pct,
    odds.cumulative_change_post_bp,
    odds.cumulative_change_pre_bp,
    odds.pp_per_half_tick,
    odds.null_reason,
    odds.is_simulated
from odds(as_of) as odds
where odds.meeting_date > odds.as_of_date
order by odds.meeting_date
limit 1;

comment on macro table next_meeting_as_of is
    'Odds of the first FOMC meeting after a day by the last settlements up to it: one row; v_next_meeting on that '
    'day.';

create view v_next_meeting as
select next_meeting.*
from next_meeting_as_of((select max(claims.as_of_date) from marts.claims as claims)) as next_meeting;

comment on view v_next_meeting is
    'Odds of the first FOMC meeting after the last session, by the last settlements up to it: one row. The headline '
    'is the range of both conventions, prob_hike_low_pct to prob_hike_high_pct. Implied by futures prices and '
    'risk-neutral: not a forecast.';
comment on column v_next_meeting.as_of_date is 'Last session of the headline pair.';
comment on column v_next_meeting.days_to_meeting is 'Calendar days from as_of_date to the meeting.';
comment on column v_next_meeting.age_days is
    'Calendar days from watch_date to as_of_date; above 7 the odds are stale.';
