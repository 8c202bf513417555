with vintages as (
    select * from {{ source('raw', 'company_facts') }}
),

final as (
    select
        company_id,
        concept,
        period_type,
        period_end,
        ticker,
        -- S_delisted and FOX_old: the vendor's mark for a ticker that was given up
        nullif(
            replace(replace(replace(replace(upper(split_part(trim(ticker), '_', 1)), '.', ''), '-', ''), '/', ''), ' ', ''),
            ''
        ) as ticker_key,
        coalesce(ticker <> split_part(ticker, '_', 1), false) as is_ticker_given_up,
        filed_date,
        {{ nan_to_null('value') }} as fact_value,
        source,
        available_at as available_at_utc,
        observed_at as observed_at_utc,
        payload_seq,
        coalesce(is_removed, false) as is_removed,
        is_simulated
    from vintages
)

select * from final
