with current_spells as (
    {{ current_rows('security_identifiers') }}
),

final as (
    select
        member_id,
        symbol,
        -- the spelling of ticker_key in stg_fundamentals__fund_holdings
        {{ symbol_key('symbol') }} as symbol_key,
        valid_from,
        valid_to,
        nullif(trim(isin), '') as isin,
        nullif(trim(cusip), '') as cusip,
        nullif(trim(lei), '') as lei,
        source,
        available_at as available_at_utc,
        observed_at as observed_at_utc,
        is_simulated
    from current_spells
)

select * from final
