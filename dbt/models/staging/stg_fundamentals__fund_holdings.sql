with current_holdings as (
    {{ current_rows('fund_holdings', of_each_source=true) }}
),

-- a basket is one source's: tickers of two that name securities differently would count twice
sources_of_day as (
    select
        fund_symbol,
        as_of_date,
        source,
        row_number() over (partition by fund_symbol, as_of_date order by min(available_at), source) as choice_number
    from current_holdings
    group by
        fund_symbol,
        as_of_date,
        source
),

chosen as (
    select current_holdings.*
    from current_holdings
    inner join sources_of_day
        on
            current_holdings.fund_symbol = sources_of_day.fund_symbol
            and current_holdings.as_of_date = sources_of_day.as_of_date
            and current_holdings.source = sources_of_day.source
            and sources_of_day.choice_number = 1
),

final as (
    select
        fund_symbol as basket,
        as_of_date,
        ticker,
        -- one spelling for BRK.B, BRK-B and brkb; a placeholder such as -- is no ticker
        {{ symbol_key('ticker') }} as ticker_key,
        name as security_name,
        sector,
        asset_class,
        {{ nan_to_null('weight_pct') }} as weight_pct,
        {{ nan_to_null('shares') }} as shares,
        {{ nan_to_null('market_value_usd') }} as market_value_usd,
        {{ nan_to_null('price_usd') }} as price_usd,
        source,
        available_at as available_at_utc,
        observed_at as observed_at_utc,
        payload_seq,
        payload_row,
        coalesce(is_released, false) as is_released,
        is_simulated
    from chosen
)

select * from final
