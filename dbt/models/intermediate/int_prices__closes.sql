with bars as (
    select * from {{ ref('stg_prices__daily_bars') }}
),

nyse_sessions as (
    select * from {{ ref('int_calendar__nyse_sessions') }}
),

securities as (
    select * from {{ ref('securities') }}
),

final as (
    select
        bars.symbol,
        bars.session_date,
        bars.close_price,
        coalesce(bars.dividend_per_share, 0) as dividend_per_share,
        -- a price index pays nothing, and of an unknown symbol we do not know whether it is one
        coalesce(securities.kind not in ('equity_index', 'volatility_index'), false) as has_total_return
    from bars
    inner join nyse_sessions
        on bars.session_date = nyse_sessions.session_date
    left join securities
        on bars.symbol = securities.symbol
    where bars.close_price > 0
)

select * from final
