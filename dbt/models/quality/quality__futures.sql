{#- near: months ahead whose settlements stand for the curve as a whole. -#}
{%- set near_months = 6 -%}
{#- A month's mean holds only where no rate was carried over longer than over a long weekend with a holiday. -#}
{%- set longest_carry_days = 5 -%}

with settlements as (
    select * from {{ ref('stg_rates__fed_funds_futures') }}
),

policy_rates as (
    select * from {{ ref('stg_rates__policy_rates') }}
),

calendar as (
    select * from {{ ref('int_calendar__sessions') }}
),

limits as (
    {{ check_limits([
        'futures_gap.sessions', 'futures_jump.maximum_bp', 'futures_frozen.settlements', 'futures_frozen.curve_move_bp',
        'futures_curve_frozen.settlements', 'futures_final_settle.maximum_bp', 'futures_final_settle.days_to_month_end'
    ]) }}
),

sessions as (
    select
        session_date,
        row_number() over (order by session_date) as session_number
    from calendar
),

live as (
    select
        contract_month,
        session_date as watch_date,
        settle,
        lag(settle) over by_contract as previous_settle,
        lag(session_date) over by_contract as previous_date
    from settlements
    where
        settle is not null
        and contract_month >= {{ start_of_period('session_date', 'month') }}
    window by_contract as (partition by contract_month order by session_date)
),

near_curve as (
    select
        watch_date,
        median(case
            when
                contract_month > {{ start_of_period('watch_date', 'month') }}
                and contract_month <= {{ add_months(start_of_period('watch_date', 'month'), near_months) }}
                then settle
        end) as near_settle
    from live
    group by watch_date
),

watch_dates as (
    select
        watch_date,
        near_settle,
        lag(watch_date) over (order by watch_date) as previous_watch_date,
        row_number() over (order by watch_date) as watch_number
    from near_curve
),

on_sessions as (
    select
        sessions.session_date,
        sessions.session_number,
        lag(sessions.session_number) over (order by sessions.session_number) as previous_number
    from sessions
    inner join watch_dates
        on sessions.session_date = watch_dates.watch_date
),

gaps as (
    select
        'futures_gap' as check_id,
        'all contracts' as series,
        first_missing.session_date as day,
        on_sessions.session_date as known_on,
        on_sessions.session_number - on_sessions.previous_number - 1 as value,
        limits.futures_gap__sessions as threshold,
        cast(on_sessions.session_number - on_sessions.previous_number - 1 as string)
        || ' sessions without any settlement before ' || cast(on_sessions.session_date as string) as finding
    from on_sessions
    cross join limits
    inner join sessions as first_missing
        on on_sessions.previous_number + 1 = first_missing.session_number
    where on_sessions.session_number - on_sessions.previous_number - 1 > limits.futures_gap__sessions
),

-- Changes over one watch date, beside those of the contracts next to it.
changes as (
    select
        live.contract_month,
        live.watch_date,
        watch_dates.watch_number,
        100 * (live.settle - live.previous_settle) as change_bp
    from live
    inner join watch_dates
        on
            live.watch_date = watch_dates.watch_date
            and live.previous_date = watch_dates.previous_watch_date
),

neighbours as (
    select
        *,
        abs(change_bp - lag(change_bp) over of_the_day) as off_before_bp,
        abs(change_bp - lead(change_bp) over of_the_day) as off_after_bp,
        abs(change_bp - lag(change_bp, 2) over of_the_day) as off_two_before_bp,
        abs(change_bp - lead(change_bp, 2) over of_the_day) as off_two_after_bp
    from changes
    window of_the_day as (partition by watch_date order by contract_month)
),

off_neighbours as (
    select
        *,
        -- an end of the curve has one neighbour, which may be the wrong one: the next stands in; least skips nulls
        least(
            off_before_bp,
            off_after_bp,
            case when off_before_bp is null then off_two_after_bp end,
            case when off_after_bp is null then off_two_before_bp end
        ) as off_bp
    from neighbours
),

jumps as (
    select
        'futures_jump' as check_id,
        substr(cast(off_neighbours.contract_month as string), 1, 7) as series,
        off_neighbours.watch_date as day,
        off_neighbours.watch_date as known_on,
        off_neighbours.off_bp as value,
        limits.futures_jump__maximum_bp as threshold,
        'settlement moved ' || {{ said('off_neighbours.change_bp', 1) }} || ' bp, '
        || {{ said('off_neighbours.off_bp', 1) }} || ' bp away from the nearest of the contracts beside it; expected '
        || 'within ' || {{ said('limits.futures_jump__maximum_bp', 0) }} as finding
    from off_neighbours
    cross join limits
    where off_neighbours.off_bp > limits.futures_jump__maximum_bp + 1e-9
),

-- A settlement that stands still while the curve moves is a placeholder, not a price.
settle_runs as (
    select
        live.contract_month,
        live.watch_date,
        live.settle,
        watch_dates.near_settle,
        sum(case when live.settle = live.previous_settle then 0 else 1 end) over (
            partition by live.contract_month order by live.watch_date
            rows between unbounded preceding and current row
        ) as settle_run
    from live
    inner join watch_dates
        on live.watch_date = watch_dates.watch_date
    where live.contract_month > {{ start_of_period('live.watch_date', 'month') }}
),

settle_run_lengths as (
    select
        contract_month,
        watch_date,
        settle,
        settle_run,
        row_number() over of_run as equal_settlements,
        100 * (max(near_settle) over of_run - min(near_settle) over of_run) as curve_move_bp
    from settle_runs
    window of_run as (
        partition by contract_month, settle_run order by watch_date
        rows between unbounded preceding and current row
    )
),

frozen_days as (
    select
        settle_run_lengths.*,
        limits.futures_frozen__curve_move_bp,
        row_number() over (
            partition by settle_run_lengths.contract_month, settle_run_lengths.settle_run
            order by settle_run_lengths.watch_date
        ) as frozen_day
    from settle_run_lengths
    cross join limits
    where
        settle_run_lengths.equal_settlements >= limits.futures_frozen__settlements
        and settle_run_lengths.curve_move_bp >= limits.futures_frozen__curve_move_bp
),

frozen as (
    select
        'futures_frozen' as check_id,
        substr(cast(contract_month as string), 1, 7) as series,
        watch_date as day,
        watch_date as known_on,
        curve_move_bp as value,
        futures_frozen__curve_move_bp as threshold,
        'settlement stands at ' || {{ said('settle', 4) }} || ' for ' || cast(equal_settlements as string)
        || ' watch dates, while the near curve moved by ' || {{ said('curve_move_bp', 1) }} || ' bp' as finding
    from frozen_days
    where frozen_day = 1
),

curve_days as (
    select
        watch_date,
        watch_number,
        count(*) as contracts,
        max(abs(change_bp)) as largest_change_bp
    from changes
    group by
        watch_date,
        watch_number
),

curve_runs as (
    select
        *,
        watch_number - row_number() over (order by watch_number) as unchanged_run
    from curve_days
    where
        largest_change_bp = 0
        and contracts >= 4
),

curve_run_lengths as (
    select
        watch_date,
        contracts,
        row_number() over (partition by unchanged_run order by watch_date) as unchanged_dates
    from curve_runs
),

frozen_curves as (
    select
        'futures_curve_frozen' as check_id,
        'all contracts' as series,
        curve_run_lengths.watch_date as day,
        curve_run_lengths.watch_date as known_on,
        curve_run_lengths.unchanged_dates as value,
        limits.futures_curve_frozen__settlements as threshold,
        'all ' || cast(curve_run_lengths.contracts as string) || ' settlements are those of the day before, for the '
        || cast(curve_run_lengths.unchanged_dates as string) || 'rd time in a row' as finding
    from curve_run_lengths
    cross join limits
    where curve_run_lengths.unchanged_dates = limits.futures_curve_frozen__settlements
),

-- The calendar-day mean of the effective rate: a rate holds until the next one, weekends included.
rate_spells as (
    select
        rate_date,
        effr_pct,
        lead(rate_date) over (order by rate_date) as next_rate_date,
        -- the rate of a day is published on the next session
        cast(lead(available_at_utc) over (order by rate_date) as date) as next_published_on,
        {{ start_of_period('rate_date', 'month') }} as rate_month,
        {{ add_months(start_of_period('rate_date', 'month'), 1) }} as next_month
    from policy_rates
    where effr_pct is not null
),

rate_days as (
    select
        rate_month as mean_month,
        effr_pct,
        {{ days_between('rate_date', 'least(next_rate_date, next_month)') }} as days,
        {{ days_between('rate_date', 'next_rate_date') }} as days_carried,
        next_published_on
    from rate_spells
    where next_rate_date is not null
    union all
    select
        next_month as mean_month,
        effr_pct,
        {{ days_between('next_month', 'next_rate_date') }} as days,
        {{ days_between('rate_date', 'next_rate_date') }} as days_carried,
        next_published_on
    from rate_spells
    where next_rate_date > next_month
),

monthly_means as (
    select
        mean_month,
        sum(effr_pct * days) / sum(days) as mean_effr_pct,
        max(next_published_on) as known_on
    from rate_days
    group by mean_month
    having
        sum(days) = {{ days_between('mean_month', add_months('mean_month', 1)) }}
        and max(days_carried) <= {{ longest_carry_days }}
),

last_settlements as (
    select
        contract_month,
        max(watch_date) as watch_date,
        max_by(settle, watch_date) as settle
    from live
    group by contract_month
),

final_settlements as (
    select
        last_settlements.contract_month,
        last_settlements.watch_date,
        last_settlements.settle,
        monthly_means.mean_effr_pct,
        monthly_means.known_on,
        100 * (100 - last_settlements.settle - monthly_means.mean_effr_pct) as difference_bp
    from last_settlements
    inner join monthly_means
        on last_settlements.contract_month = monthly_means.mean_month
    cross join limits
    where
        {{ days_between('last_settlements.watch_date', add_months('last_settlements.contract_month', 1)) }}
        <= limits.futures_final_settle__days_to_month_end
),

final_findings as (
    select
        'futures_final_settle' as check_id,
        substr(cast(final_settlements.contract_month as string), 1, 7) as series,
        final_settlements.watch_date as day,
        final_settlements.known_on,
        final_settlements.difference_bp as value,
        limits.futures_final_settle__maximum_bp as threshold,
        'last settlement ' || {{ said('final_settlements.settle', 4) }} || ' means '
        || {{ said('100 - final_settlements.settle', 4) }} || ' %, the month came out at '
        || {{ said('final_settlements.mean_effr_pct', 4) }} || ' %' as finding
    from final_settlements
    cross join limits
    where abs(final_settlements.difference_bp) > limits.futures_final_settle__maximum_bp
),

final as (
    select * from gaps
    union all
    select * from jumps
    union all
    select * from frozen
    union all
    select * from frozen_curves
    union all
    select * from final_findings
)

select * from final
