with levels as (
    select * from {{ ref('int_pairs__levels') }}
),

horizon_anchors as (
    select * from {{ ref('int_calendar__horizon_anchors') }}
),

base_sessions as (
    select * from {{ ref('int_pairs__base_sessions') }}
),

growth as (
    select
        levels.pair_id,
        levels.return_basis,
        levels.session_date,
        horizon_anchors.horizon,
        base_sessions.base_session_date,
        levels.small_level / nullif(base_levels.small_level, 0) as small_growth,
        levels.large_level / nullif(base_levels.large_level, 0) as large_growth
    from levels
    inner join horizon_anchors
        on levels.session_date = horizon_anchors.session_date
    inner join base_sessions
        on
            levels.pair_id = base_sessions.pair_id
            and horizon_anchors.anchor_date = base_sessions.anchor_date
    inner join levels as base_levels
        on
            levels.pair_id = base_levels.pair_id
            and levels.return_basis = base_levels.return_basis
            and base_sessions.base_session_date = base_levels.session_date
    where
        -- one day is one session: over a missing session it would be called a day and be two
        horizon_anchors.horizon <> '1D'
        or base_sessions.base_session_date = horizon_anchors.anchor_date
),

final as (
    select
        pair_id,
        return_basis,
        session_date,
        horizon,
        base_session_date,
        100 * (small_growth - 1) as small_return_pct,
        100 * (large_growth - 1) as large_return_pct,
        100 * (small_growth - large_growth) as gap_pp,
        100 * (small_growth / nullif(large_growth, 0) - 1) as relative_pct
    from growth
)

select * from final
