{%- set windows = [63, 252] -%}

with levels as (
    select * from {{ ref('int_pairs__levels') }}
    where return_basis = 'price'
),

daily_returns as (
    select
        pair_id,
        session_date,
        small_level / nullif(lag(small_level) over (partition by pair_id order by session_date), 0) - 1
            as small_return,
        large_level / nullif(lag(large_level) over (partition by pair_id order by session_date), 0) - 1
            as large_return
    from levels
),

moments as (
    select
        pair_id,
        session_date,
        {%- for sessions in windows %}
        {%- set window_of_sessions -%}
        partition by pair_id order by session_date rows between {{ sessions - 1 }} preceding and current row
        {%- endset %}
        count(small_return) over ({{ window_of_sessions }}) as returns_{{ sessions }}d,
        covar_samp(small_return, large_return) over ({{ window_of_sessions }}) as covariance_{{ sessions }}d,
        var_samp(small_return) over ({{ window_of_sessions }}) as small_variance_{{ sessions }}d,
        var_samp(large_return) over ({{ window_of_sessions }}) as large_variance_{{ sessions }}d
        {{- ',' if not loop.last }}
        {%- endfor %}
    from daily_returns
),

-- A variance below 1e-20 (a daily move of 1e-8 %) is the rounding noise of a constant price, not a denominator.
final as (
    select
        pair_id,
        session_date,
        {%- for sessions in windows %}
        case
            when returns_{{ sessions }}d = {{ sessions }} and large_variance_{{ sessions }}d > 1e-20
                then covariance_{{ sessions }}d / large_variance_{{ sessions }}d
        end as beta_{{ sessions }}d,
        case
            when
                returns_{{ sessions }}d = {{ sessions }}
                and small_variance_{{ sessions }}d > 1e-20
                and large_variance_{{ sessions }}d > 1e-20
                then
                    covariance_{{ sessions }}d
                    / sqrt(small_variance_{{ sessions }}d * large_variance_{{ sessions }}d)
        end as corr_{{ sessions }}d
        {{- ',' if not loop.last }}
        {%- endfor %}
    from moments
)

select * from final
