-- And a reason stands only where a number is missing. The settlement of the month itself may be missing without one:
-- neighbours without a meeting fix the rates then.
with expectations as (
    select
        watch_date,
        meeting_date,
        day_convention,
        null_reason,
        case
            when
                range_lower_pct is null
                or range_upper_pct is null
                or start_rate_pct is null
                or end_rate_pct is null
                or prob_cut_pct is null
                or prob_hold_pct is null
                or prob_hike_pct is null
                or prob_hike_at_meeting_pct is null
                or meeting_change_bp is null
                or cumulative_change_bp is null
                or solve_direction is null
                or pp_per_half_tick is null
                then 1
            else 0
        end as has_null
    from {{ ref('rate_expectations') }}
)

select
    watch_date,
    meeting_date,
    day_convention,
    null_reason
from expectations
where
    (has_null = 1 and coalesce(null_reason, '') = '')
    or (has_null = 0 and null_reason is not null)
