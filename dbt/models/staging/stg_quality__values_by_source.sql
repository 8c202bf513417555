{#- The figures of the tables that more than one source may tell. -#}
{%- set tables = [
    ('daily_bars_on_current_scale', 'daily_bars', 'symbol', 'session_date', 'close'),
    ('fund_nav_shares_on_current_scale', 'fund_nav_shares', 'fund_symbol', 'as_of_date', 'nav_usd'),
    ('fund_nav_shares_on_current_scale', 'fund_nav_shares', 'fund_symbol', 'as_of_date', 'shares_outstanding'),
    ('fed_funds_futures', 'fed_funds_futures', 'substr(cast(contract_month as string), 1, 7)', 'session_date', 'settle'),
    ('policy_rates', 'policy_rates', "'EFFR'", 'rate_date', 'effr_pct'),
    ('treasury_yields', 'treasury_yields', 'tenor', 'rate_date', 'par_yield_pct')
] -%}

with final as (
    {% for source_table, table_name, series, day, figure in tables %}
        select
            '{{ table_name }}' as table_name,
            '{{ figure }}' as figure,
            {{ series }} as series,
            {{ day }} as day,
            source,
            {{ nan_to_null(figure) }} as value,
            coalesce(is_removed, false) as is_removed,
            available_at as available_at_utc,
            observed_at as observed_at_utc,
            payload_seq
        from {{ source('raw', source_table) }}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
)

select * from final
