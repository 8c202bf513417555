-- The range in force of the odds against the target of the same day; a decision applies from the day after it on.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'rate_expectations'}}}) }}

with ranges as (
    select distinct
        watch_date,
        range_lower_pct,
        range_upper_pct
    from {{ ref('rate_expectations') }}
),

policy as (
    select * from {{ ref('policy_and_yields') }}
),

meetings as (
    select * from {{ ref('dim_meeting') }}
    where not is_cancelled
)

select
    ranges.watch_date,
    ranges.range_lower_pct,
    ranges.range_upper_pct,
    policy.target_lower_pct,
    policy.target_upper_pct
from ranges
inner join policy
    on ranges.watch_date = policy.rate_date
left join meetings
    on ranges.watch_date = meetings.meeting_date
where
    meetings.meeting_date is null
    and (
        abs(ranges.range_lower_pct - policy.target_lower_pct) > 1e-9
        or abs(ranges.range_upper_pct - policy.target_upper_pct) > 1e-9
        or (ranges.range_lower_pct is null and policy.target_lower_pct is not null)
    )
