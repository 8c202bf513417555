with levels as (
    select * from {{ ref('int_pairs__levels') }}
),

rolling_beta as (
    select * from {{ ref('int_pairs__rolling_beta') }}
),

ytd_returns as (
    select * from {{ ref('int_pairs__horizon_returns') }}
    where horizon = 'YTD'
),

context_by_session_number as (
    select * from {{ ref('int_pairs__ytd_gap_context') }}
    where alignment = 'session_number'
),

context_by_calendar_date as (
    select * from {{ ref('int_pairs__ytd_gap_context') }}
    where alignment = 'calendar_date'
),

running_maxima as (
    select
        pair_id,
        return_basis,
        session_date,
        small_symbol,
        large_symbol,
        small_level,
        large_level,
        ratio,
        max(ratio) over (
            partition by pair_id, return_basis
            order by session_date
            rows between 251 preceding and current row
        ) as highest_ratio_252d,
        count(ratio) over (
            partition by pair_id, return_basis
            order by session_date
            rows between 251 preceding and current row
        ) as sessions_252d,
        max(ratio) over (
            partition by pair_id, return_basis
            order by session_date
            rows between unbounded preceding and current row
        ) as highest_ratio_all
    from levels
),

final as (
    select
        running_maxima.pair_id,
        running_maxima.return_basis,
        running_maxima.session_date,
        running_maxima.small_symbol,
        running_maxima.large_symbol,
        running_maxima.small_level,
        running_maxima.large_level,
        running_maxima.ratio,
        case
            when running_maxima.sessions_252d = 252
                then 100 * (running_maxima.ratio / nullif(running_maxima.highest_ratio_252d, 0) - 1)
        end as ratio_drawdown_252d_pct,
        100 * (running_maxima.ratio / nullif(running_maxima.highest_ratio_all, 0) - 1) as ratio_drawdown_all_pct,
        rolling_beta.beta_63d,
        rolling_beta.beta_252d,
        rolling_beta.corr_63d,
        rolling_beta.corr_252d,
        ytd_returns.gap_pp as ytd_gap_pp,
        context_by_session_number.percentile as ytd_gap_percentile,
        context_by_session_number.rank_from_worst as ytd_gap_rank_from_worst,
        coalesce(context_by_session_number.years_compared, 0) as years_compared,
        context_by_calendar_date.percentile as ytd_gap_percentile_by_date,
        context_by_calendar_date.rank_from_worst as ytd_gap_rank_from_worst_by_date,
        coalesce(context_by_calendar_date.years_compared, 0) as years_compared_by_date,
        {{ is_simulated() }} as is_simulated
    from running_maxima
    left join rolling_beta
        on
            running_maxima.pair_id = rolling_beta.pair_id
            and running_maxima.session_date = rolling_beta.session_date
    left join ytd_returns
        on
            running_maxima.pair_id = ytd_returns.pair_id
            and running_maxima.return_basis = ytd_returns.return_basis
            and running_maxima.session_date = ytd_returns.session_date
    left join context_by_session_number
        on
            running_maxima.pair_id = context_by_session_number.pair_id
            and running_maxima.return_basis = context_by_session_number.return_basis
            and running_maxima.session_date = context_by_session_number.session_date
    left join context_by_calendar_date
        on
            running_maxima.pair_id = context_by_calendar_date.pair_id
            and running_maxima.return_basis = context_by_calendar_date.return_basis
            and running_maxima.session_date = context_by_calendar_date.session_date
)

select * from final
