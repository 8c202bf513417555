{%- set of_indices_and_funds -%}
    symbol in (
        select bar_symbols.symbol
        from {{ ref('stg_prices__bar_symbols') }} as bar_symbols
        where not bar_symbols.is_of_member
    )
{%- endset -%}

with current_bars as (
    {{ current_rows('daily_bars_on_current_scale', only=of_indices_and_funds) }}
),

final as (
    select
        symbol,
        session_date,
        {{ nan_to_null('open') }} as open_price,
        {{ nan_to_null('high') }} as high_price,
        {{ nan_to_null('low') }} as low_price,
        {{ nan_to_null('close') }} as close_price,
        {{ nan_to_null('volume') }} as volume_shares,
        {{ nan_to_null('dividend') }} as dividend_per_share,
        {{ nan_to_null('split_ratio') }} as split_ratio,
        {{ nan_to_null('vendor_adj_close') }} as vendor_adjusted_close,
        source,
        available_at as available_at_utc,
        observed_at as observed_at_utc,
        is_simulated
    from current_bars
)

select * from final
