with odds as (
    select * from {{ ref('int_rates__meeting_odds') }}
),

final as (
    select
        watch_date,
        meeting_date,
        day_convention,
        is_next_meeting,
        range_lower_pct,
        range_upper_pct,
        implied_average_pct,
        start_rate_pct,
        end_rate_pct,
        prob_cut_pct,
        prob_hold_pct,
        prob_hike_pct,
        prob_hike_at_meeting_pct,
        meeting_change_bp,
        cumulative_change_bp,
        solve_direction,
        pp_per_half_tick,
        null_reason,
        {{ is_simulated() }} as is_simulated
    from odds
)

select * from final
