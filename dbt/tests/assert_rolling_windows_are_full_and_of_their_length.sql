-- Nothing before a window is full; and the 252-session drawdown of the last 300 sessions read a second way, by a join.
with relative_performance as (
    select * from {{ ref('relative_performance') }}
),

numbered as (
    select
        pair_id,
        return_basis,
        session_date,
        ratio,
        ratio_drawdown_252d_pct,
        beta_63d,
        beta_252d,
        row_number() over (partition by pair_id, return_basis order by session_date) as session_number,
        count(*) over (partition by pair_id, return_basis) as number_of_sessions
    from relative_performance
),

recent as (
    select
        recent_sessions.pair_id,
        recent_sessions.return_basis,
        recent_sessions.session_date,
        recent_sessions.ratio,
        recent_sessions.ratio_drawdown_252d_pct,
        max(window_sessions.ratio) as highest_ratio
    from numbered as recent_sessions
    inner join numbered as window_sessions
        on
            recent_sessions.pair_id = window_sessions.pair_id
            and recent_sessions.return_basis = window_sessions.return_basis
            and recent_sessions.session_number - 252 < window_sessions.session_number
            and recent_sessions.session_number >= window_sessions.session_number
    where
        recent_sessions.session_number > recent_sessions.number_of_sessions - 300
        and recent_sessions.session_number >= 252
    group by
        recent_sessions.pair_id,
        recent_sessions.return_basis,
        recent_sessions.session_date,
        recent_sessions.ratio,
        recent_sessions.ratio_drawdown_252d_pct
)

select
    pair_id,
    return_basis,
    session_date
from numbered
where
    (session_number < 252 and ratio_drawdown_252d_pct is not null)
    or (session_number >= 252 and ratio_drawdown_252d_pct is null)
    -- a return needs the session before: 63 returns are 64 sessions
    or (session_number <= 63 and beta_63d is not null)
    or (session_number <= 252 and beta_252d is not null)
union all
select
    pair_id,
    return_basis,
    session_date
from recent
where abs(100 * (ratio / highest_ratio - 1) - ratio_drawdown_252d_pct) > 1e-9
