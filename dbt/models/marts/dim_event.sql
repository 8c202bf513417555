with events as (
    select * from {{ ref('events') }}
),

meetings as (
    select * from {{ ref('dim_meeting') }}
),

sessions as (
    select * from {{ ref('int_calendar__sessions') }}
),

-- FOMC changes are written once, in the meetings
all_events as (
    select
        event_id,
        event_date,
        kind,
        name,
        first_effect,
        is_anchor,
        cast(null as double) as change_bp,
        source
    from events
    union all
    select
        concat_ws('', 'fomc_', cast(meeting_date as string)) as event_id,
        meeting_date as event_date,
        'fomc_change' as kind,
        concat_ws('', 'FOMC ', decision, ' of ', {{ said('abs(change_bp)', 0) }}, ' bp, ', kind) as name,
        'same_session' as first_effect,
        false as is_anchor,
        change_bp,
        source
    from meetings
    where
        change_bp <> 0
        and not is_cancelled
),

first_effects as (
    select
        all_events.event_id,
        min(sessions.session_date) as first_effect_session_date
    from all_events
    inner join sessions
        on
            all_events.event_date <= sessions.session_date
            and {{ add_days('all_events.event_date', 7) }} >= sessions.session_date
            and (
                all_events.event_date < sessions.session_date
                or all_events.first_effect = 'same_session'
            )
    group by all_events.event_id
),

final as (
    select
        all_events.event_id,
        all_events.event_date,
        all_events.kind,
        all_events.name,
        all_events.first_effect,
        first_effects.first_effect_session_date,
        all_events.is_anchor,
        all_events.change_bp,
        all_events.source,
        {{ is_simulated() }} as is_simulated
    from all_events
    left join first_effects
        on all_events.event_id = first_effects.event_id
)

select * from final
