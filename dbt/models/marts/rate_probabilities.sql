with odds as (
    select * from {{ ref('int_rates__meeting_odds') }}
),

exploded as (
    select
        watch_date,
        meeting_date,
        day_convention,
        {{ explode_list('outcomes') }} as outcome
    from odds
),

final as (
    select
        exploded.watch_date,
        exploded.meeting_date,
        exploded.day_convention,
        exploded.outcome.target_lower_bp,
        exploded.outcome.target_upper_bp,
        exploded.outcome.probability_pct,
        {{ is_simulated() }} as is_simulated
    from exploded
)

select * from final
