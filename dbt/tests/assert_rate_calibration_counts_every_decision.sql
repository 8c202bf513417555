-- Each decision has one outcome, and odds of all three.
with calibration as (
    select * from {{ ref('rate_odds_calibration') }}
),

totals as (
    select
        day_convention,
        outcome,
        sum(decisions) as decisions,
        sum(hits) as hits
    from calibration
    group by
        day_convention,
        outcome
)

select
    day_convention,
    min(decisions) as lowest_decisions,
    max(decisions) as highest_decisions,
    sum(hits) as hits
from totals
group by day_convention
having
    count(*) <> 3
    or min(decisions) <> max(decisions)
    or sum(hits) <> max(decisions)
