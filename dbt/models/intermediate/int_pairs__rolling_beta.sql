{#- Returns and their products as decimals: their sums are exact. A sum of doubles depends on the order in which the
    engine adds them up, and so, in the last digits, on rows of other pairs and of later days. -#}
{%- set exact = 'decimal(38, 24)' -%}

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

products as (
    select
        pair_id,
        session_date,
        cast(small_return as {{ exact }}) as small_return,
        cast(large_return as {{ exact }}) as large_return,
        cast(small_return * small_return as {{ exact }}) as small_square,
        cast(large_return * large_return as {{ exact }}) as large_square,
        cast(small_return * large_return as {{ exact }}) as product
    from daily_returns
),

sums as (
    select
        pair_id,
        session_date,
        count(small_return) over last_63_sessions as returns_63d,
        cast(sum(small_return) over last_63_sessions as double) as small_return_63d,
        cast(sum(large_return) over last_63_sessions as double) as large_return_63d,
        cast(sum(small_square) over last_63_sessions as double) as small_square_63d,
        cast(sum(large_square) over last_63_sessions as double) as large_square_63d,
        cast(sum(product) over last_63_sessions as double) as product_63d,
        count(small_return) over last_252_sessions as returns_252d,
        cast(sum(small_return) over last_252_sessions as double) as small_return_252d,
        cast(sum(large_return) over last_252_sessions as double) as large_return_252d,
        cast(sum(small_square) over last_252_sessions as double) as small_square_252d,
        cast(sum(large_square) over last_252_sessions as double) as large_square_252d,
        cast(sum(product) over last_252_sessions as double) as product_252d
    from products
    window
        last_63_sessions as (
            partition by pair_id order by session_date rows between 62 preceding and current row
        ),
        last_252_sessions as (
            partition by pair_id order by session_date rows between 251 preceding and current row
        )
),

-- ddof 1, of a full window: the only one that counts
moments as (
    select
        pair_id,
        session_date,
        returns_63d,
        (product_63d - small_return_63d * large_return_63d / 63) / 62 as covariance_63d,
        (small_square_63d - small_return_63d * small_return_63d / 63) / 62 as small_variance_63d,
        (large_square_63d - large_return_63d * large_return_63d / 63) / 62 as large_variance_63d,
        returns_252d,
        (product_252d - small_return_252d * large_return_252d / 252) / 251 as covariance_252d,
        (small_square_252d - small_return_252d * small_return_252d / 252) / 251 as small_variance_252d,
        (large_square_252d - large_return_252d * large_return_252d / 252) / 251 as large_variance_252d
    from sums
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
