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
        watch_date,
        meeting_date,
        day_convention,
        outcome.target_lower_bp as target_lower_bp,
        outcome.target_upper_bp as target_upper_bp,
        outcome.probability_pct as probability_pct,
        {{ is_simulated() }} as is_simulated
    from exploded
)

select * from final
