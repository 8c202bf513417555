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
        count(small_return) over last_63_sessions as returns_63d,
        covar_samp(small_return, large_return) over last_63_sessions as covariance_63d,
        var_samp(small_return) over last_63_sessions as small_variance_63d,
        var_samp(large_return) over last_63_sessions as large_variance_63d,
        count(small_return) over last_252_sessions as returns_252d,
        covar_samp(small_return, large_return) over last_252_sessions as covariance_252d,
        var_samp(small_return) over last_252_sessions as small_variance_252d,
        var_samp(large_return) over last_252_sessions as large_variance_252d
    from daily_returns
    window
        last_63_sessions as (
            partition by pair_id order by session_date rows between 62 preceding and current row
        ),
        last_252_sessions as (
            partition by pair_id order by session_date rows between 251 preceding and current row
        )
),

-- A variance below 1e-20 (a daily move of 1e-8 %) is the rounding noise of a constant price, not a denominator.
final as (
    select
        pair_id,
        session_date,
        case
            when returns_63d = 63 and large_variance_63d > 1e-20
                then covariance_63d / large_variance_63d
        end as beta_63d,
        case
            when returns_63d = 63 and small_variance_63d > 1e-20 and large_variance_63d > 1e-20
                then covariance_63d / sqrt(small_variance_63d * large_variance_63d)
        end as corr_63d,
        case
            when returns_252d = 252 and large_variance_252d > 1e-20
                then covariance_252d / large_variance_252d
        end as beta_252d,
        case
            when returns_252d = 252 and small_variance_252d > 1e-20 and large_variance_252d > 1e-20
                then covariance_252d / sqrt(small_variance_252d * large_variance_252d)
        end as corr_252d
    from moments
)

select * from final
