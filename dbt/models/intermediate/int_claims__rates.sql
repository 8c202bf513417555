{#- Odds or a regression older than this many days are no odds of the day. -#}
{%- set stale_days = 5 -%}
{%- set significant_t = 1.96 -%}

with days as (
    select * from {{ ref('int_claims__days') }}
),

sensitivity as (
    select * from {{ ref('rate_sensitivity') }}
),

expectations as (
    select * from {{ ref('rate_expectations') }}
    where is_next_meeting
),

pairs as (
    select * from {{ ref('pairs') }}
),

-- claim 7

regressions as (
    select
        sensitivity.window_end,
        sensitivity.window_id,
        sensitivity.window_start,
        sensitivity.observations,
        sensitivity.reason,
        sensitivity.window_id || '_controlled' as convention,
        sensitivity.controlled_coefficient_pct_per_bp as coefficient,
        sensitivity.controlled_t_hac as t_value
    from sensitivity
    inner join pairs on sensitivity.pair_id = pairs.pair_id
    where
        pairs.is_headline
        and sensitivity.window_id in ('since_election', 'rolling_252d')
    union all
    select
        sensitivity.window_end,
        sensitivity.window_id,
        sensitivity.window_start,
        sensitivity.observations,
        sensitivity.reason,
        sensitivity.window_id || '_raw' as convention,
        sensitivity.coefficient_pct_per_bp as coefficient,
        sensitivity.t_hac as t_value
    from sensitivity
    inner join pairs on sensitivity.pair_id = pairs.pair_id
    where
        pairs.is_headline
        and sensitivity.window_id in ('since_election', 'rolling_252d')
),

regressions_of_the_day as (
    select
        days.framing,
        days.as_of_date,
        regressions.*,
        row_number() over (
            partition by days.framing, days.as_of_date, regressions.convention
            order by regressions.window_end desc
        ) as window_from_latest
    from days
    inner join regressions
        on
            days.as_of_date >= regressions.window_end
            and days.as_of_date <= {{ add_days('regressions.window_end', stale_days) }}
),

trouble as (
    select
        7 as claim_id,
        framing,
        as_of_date,
        convention,
        coefficient as value,
        t_value <= -{{ significant_t }} as is_also_true,
        case when coefficient is null then coalesce(reason, 'no regression') end as missing_reason,
        't ' || {{ said('t_value', 2) }} || ', ' || cast(observations as string) || ' sessions from '
        || cast(window_start as string) as reason,
        window_end as inputs_as_of
    from regressions_of_the_day
    where window_from_latest = 1
),

-- claim 8

odds as (
    select
        watch_date,
        meeting_date,
        max(case when day_convention = 'post' then prob_hike_pct end) as post_pct,
        max(case when day_convention = 'pre' then prob_hike_pct end) as pre_pct,
        max(null_reason) as null_reason
    from expectations
    group by
        watch_date,
        meeting_date
),

odds_of_the_day as (
    select
        days.framing,
        days.as_of_date,
        odds.*,
        row_number() over (
            partition by days.framing, days.as_of_date
            order by odds.watch_date desc
        ) as watch_date_from_latest
    from days
    inner join odds
        on
            days.as_of_date >= odds.watch_date
            and days.as_of_date <= {{ add_days('odds.watch_date', stale_days) }}
            -- a meeting that has been is not the next one any more
            and days.as_of_date < odds.meeting_date
),

conventions as (
    select 'both' as convention
    union all
    select 'post' as convention
    union all
    select 'pre' as convention
),

expected as (
    select
        8 as claim_id,
        odds_of_the_day.framing,
        odds_of_the_day.as_of_date,
        conventions.convention,
        case conventions.convention
            when 'post' then odds_of_the_day.post_pct
            when 'pre' then odds_of_the_day.pre_pct
            else
                case
                    when odds_of_the_day.post_pct is not null and odds_of_the_day.pre_pct is not null
                        then least(odds_of_the_day.post_pct, odds_of_the_day.pre_pct)
                end
        end as value,
        true as is_also_true,
        odds_of_the_day.null_reason,
        'meeting of ' || cast(odds_of_the_day.meeting_date as string) || ': '
        || {{ said('odds_of_the_day.post_pct', 1) }} || ' % (post), '
        || {{ said('odds_of_the_day.pre_pct', 1) }} || ' % (pre); market-implied, not a forecast' as reason,
        odds_of_the_day.watch_date as inputs_as_of
    from odds_of_the_day
    cross join conventions
    where odds_of_the_day.watch_date_from_latest = 1
),

final as (
    select * from trouble
    union all
    select
        claim_id,
        framing,
        as_of_date,
        convention,
        value,
        is_also_true,
        case when value is null then 'no odds: ' || coalesce(null_reason, 'unknown') end as missing_reason,
        reason,
        inputs_as_of
    from expected
)

select * from final
