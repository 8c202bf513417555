-- Cut, hold and hike are all the cases there are; the changes of the meetings add up to the cumulative one.
with expectations as (
    select * from {{ ref('rate_expectations') }}
),

summed as (
    select
        watch_date,
        meeting_date,
        day_convention,
        prob_cut_pct,
        prob_hold_pct,
        prob_hike_pct,
        prob_hike_at_meeting_pct,
        cumulative_change_bp,
        sum(meeting_change_bp) over (
            partition by watch_date, day_convention
            order by meeting_date
            rows between unbounded preceding and current row
        ) as sum_of_changes_bp
    from expectations
)

select
    watch_date,
    meeting_date,
    day_convention,
    prob_cut_pct,
    prob_hold_pct,
    prob_hike_pct,
    cumulative_change_bp,
    sum_of_changes_bp
from summed
where
    abs(prob_cut_pct + prob_hold_pct + prob_hike_pct - 100) > 1e-9
    or prob_cut_pct < 0
    or prob_hold_pct < 0
    or prob_hike_pct < 0
    or prob_hike_at_meeting_pct not between 0 and 100
    or abs(cumulative_change_bp - sum_of_changes_bp) > 1e-6
