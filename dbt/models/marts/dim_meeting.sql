with meetings as (
    select * from {{ ref('stg_rates__fomc_meetings') }}
),

sessions as (
    select * from {{ ref('int_calendar__sessions') }}
),

-- only a decision can be the "before" of the next one; a cancelled meeting has none
decisions as (
    select
        meeting_date,
        lag(target_lower_after_pct) over (order by meeting_date) as target_lower_before_pct,
        lag(target_upper_after_pct) over (order by meeting_date) as target_upper_before_pct
    from meetings
    where target_upper_after_pct is not null
),

-- announced while the exchange is open, or on a day without a session (2020-03-15, a Sunday)
first_effects as (
    select
        meetings.meeting_date,
        min(sessions.session_date) as first_effect_session_date
    from meetings
    inner join sessions
        on
            meetings.meeting_date <= sessions.session_date
            and {{ add_days('meetings.meeting_date', 7) }} >= sessions.session_date
    where meetings.cancelled_on is null
    group by meetings.meeting_date
),

changes as (
    select
        meetings.meeting_date,
        meetings.kind,
        meetings.cancelled_on,
        meetings.cancelled_on is not null as is_cancelled,
        decisions.target_lower_before_pct,
        decisions.target_upper_before_pct,
        meetings.target_lower_after_pct,
        meetings.target_upper_after_pct,
        100 * (meetings.target_upper_after_pct - decisions.target_upper_before_pct) as change_bp,
        first_effects.first_effect_session_date,
        meetings.source
    from meetings
    left join decisions
        on meetings.meeting_date = decisions.meeting_date
    left join first_effects
        on meetings.meeting_date = first_effects.meeting_date
),

final as (
    select
        meeting_date,
        kind,
        cancelled_on,
        is_cancelled,
        target_lower_before_pct,
        target_upper_before_pct,
        target_lower_after_pct,
        target_upper_after_pct,
        change_bp,
        case
            when change_bp > 0 then 'hike'
            when change_bp < 0 then 'cut'
            when change_bp = 0 then 'hold'
        end as decision,
        first_effect_session_date,
        source,
        {{ is_simulated() }} as is_simulated
    from changes
)

select * from final
