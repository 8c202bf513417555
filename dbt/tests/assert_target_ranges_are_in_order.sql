-- A decision has both ends of the range, the lower one first; a cancelled meeting decides nothing.
with meetings as (
    select * from {{ ref('stg_rates__fomc_meetings') }}
)

select
    meeting_date,
    cancelled_on,
    target_lower_after_pct,
    target_upper_after_pct
from meetings
where
    target_lower_after_pct > target_upper_after_pct
    or (target_lower_after_pct is null and target_upper_after_pct is not null)
    or (target_lower_after_pct is not null and target_upper_after_pct is null)
    or (cancelled_on is not null and target_upper_after_pct is not null)
