with closes as (
    select * from {{ ref('int_prices__closes') }}
    where has_total_return
),

growth as (
    select
        symbol,
        session_date,
        first_value(close_price) over (partition by symbol order by session_date) as first_close_price,
        (close_price + dividend_per_share)
        / nullif(lag(close_price) over (partition by symbol order by session_date), 0) as growth_factor
    from closes
),

final as (
    select
        symbol,
        session_date,
        -- the running product of the growth factors; neither engine's dialect shares a product aggregate
        first_close_price * exp(sum(ln(coalesce(growth_factor, 1))) over (
            partition by symbol
            order by session_date
            rows between unbounded preceding and current row
        )) as total_return_level
    from growth
)

select * from final
