with closes as (
    select * from {{ ref('int_prices__closes') }}
    where has_total_return
),

numbered as (
    select
        symbol,
        session_date,
        close_price,
        dividend_per_share,
        row_number() over (partition by symbol order by session_date) as session_number
    from closes
),

-- TR = TR before * (close + dividend) / close before is, unrolled, the close times the product of
-- 1 + dividend / close since the first session: the number of shares that one share has grown into.
-- A sum of logarithms, because neither engine has the other's product aggregate; as decimals, because a sum of doubles
-- depends on the order in which the engine adds them up, and so on rows of other symbols and of later days.
final as (
    select
        symbol,
        session_date,
        close_price * exp(cast(sum(cast(
            case when session_number = 1 then 0 else ln(1 + dividend_per_share / nullif(close_price, 0)) end
            as decimal(38, 24)
        )) over (
            partition by symbol
            order by session_date
            rows between unbounded preceding and current row
        ) as double)) as total_return_level
    from numbered
)

select * from final
