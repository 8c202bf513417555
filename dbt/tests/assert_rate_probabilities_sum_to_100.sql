-- Per meeting, within 1e-9; the odds of rate_expectations follow from them; and each has a row where the other has one.
{{ config(meta={'dagster': {'ref': {'name': 'rate_probabilities'}}}) }}

with expectations as (
    select * from {{ ref('rate_expectations') }}
),

probabilities as (
    select * from {{ ref('rate_probabilities') }}
),

totals as (
    select
        watch_date,
        meeting_date,
        day_convention,
        sum(probability_pct) as total_pct,
        min(probability_pct) as lowest_pct
    from probabilities
    group by
        watch_date,
        meeting_date,
        day_convention
),

hikes as (
    select
        probabilities.watch_date,
        probabilities.meeting_date,
        probabilities.day_convention,
        sum(probabilities.probability_pct) as hike_pct
    from probabilities
    inner join expectations
        on
            probabilities.watch_date = expectations.watch_date
            and probabilities.meeting_date = expectations.meeting_date
            and probabilities.day_convention = expectations.day_convention
    where probabilities.target_lower_bp > 100 * expectations.range_lower_pct + 1e-6
    group by
        probabilities.watch_date,
        probabilities.meeting_date,
        probabilities.day_convention
)

select
    expectations.watch_date,
    expectations.meeting_date,
    expectations.day_convention,
    expectations.prob_hike_pct,
    hikes.hike_pct,
    totals.total_pct,
    totals.lowest_pct
from expectations
full outer join totals
    on
        expectations.watch_date = totals.watch_date
        and expectations.meeting_date = totals.meeting_date
        and expectations.day_convention = totals.day_convention
left join hikes
    on
        expectations.watch_date = hikes.watch_date
        and expectations.meeting_date = hikes.meeting_date
        and expectations.day_convention = hikes.day_convention
where
    expectations.watch_date is null
    or (expectations.prob_hike_pct is null and totals.total_pct is not null)
    or (expectations.prob_hike_pct is not null and totals.total_pct is null)
    or totals.lowest_pct <= 0
    or abs(totals.total_pct - 100) > 1e-9
    or abs(expectations.prob_hike_pct - coalesce(hikes.hike_pct, 0)) > 1e-9
