with event_windows as (
    select * from {{ ref('int_research__event_windows') }}
),

final as (
    select
        event_id,
        pair_id,
        window_start_session,
        window_end_session,
        alpha_pct_per_day,
        beta,
        sigma_pct_per_day,
        car_pct,
        car_t,
        car_t_naive,
        car_market_adjusted_pct,
        bhar_pct,
        is_pooled,
        events_pooled,
        estimation_sessions,
        kind,
        event_date,
        window_start_date,
        window_end_date,
        known_on,
        reason,
        {{ is_simulated() }} as is_simulated
    from event_windows
)

select * from final
