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
        {{ symbol_key('ticker') }} as ticker_key,
        filed_date,
        {{ nan_to_null('value') }} as fact_value,
        source,
        available_at as available_at_utc,
        observed_at as observed_at_utc,
        payload_seq,
        payload_row,
        coalesce(is_released, false) as is_released,
        coalesce(is_removed, false) as is_removed,
        is_simulated
    from vintages
)

select * from final
