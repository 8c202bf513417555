with seed_meetings as (
    select * from {{ ref('fomc_meetings') }}
),

inbox_meetings as (
    select * from {{ ref('stg_rates__inbox_fomc_meetings') }}
),

-- a row of the inbox replaces the whole row of the seed: it corrects a kind, a cancellation or a target
final as (
    select
        seed_meetings.meeting_date,
        seed_meetings.kind,
        seed_meetings.cancelled_on,
        seed_meetings.target_lower_after_pct,
        seed_meetings.target_upper_after_pct,
        seed_meetings.source
    from seed_meetings
    left join inbox_meetings
        on seed_meetings.meeting_date = inbox_meetings.meeting_date
    where inbox_meetings.meeting_date is null
    union all
    select
        meeting_date,
        kind,
        cancelled_on,
        target_lower_after_pct,
        target_upper_after_pct,
        source
    from inbox_meetings
)

select * from final
