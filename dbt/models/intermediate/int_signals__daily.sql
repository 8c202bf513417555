{#- S1: sessions of the gap, quantile of the earlier gaps, how many of them it takes. -#}
{%- set gap_sessions = 63 -%}
{%- set gap_quantile = 0.1 -%}
{%- set earlier_gaps_needed = 504 -%}
{#- S2: sessions of the high, today included; percent below it. -#}
{%- set high_sessions = 252 -%}
{%- set small_drawdown_pct = -3 -%}
{%- set large_drawdown_pct = -1 -%}
{#- S3 -#}
{%- set ytd_gap_pp = -5 -%}
{%- set large_ytd_return_pct = 0 -%}

with levels as (
    select * from {{ ref('int_pairs__levels') }}
    where return_basis = 'price'
),

ytd_returns as (
    select * from {{ ref('int_pairs__horizon_returns') }}
    where
        return_basis = 'price'
        and horizon = 'YTD'
),

earlier_levels as (
    select
        pair_id,
        session_date,
        large_symbol,
        small_level,
        large_level,
        row_number() over (partition by pair_id order by session_date) as session_number,
        lag(small_level, {{ gap_sessions }}) over (partition by pair_id order by session_date) as earlier_small_level,
        lag(large_level, {{ gap_sessions }}) over (partition by pair_id order by session_date) as earlier_large_level,
        max(small_level) over last_sessions as highest_small_level,
        max(large_level) over last_sessions as highest_large_level
    from levels
    window
        last_sessions as (
            partition by pair_id order by session_date rows between {{ high_sessions - 1 }} preceding and current row
        )
),

measured as (
    select
        pair_id,
        session_date,
        large_symbol,
        session_number,
        100 * (
            small_level / nullif(earlier_small_level, 0) - large_level / nullif(earlier_large_level, 0)
        ) as gap_63d_pp,
        case
            when session_number >= {{ high_sessions }}
                then 100 * (small_level / nullif(highest_small_level, 0) - 1)
        end as small_drawdown_252d_pct,
        case
            when session_number >= {{ high_sessions }}
                then 100 * (large_level / nullif(highest_large_level, 0) - 1)
        end as large_drawdown_252d_pct
    from earlier_levels
),

earlier_gaps as (
    select
        pair_id,
        session_date,
        large_symbol,
        session_number,
        gap_63d_pp,
        count(gap_63d_pp) over before_today as earlier_gaps,
        {{ quantile('gap_63d_pp', gap_quantile) }} over before_today as gap_quantile_pp
    from measured
    window
        before_today as (
            partition by pair_id order by session_date rows between unbounded preceding and 1 preceding
        )
),

signal_values as (
    select
        'S1' as signal_id,
        pair_id,
        session_date,
        large_symbol,
        session_number,
        gap_63d_pp as signal_value,
        case when earlier_gaps >= {{ earlier_gaps_needed }} then gap_quantile_pp end as threshold,
        cast(null as double) as condition_value,
        cast(null as double) as condition_threshold
    from earlier_gaps
    union all
    select
        'S2' as signal_id,
        pair_id,
        session_date,
        large_symbol,
        session_number,
        small_drawdown_252d_pct as signal_value,
        {{ small_drawdown_pct }} as threshold,
        large_drawdown_252d_pct as condition_value,
        {{ large_drawdown_pct }} as condition_threshold
    from measured
    union all
    select
        'S3' as signal_id,
        measured.pair_id,
        measured.session_date,
        measured.large_symbol,
        measured.session_number,
        ytd_returns.gap_pp as signal_value,
        {{ ytd_gap_pp }} as threshold,
        ytd_returns.large_return_pct as condition_value,
        {{ large_ytd_return_pct }} as condition_threshold
    from measured
    left join ytd_returns
        on
            measured.pair_id = ytd_returns.pair_id
            and measured.session_date = ytd_returns.session_date
),

final as (
    select
        signal_id,
        pair_id,
        session_date,
        large_symbol,
        cast(session_number as integer) as session_number,
        -- null as long as a value or the threshold of S1 is
        case signal_id
            when 'S1' then signal_value <= threshold
            when 'S2' then signal_value <= threshold and condition_value >= condition_threshold
            when 'S3' then signal_value <= threshold and condition_value > condition_threshold
        end as is_on,
        signal_value,
        threshold,
        condition_value,
        condition_threshold
    from signal_values
)

select * from final
