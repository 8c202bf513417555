{#- Only days that any vintage calls a split are resolved: a few of millions. -#}
{%- set days_of_splits -%}
    (symbol, session_date) in (
        select
            bars.symbol,
            bars.session_date
        from {{ source('raw', 'daily_bars_on_current_scale') }} as bars
        inner join {{ ref('stg_prices__bar_symbols') }} as bar_symbols
            on
                bars.symbol = bar_symbols.symbol
                and bar_symbols.is_of_member
        where bars.split_ratio <> 1
    )
{%- endset -%}

with current_bars as (
    {{ current_rows('daily_bars_on_current_scale', only=days_of_splits) }}
),

final as (
    select
        symbol,
        session_date,
        {{ nan_to_null('split_ratio') }} as split_ratio
    from current_bars
)

select * from final
