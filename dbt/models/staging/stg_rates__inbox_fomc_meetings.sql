with current_meetings as (
    {{ current_rows('fomc_meetings') }}
),

cleaned as (
    select
        meeting_date,
        kind,
        cancelled_on,
        {{ nan_to_null('target_lower_after_pct') }} as target_lower_after_pct,
        {{ nan_to_null('target_upper_after_pct') }} as target_upper_after_pct,
        source
    from current_meetings
),

final as (
    select
        meeting_date,
        kind,
        cancelled_on,
        target_lower_after_pct,
        coalesce(target_upper_after_pct, target_lower_after_pct) as target_upper_after_pct,
        source
    from cleaned
)

select * from final
