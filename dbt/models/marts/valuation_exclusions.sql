with excluded as (
    select * from {{ ref('int_fundamentals__excluded_positions') }}
),

final as (
    select
        basket,
        as_of_date,
        knowledge,
        ticker,
        security_name,
        company_id,
        weight_pct,
        rule_family,
        rule,
        reason,
        {{ is_simulated() }} as is_simulated
    from excluded
)

select * from final
