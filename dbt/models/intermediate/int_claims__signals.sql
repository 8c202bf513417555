{#- Scorecards are made at year ends; one older than this says nothing about the day. -#}
{%- set scorecard_days = 400 -%}
{%- set years_needed = 5 -%}

with days as (
    select * from {{ ref('int_claims__days') }}
),

pairs as (
    select * from {{ ref('pairs') }}
    where is_headline
),

scorecard as (
    select signal_scorecard.*
    from {{ ref('signal_scorecard') }} as signal_scorecard
    inner join pairs on signal_scorecard.pair_id = pairs.pair_id
    -- the card of the last day of the data is another one as soon as data come
    where signal_scorecard.is_year_end
),

signals as (
    select signal_daily.*
    from {{ ref('signal_daily') }} as signal_daily
    inner join pairs on signal_daily.pair_id = pairs.pair_id
),

base_rates as (
    select base_rates.*
    from {{ ref('int_signals__rest_of_year') }} as base_rates
    inner join pairs on base_rates.symbol = pairs.large_symbol
),

levels as (
    select levels.*
    from {{ ref('int_pairs__levels') }} as levels
    inner join pairs on levels.pair_id = pairs.pair_id
    where levels.return_basis = 'price'
),

sessions as (
    select
        *,
        max(session_date) over (partition by calendar_year) as year_end_date
    from {{ ref('int_calendar__sessions') }}
),

-- claim 9

cards as (
    select
        sample_end,
        signal_id,
        lower(signal_id) || '_' || cast(horizon_sessions as string) || '_sessions' as convention,
        on_days,
        episodes,
        reason,
        excess_drawdown_3_pp as excess_pp,
        excess_drawdown_3_ci_low_pp as ci_low_pp,
        excess_drawdown_3_ci_high_pp as ci_high_pp,
        p_drawdown_3_on_pct as on_pct,
        p_drawdown_3_all_pct as all_pct
    from scorecard
    union all
    select
        sample_end,
        signal_id,
        's3_63_sessions_5' as convention,
        on_days,
        episodes,
        reason,
        excess_drawdown_5_pp as excess_pp,
        excess_drawdown_5_ci_low_pp as ci_low_pp,
        excess_drawdown_5_ci_high_pp as ci_high_pp,
        p_drawdown_5_on_pct as on_pct,
        p_drawdown_5_all_pct as all_pct
    from scorecard
    where
        signal_id = 'S3'
        and horizon_sessions = 63
),

cards_of_the_day as (
    select
        days.framing,
        days.as_of_date,
        cards.*,
        row_number() over (
            partition by days.framing, days.as_of_date, cards.convention
            order by cards.sample_end desc
        ) as card_from_latest
    from days
    inner join cards
        on
            days.as_of_date >= cards.sample_end
            and days.as_of_date <= {{ add_days('cards.sample_end', scorecard_days) }}
),

warning as (
    select
        9 as claim_id,
        cards_of_the_day.framing,
        cards_of_the_day.as_of_date,
        cards_of_the_day.convention,
        cards_of_the_day.excess_pp as value,
        cards_of_the_day.ci_low_pp > 0 as is_also_true,
        case
            when cards_of_the_day.excess_pp is null or cards_of_the_day.ci_low_pp is null
                then coalesce(cards_of_the_day.reason, 'no interval')
        end as missing_reason,
        cards_of_the_day.signal_id
        || case
            when signals.is_on then ' is on'
            when not signals.is_on then ' is off'
            else ' is not defined'
        end
        || '; after it ' || {{ said('cards_of_the_day.on_pct', 1) }} || ' %, on all days '
        || {{ said('cards_of_the_day.all_pct', 1) }} || ' %; interval '
        || {{ said('cards_of_the_day.ci_low_pp', 1) }} || ' to '
        || {{ said('cards_of_the_day.ci_high_pp', 1) }} || ' pp over '
        || cast(cards_of_the_day.episodes as string) || ' episodes' as reason,
        cards_of_the_day.sample_end as inputs_as_of,
        cast(null as date) as horizon_end
    from cards_of_the_day
    left join signals
        on
            cards_of_the_day.signal_id = signals.signal_id
            and cards_of_the_day.as_of_date = signals.session_date
    where cards_of_the_day.card_from_latest = 1
),

-- claim 10

session_numbers as (
    select
        session_date,
        year_end_date,
        row_number() over (order by session_date) as session_number
    from sessions
),

ahead as (
    select
        base_rates.session_date,
        base_rates.horizon_id,
        base_rates.horizon_sessions,
        base_rates.base_days,
        base_rates.p_drawdown_3_pct,
        base_rates.p_drawdown_3_to_5_pct,
        ends.session_date as horizon_end
    from base_rates
    inner join session_numbers on base_rates.session_date = session_numbers.session_date
    left join session_numbers as ends
        on session_numbers.session_number + base_rates.horizon_sessions = ends.session_number
),

fall as (
    select
        10 as claim_id,
        days.framing,
        days.as_of_date,
        case ahead.horizon_id
            when 'rest_of_year' then 'rest_of_year'
            else 'next_' || ahead.horizon_id || '_sessions'
        end as convention,
        ahead.p_drawdown_3_pct as value,
        true as is_also_true,
        case
            when ahead.horizon_sessions = 0 then 'the year has no session left'
        end as missing_reason,
        coalesce(
            'base rate: ' || {{ said('ahead.p_drawdown_3_pct', 1) }} || ' % of '
            || cast(ahead.base_days as string) || ' earlier days saw a fall of 3 % or more within '
            || cast(ahead.horizon_sessions as string) || ' sessions, '
            || {{ said('ahead.p_drawdown_3_to_5_pct', 1) }} || ' % one of 3 to 5 %'
            || case when ahead.p_drawdown_3_pct >= 95 then ': nearly unfalsifiable' else '' end,
            'no earlier day with a horizon that has ended'
        ) as reason,
        ahead.session_date as inputs_as_of,
        ahead.horizon_end
    from days
    inner join ahead on days.as_of_date = ahead.session_date
),

-- claim 13: earlier years from the same session number to their end

places as (
    select
        levels.session_date,
        sessions.calendar_year,
        sessions.session_number_of_year,
        sessions.year_end_date,
        levels.small_level,
        levels.large_level
    from levels
    inner join sessions on levels.session_date = sessions.session_date
),

rests as (
    select
        places.calendar_year,
        places.session_number_of_year,
        year_ends.small_level / nullif(places.small_level, 0) - 1 as small_return,
        year_ends.large_level / nullif(places.large_level, 0) - 1 as large_return
    from places
    inner join places as year_ends on places.year_end_date = year_ends.session_date
    where places.session_date < places.year_end_date
),

earlier_years as (
    select
        places.session_date,
        places.year_end_date,
        count(*) as years,
        100 * avg(case when rests.large_return > 0 then 1 else 0 end) as large_rose_pct,
        100 * avg(case when rests.small_return > 0 then 1 else 0 end) as small_rose_pct
    from places
    inner join rests
        on
            places.session_number_of_year = rests.session_number_of_year
            and places.calendar_year > rests.calendar_year
    group by
        places.session_date,
        places.year_end_date
),

sides as (
    select 'large_caps' as convention
    union all
    select 'small_caps' as convention
),

rest_of_the_year as (
    select
        13 as claim_id,
        days.framing,
        days.as_of_date,
        sides.convention,
        case
            when earlier_years.years >= {{ years_needed }}
                then case sides.convention
                        when 'large_caps' then earlier_years.large_rose_pct
                        else earlier_years.small_rose_pct
                    end
        end as value,
        true as is_also_true,
        case when places.session_date = places.year_end_date then 'the year has no session left' end as missing_reason,
        case
            when earlier_years.years >= {{ years_needed }}
                then 'base rate over ' || cast(earlier_years.years as string) || ' earlier years'
            else 'fewer than {{ years_needed }} earlier years for a base rate'
        end as reason,
        places.session_date as inputs_as_of,
        places.year_end_date as horizon_end
    from days
    inner join places on days.as_of_date = places.session_date
    cross join sides
    left join earlier_years on places.session_date = earlier_years.session_date
),

final as (
    select * from warning
    union all
    select * from fall
    union all
    select * from rest_of_the_year
)

select * from final
