{#- A basket whose weights do not add up to a whole says nothing that can be trusted. -#}
{%- set lowest_weight_pct = 90 -%}
{%- set highest_weight_pct = 110 -%}

with positions as (
    select * from {{ ref('int_fundamentals__positions') }}
),

days as (
    select
        knowledge,
        basket,
        as_of_date,
        {{ sum_in_order('weight_pct') }} as basket_weight_pct,
        {{ sum_in_order('case when is_equity then greatest(weight_pct, 0) else 0 end') }} as equity_weight_pct,
        {{ sum_in_order('case when is_equity and not is_financial then greatest(weight_pct, 0) else 0 end') }}
            as nonfinancial_weight_pct,
        count(case when is_equity then 1 end) as equity_rows,
        count(case when is_equity and not is_financial then 1 end) as nonfinancial_rows,
        {{ sum_in_order("case when rule_family = 'error' then greatest(weight_pct, 0) else 0 end") }}
            as error_weight_pct,
        count(case when rule_family = 'error' then 1 end) as error_rows,
        max(holdings_available_at_utc) as holdings_available_at_utc,
        max(facts_available_at_utc) as facts_available_at_utc
    from positions
    group by
        knowledge,
        basket,
        as_of_date
),

final as (
    select
        knowledge,
        basket,
        as_of_date,
        basket_weight_pct,
        -- what is missing to 100 is weight without data
        equity_weight_pct + greatest(100 - basket_weight_pct, 0) as equity_weight_base_pct,
        nonfinancial_weight_pct + greatest(100 - basket_weight_pct, 0) as nonfinancial_weight_base_pct,
        error_weight_pct,
        error_rows,
        holdings_available_at_utc,
        facts_available_at_utc,
        case
            when
                basket_weight_pct is null
                or basket_weight_pct not between {{ lowest_weight_pct }} and {{ highest_weight_pct }}
                then
                    'weights add up to ' || coalesce({{ said('basket_weight_pct', 2) }}, 'nothing')
                    || ' %, outside {{ lowest_weight_pct }} to {{ highest_weight_pct }}'
            when equity_rows = 0 then 'no equity in the basket'
        end as basket_reason
    from days
)

select * from final
