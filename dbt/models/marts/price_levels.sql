with closes as (
    select * from {{ ref('int_prices__closes') }}
),

total_returns as (
    select * from {{ ref('int_prices__total_return') }}
),

levels as (
    select
        symbol,
        'price' as return_basis,
        session_date,
        close_price as unscaled_level,
        close_price
    from closes
    union all
    select
        total_returns.symbol,
        'total' as return_basis,
        total_returns.session_date,
        total_returns.total_return_level as unscaled_level,
        closes.close_price
    from total_returns
    inner join closes
        on
            total_returns.symbol = closes.symbol
            and total_returns.session_date = closes.session_date
),

final as (
    select
        symbol,
        return_basis,
        session_date,
        100 * unscaled_level
        / nullif(first_value(unscaled_level) over (partition by symbol, return_basis order by session_date), 0)
            as level,
        close_price as close,
        {{ is_simulated() }} as is_simulated
    from levels
)

select * from final
