with current_settlements as (
    {{ current_rows('fed_funds_futures', source_first=true) }}
),

final as (
    select
        contract_month,
        session_date,
        {{ nan_to_null('settle') }} as settle,
        {{ nan_to_null('volume') }} as volume_contracts,
        {{ nan_to_null('open_interest') }} as open_interest_contracts,
        source,
        available_at as available_at_utc,
        observed_at as observed_at_utc,
        is_simulated
    from current_settlements
)

select * from final
