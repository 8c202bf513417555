{#- Table, series, day and the rest of the grain as the contract declares it; of wide tables a series that people ask
    for. -#}
{%- set tables = [
    ('daily_bars_on_current_scale', 'daily_bars', 'symbol', 'session_date', []),
    ('fund_nav_shares_on_current_scale', 'fund_nav_shares', 'fund_symbol', 'as_of_date', []),
    ('fed_funds_futures', 'fed_funds_futures', "'all contracts'", 'session_date', ['contract_month']),
    ('policy_rates', 'policy_rates', "'EFFR'", 'rate_date', []),
    ('treasury_yields', 'treasury_yields', 'tenor', 'rate_date', []),
    ('fomc_meetings', 'fomc_meetings', "'FOMC'", 'meeting_date', []),
    ('fund_holdings', 'fund_holdings', 'fund_symbol', 'as_of_date', ['ticker']),
    ('company_facts', 'company_facts', 'concept', 'period_end', ['company_id', 'period_type']),
    ('index_fundamentals', 'index_fundamentals', 'index', 'month', []),
    ('published_figures', 'published_figures', "'all topics'", 'as_of', ['topic']),
    ('index_membership', 'index_membership', 'index_id', 'valid_from', ['member_id']),
    ('security_identifiers', 'security_identifiers', "'all members'", 'valid_from', ['member_id', 'symbol'])
] -%}

with final as (
    {% for source_table, table_name, series, day, rest_of_grain in tables %}
        select
            '{{ table_name }}' as table_name,
            {{ series }} as series,
            {{ day }} as day,
            {% if rest_of_grain %}
                concat_ws('|', {{ rest_of_grain | join(', ') }}) as row_of_day,
            {% else %}
                '' as row_of_day,
            {% endif %}
            source,
            coalesce(is_removed, false) as is_removed,
            payload_seq
        from {{ source('raw', source_table) }}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
)

select * from final
