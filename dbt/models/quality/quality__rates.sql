{#- Maturities in the order of the curve. -#}
{%- set tenors = [
    '1mo', '1.5mo', '2mo', '3mo', '4mo', '6mo', '1yr', '2yr', '3yr', '5yr', '7yr', '10yr', '20yr', '30yr'
] -%}
{%- set bills = "'1mo', '1.5mo', '2mo', '3mo', '4mo', '6mo'" -%}

with policy_rates as (
    select
        *,
        -- the rate of a day is published on the next session
        cast(available_at_utc as date) as published_on
    from {{ ref('stg_rates__policy_rates') }}
),

yields as (
    select * from {{ ref('stg_rates__treasury_yields') }}
),

meetings as (
    select * from {{ ref('dim_meeting') }}
    where not is_cancelled
),

calendar as (
    select * from {{ ref('int_calendar__sessions') }}
),

limits as (
    {{ check_limits([
        'rates_effr_far_from_target.maximum_pp', 'rates_yield_jump.notes_bp', 'rates_yield_jump.bills_bp',
        'rates_yield_frozen.tenors'
    ]) }}
),

bank_days as (
    select
        session_date,
        row_number() over (order by session_date) as day_number
    from calendar
    where not {{ is_bank_holiday('session_date') }}
),

days_held as (
    select
        'rates_effr_gap' as check_id,
        'EFFR' as series,
        rate_date,
        published_on
    from policy_rates
    where effr_pct is not null
    union all
    select distinct
        'rates_yield_gap' as check_id,
        'all tenors' as series,
        rate_date,
        rate_date as published_on
    from yields
),

numbered_days as (
    select
        days_held.check_id,
        days_held.series,
        days_held.published_on,
        bank_days.session_date,
        bank_days.day_number,
        lag(bank_days.day_number) over (
            partition by days_held.check_id order by bank_days.day_number
        ) as previous_number
    from days_held
    inner join bank_days
        on days_held.rate_date = bank_days.session_date
),

gaps as (
    select
        numbered_days.check_id,
        numbered_days.series,
        first_missing.session_date as day,
        numbered_days.published_on as known_on,
        numbered_days.day_number - numbered_days.previous_number - 1 as value,
        cast(0 as double) as threshold,
        cast(numbered_days.day_number - numbered_days.previous_number - 1 as string)
        || ' bank days without a rate before ' || cast(numbered_days.session_date as string) as finding
    from numbered_days
    inner join bank_days as first_missing
        on numbered_days.previous_number + 1 = first_missing.day_number
    where numbered_days.day_number - numbered_days.previous_number > 1
),

weekends as (
    select
        'rates_effr_weekend' as check_id,
        'EFFR' as series,
        rate_date as day,
        published_on as known_on,
        effr_pct as value,
        cast(null as double) as threshold,
        'a rate of ' || {{ said('effr_pct') }} || ' % for a day of the weekend' as finding
    from policy_rates
    where {{ iso_day_of_week('rate_date') }} > 5
),

beside_target as (
    select
        rate_date,
        published_on,
        effr_pct,
        target_lower_pct,
        target_upper_pct,
        greatest(target_lower_pct - effr_pct, effr_pct - target_upper_pct) as outside_pp,
        target_lower_pct < target_upper_pct as is_range
    from policy_rates
    where target_lower_pct is not null
),

outside_range as (
    select
        'rates_effr_outside_range' as check_id,
        'EFFR' as series,
        rate_date as day,
        published_on as known_on,
        outside_pp as value,
        cast(0 as double) as threshold,
        'effective rate ' || {{ said('effr_pct') }} || ' % outside the target range '
        || {{ said('target_lower_pct') }} || ' to ' || {{ said('target_upper_pct') }} as finding
    from beside_target
    where
        is_range
        and outside_pp > 1e-9
),

far_from_target as (
    select
        'rates_effr_far_from_target' as check_id,
        'EFFR' as series,
        beside_target.rate_date as day,
        beside_target.published_on as known_on,
        beside_target.outside_pp as value,
        limits.rates_effr_far_from_target__maximum_pp as threshold,
        'effective rate ' || {{ said('beside_target.effr_pct') }} || ' %, target '
        || {{ said('beside_target.target_lower_pct') }} || ' to '
        || {{ said('beside_target.target_upper_pct') }} || ' %' as finding
    from beside_target
    cross join limits
    where beside_target.outside_pp > limits.rates_effr_far_from_target__maximum_pp
),

decided_spells as (
    select
        meeting_date,
        target_lower_after_pct,
        target_upper_after_pct,
        lead(meeting_date) over (order by meeting_date) as next_meeting_date
    from meetings
    where target_upper_after_pct is not null
),

-- The day of an announcement is left out: its target was told as the old one or as the new one over the years.
targets as (
    select
        'rates_target_against_decisions' as check_id,
        'target' as series,
        beside_target.rate_date as day,
        beside_target.published_on as known_on,
        beside_target.target_upper_pct as value,
        decided_spells.target_upper_after_pct as threshold,
        'target ' || {{ said('beside_target.target_lower_pct') }} || ' to '
        || {{ said('beside_target.target_upper_pct') }} || ' %, decided on '
        || cast(decided_spells.meeting_date as string) || ' was '
        || {{ said('decided_spells.target_lower_after_pct') }} || ' to '
        || {{ said('decided_spells.target_upper_after_pct') }} || ' %' as finding
    from beside_target
    inner join decided_spells
        on
            beside_target.rate_date > decided_spells.meeting_date
            and (
                decided_spells.next_meeting_date is null
                or beside_target.rate_date < decided_spells.next_meeting_date
            )
    where
        abs(beside_target.target_lower_pct - decided_spells.target_lower_after_pct) > 1e-9
        or abs(beside_target.target_upper_pct - decided_spells.target_upper_after_pct) > 1e-9
),

curve_dates as (
    select
        rate_date,
        lag(rate_date) over (order by rate_date) as previous_curve_date,
        lead(rate_date) over (order by rate_date) as next_curve_date
    from (select distinct rate_date from yields) as dates
),

on_curve as (
    select
        yields.tenor,
        case yields.tenor
            {% for tenor in tenors %}
                when '{{ tenor }}' then {{ loop.index }}
            {% endfor %}
        end as place,
        yields.rate_date,
        curve_dates.previous_curve_date,
        curve_dates.next_curve_date,
        yields.par_yield_pct,
        lag(yields.rate_date) over by_tenor as previous_date,
        lead(yields.rate_date) over by_tenor as next_date,
        100 * (yields.par_yield_pct - lag(yields.par_yield_pct) over by_tenor) as change_bp
    from yields
    inner join curve_dates
        on yields.rate_date = curve_dates.rate_date
    where yields.par_yield_pct is not null
    window by_tenor as (partition by yields.tenor order by yields.rate_date)
),

tenors_gone as (
    select
        'rates_tenor_set' as check_id,
        tenor as series,
        next_curve_date as day,
        next_curve_date as known_on,
        cast(null as double) as value,
        cast(null as double) as threshold,
        'no yield, and there was one on ' || cast(rate_date as string) as finding
    from on_curve
    where
        next_curve_date is not null
        and (next_date is null or next_date > next_curve_date)
),

tenors_new as (
    select
        'rates_tenor_set' as check_id,
        tenor as series,
        rate_date as day,
        rate_date as known_on,
        par_yield_pct as value,
        cast(null as double) as threshold,
        'first yield of this maturity, years into the history of the curve' as finding
    from on_curve
    where
        previous_date is null
        and previous_curve_date is not null
),

curve_changes as (
    select
        *,
        abs(change_bp - lag(change_bp) over of_the_day) as off_before_bp,
        abs(change_bp - lead(change_bp) over of_the_day) as off_after_bp,
        abs(change_bp - lag(change_bp, 2) over of_the_day) as off_two_before_bp,
        abs(change_bp - lead(change_bp, 2) over of_the_day) as off_two_after_bp
    from on_curve
    where previous_date = previous_curve_date
    window of_the_day as (partition by rate_date order by place)
),

off_curve as (
    select
        curve_changes.*,
        -- an end of the curve has one neighbour, which may be the wrong one: the next stands in; least skips nulls
        least(
            curve_changes.off_before_bp,
            curve_changes.off_after_bp,
            case when curve_changes.off_before_bp is null then curve_changes.off_two_after_bp end,
            case when curve_changes.off_after_bp is null then curve_changes.off_two_before_bp end
        ) as off_bp,
        case
            when curve_changes.tenor in ({{ bills }}) then limits.rates_yield_jump__bills_bp
            else limits.rates_yield_jump__notes_bp
        end as maximum_bp
    from curve_changes
    cross join limits
),

yield_jumps as (
    select
        'rates_yield_jump' as check_id,
        tenor as series,
        rate_date as day,
        rate_date as known_on,
        off_bp as value,
        maximum_bp as threshold,
        'yield moved ' || {{ said('change_bp', 0) }} || ' bp, ' || {{ said('off_bp', 0) }}
        || ' bp away from the nearest of the maturities beside it; expected within ' || {{ said('maximum_bp', 0) }}
            as finding
    from off_curve
    where off_bp > maximum_bp + 1e-9
),

frozen_curves as (
    select
        'rates_yield_frozen' as check_id,
        'all tenors' as series,
        curve_changes.rate_date as day,
        curve_changes.rate_date as known_on,
        count(*) as value,
        max(limits.rates_yield_frozen__tenors) as threshold,
        'all ' || cast(count(*) as string) || ' yields are those of the day before' as finding
    from curve_changes
    cross join limits
    group by curve_changes.rate_date
    having
        max(abs(curve_changes.change_bp)) = 0
        and count(*) >= max(limits.rates_yield_frozen__tenors)
),

final as (
    select * from gaps
    union all
    select * from weekends
    union all
    select * from outside_range
    union all
    select * from far_from_target
    union all
    select * from targets
    union all
    select * from tenors_gone
    union all
    select * from tenors_new
    union all
    select * from yield_jumps
    union all
    select * from frozen_curves
)

select * from final
