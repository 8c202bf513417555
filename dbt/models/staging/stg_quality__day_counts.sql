{#- Table, series, day and grain as the contract declares them; of wide tables a series that people ask for. -#}
{%- set tables = [
    ('daily_bars_on_current_scale', 'daily_bars', 'symbol', 'session_date', 'symbol, session_date'),
    ('fund_nav_shares_on_current_scale', 'fund_nav_shares', 'fund_symbol', 'as_of_date', 'fund_symbol, as_of_date'),
    ('fed_funds_futures', 'fed_funds_futures', "'all contracts'", 'session_date', 'contract_month, session_date'),
    ('policy_rates', 'policy_rates', "'EFFR'", 'rate_date', 'rate_date'),
    ('treasury_yields', 'treasury_yields', 'tenor', 'rate_date', 'tenor, rate_date'),
    ('fomc_meetings', 'fomc_meetings', "'FOMC'", 'meeting_date', 'meeting_date'),
    ('fund_holdings', 'fund_holdings', 'fund_symbol', 'as_of_date', 'fund_symbol, as_of_date, ticker'),
    (
        'company_facts', 'company_facts', 'concept', 'period_end',
        'company_id, concept, period_type, period_end'
    ),
    ('index_fundamentals', 'index_fundamentals', 'index', 'month', 'index, month'),
    ('published_figures', 'published_figures', "'all topics'", 'as_of', 'topic, as_of'),
    ('index_membership', 'index_membership', 'index_id', 'valid_from', 'index_id, member_id, valid_from'),
    (
        'security_identifiers', 'security_identifiers', "'all members'", 'valid_from',
        'member_id, symbol, valid_from'
    )
] -%}

with final as (
    {% for source_table, table_name, series, day, grain in tables %}
        select
            '{{ table_name }}' as table_name,
            {{ series }} as series,
            {{ day }} as day,
            count(*) as vintages,
            count(distinct {{ as_row('source, ' ~ grain) }}) as rows_told,
            count_if(coalesce(is_removed, false)) as removals,
            count(distinct source) as sources
        from {{ source('raw', source_table) }}
        group by
            table_name,
            series,
            day
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
)

select * from final
