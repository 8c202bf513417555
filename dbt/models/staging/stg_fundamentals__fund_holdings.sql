with current_holdings as (
    {{ current_rows('fund_holdings') }}
),

final as (
    select
        fund_symbol as basket,
        as_of_date,
        ticker,
        -- one spelling for BRK.B, BRK-B and brkb; a placeholder such as -- is no ticker
        nullif(
            replace(replace(replace(replace(upper(trim(ticker)), '.', ''), '-', ''), '/', ''), ' ', ''), ''
        ) as ticker_key,
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
    from current_holdings
)

select * from final
