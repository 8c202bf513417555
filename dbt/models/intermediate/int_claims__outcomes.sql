{#- A fall of this depth and more is the one that claim 10 sees coming. -#}
{%- set fall_pct = -3 -%}

with days as (
    select * from {{ ref('int_claims__days') }}
),

pairs as (
    select * from {{ ref('pairs') }}
    where is_headline
),

rest_of_year as (
    select * from {{ ref('int_signals__rest_of_year_outcomes') }}
),

forward as (
    select forward_outcomes.*
    from {{ ref('int_signals__forward_outcomes') }} as forward_outcomes
    inner join pairs on forward_outcomes.symbol = pairs.large_symbol
),

signals as (
    select * from {{ ref('int_claims__signals') }}
    where claim_id = 10
),

expectations as (
    select * from {{ ref('rate_expectations') }}
    where
        is_next_meeting
        and day_convention = 'post'
),

meetings as (
    select * from {{ ref('dim_meeting') }}
),

watch_dates as (
    select max(watch_date) as last_watch_date
    from expectations
),

-- claim 8: what the Committee decided at the meeting that was the next one

next_meetings as (
    select
        days.framing,
        days.as_of_date,
        min(expectations.meeting_date) as meeting_date
    from days
    inner join expectations
        on
            days.as_of_date >= expectations.watch_date
            and days.as_of_date <= {{ add_days('expectations.watch_date', 5) }}
            and days.as_of_date < expectations.meeting_date
    group by
        days.framing,
        days.as_of_date
),

conventions as (
    select 'both' as convention
    union all
    select 'post' as convention
    union all
    select 'pre' as convention
),

decisions as (
    select
        8 as claim_id,
        next_meetings.framing,
        next_meetings.as_of_date,
        conventions.convention,
        next_meetings.meeting_date as horizon_end,
        case when watch_dates.last_watch_date >= meetings.meeting_date then meetings.change_bp end as outcome_value,
        'basis points' as unit,
        case
            when meetings.change_bp is null or watch_dates.last_watch_date < meetings.meeting_date then 'pending'
            when meetings.change_bp > 0 then 'came_true'
            else 'did_not'
        end as result,
        case when watch_dates.last_watch_date >= meetings.meeting_date then meetings.decision end as detail
    from next_meetings
    inner join meetings on next_meetings.meeting_date = meetings.meeting_date
    cross join watch_dates
    cross join conventions
),

-- claim 10

first_falls as (
    select rest_of_year.*
    from rest_of_year
    inner join pairs on rest_of_year.symbol = pairs.large_symbol
),

falls as (
    select
        10 as claim_id,
        signals.framing,
        signals.as_of_date,
        signals.convention,
        signals.horizon_end,
        case
            when signals.convention = 'rest_of_year' then first_falls.deepest_drawdown_pct
            else forward.deepest_drawdown_pct
        end as outcome_value,
        case
            when signals.convention = 'rest_of_year' then first_falls.is_complete
            else forward.outcome_end_date is not null
        end as is_complete,
        'first fall of 3 % on ' || coalesce(cast(first_falls.first_fall_3_date as string), 'no day so far')
        || ', of 5 % on ' || coalesce(cast(first_falls.first_fall_5_date as string), 'no day so far') as detail
    from signals
    left join first_falls on signals.as_of_date = first_falls.session_date
    left join forward
        on
            signals.as_of_date = forward.session_date
            and signals.convention = 'next_' || cast(forward.horizon_sessions as string) || '_sessions'
    where
        signals.horizon_end is not null
        and signals.horizon_end > signals.as_of_date
),

-- claim 13

years as (
    select
        13 as claim_id,
        days.framing,
        days.as_of_date,
        case when rest_of_year.symbol = pairs.large_symbol then 'large_caps' else 'small_caps' end as convention,
        rest_of_year.year_end_date as horizon_end,
        rest_of_year.return_pct as outcome_value,
        rest_of_year.is_complete
    from days
    cross join pairs
    inner join rest_of_year
        on
            days.as_of_date = rest_of_year.session_date
            and (pairs.large_symbol = rest_of_year.symbol or pairs.small_symbol = rest_of_year.symbol)
    where rest_of_year.year_end_date > days.as_of_date
),

final as (
    select * from decisions
    union all
    select
        claim_id,
        framing,
        as_of_date,
        convention,
        horizon_end,
        case when is_complete then outcome_value end as outcome_value,
        'percent' as unit,
        case
            when not is_complete or outcome_value is null then 'pending'
            when outcome_value <= {{ fall_pct }} then 'came_true'
            else 'did_not'
        end as result,
        detail
    from falls
    union all
    select
        claim_id,
        framing,
        as_of_date,
        convention,
        horizon_end,
        case when is_complete then outcome_value end as outcome_value,
        'percent' as unit,
        case
            when not is_complete or outcome_value is null then 'pending'
            when outcome_value > 0 then 'came_true'
            else 'did_not'
        end as result,
        cast(null as string) as detail
    from years
)

select * from final
