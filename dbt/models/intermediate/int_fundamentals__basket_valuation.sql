{#- valid_days: a basket stands for the days up to this many after its own. -#}
{%- set valid_days = 400 -%}
{#- Below this share of the weight a figure says more about what is missing than about the basket. -#}
{%- set lowest_coverage_pct = 25 -%}
{%- set harmonic_cap = 60 -%}

with positions as (
    select * from {{ ref('int_fundamentals__positions') }}
),

basket_days as (
    select * from {{ ref('int_fundamentals__basket_days') }}
),

companies as (
    select
        knowledge,
        basket,
        as_of_date,
        company_id,
        {{ sum_in_order('greatest(weight_pct, 0)') }} as weight_pct,
        {{ sum_in_order('market_value_usd') }} as market_value_usd,
        {{ sum_in_order('owned_share') }} as owned_share,
        max(net_income_usd) as net_income_usd,
        max(equity_usd) as equity_usd,
        max(revenue_usd) as revenue_usd,
        max(dividends_usd) as dividends_usd,
        max(period_basis) as period_basis,
        max(period_end) as period_end
    from positions
    where rule is null
    group by
        knowledge,
        basket,
        as_of_date,
        company_id
),

measures as (
    select
        'pe_ttm' as measure,
        'earnings' as denominator_name
    union all
    select
        'pb' as measure,
        'book equity' as denominator_name
    union all
    select
        'ps' as measure,
        'sales' as denominator_name
    union all
    select
        'dividend_yield_pct' as measure,
        'dividends' as denominator_name
),

methods as (
    select 'incl_losses' as method
    union all
    select 'excl_losses' as method
    union all
    select 'zero_losses' as method
    union all
    select 'harmonic_excl_losses_cap60' as method
),

scaffold as (
    select
        basket_days.knowledge,
        basket_days.basket,
        basket_days.as_of_date,
        measures.measure,
        measures.denominator_name,
        methods.method
    from basket_days
    cross join measures
    cross join methods
    -- there are no negative dividends: one method
    where measures.measure <> 'dividend_yield_pct' or methods.method = 'incl_losses'
),

amounts as (
    select
        companies.knowledge,
        companies.basket,
        companies.as_of_date,
        companies.company_id,
        companies.weight_pct,
        companies.period_basis,
        companies.period_end,
        companies.market_value_usd,
        measures.measure,
        companies.owned_share * case measures.measure
            when 'pe_ttm' then companies.net_income_usd
            when 'pb' then companies.equity_usd
            when 'ps' then companies.revenue_usd
            else companies.dividends_usd
        end as owned_usd
    from companies
    cross join measures
),

-- what each method puts above and below the line
treated as (
    select
        amounts.knowledge,
        amounts.basket,
        amounts.as_of_date,
        amounts.measure,
        methods.method,
        amounts.weight_pct,
        amounts.period_basis,
        amounts.period_end,
        case
            when methods.method in ('incl_losses', 'zero_losses') or amounts.owned_usd > 0
                then amounts.market_value_usd
        end as value_used_usd,
        case
            when methods.method = 'incl_losses' then amounts.owned_usd
            when methods.method = 'zero_losses' then greatest(amounts.owned_usd, 0)
            when methods.method = 'excl_losses' and amounts.owned_usd > 0 then amounts.owned_usd
            when amounts.owned_usd > 0
                then greatest(amounts.owned_usd, amounts.market_value_usd / {{ harmonic_cap }})
        end as owned_used_usd
    from amounts
    cross join methods
    where amounts.owned_usd is not null
),

sums as (
    select
        knowledge,
        basket,
        as_of_date,
        measure,
        method,
        {{ sum_in_order('value_used_usd') }} as value_usd,
        {{ sum_in_order('owned_used_usd') }} as owned_usd,
        {{ sum_in_order('weight_pct') }} as weight_with_data_pct,
        count(value_used_usd) as constituents,
        case when min(period_basis) = max(period_basis) then min(period_basis) else 'mixed' end as period_basis,
        min(period_end) as first_period_end,
        max(period_end) as last_period_end
    from treated
    group by
        knowledge,
        basket,
        as_of_date,
        measure,
        method
),

loss_makers as (
    select
        knowledge,
        basket,
        as_of_date,
        100 * count(case when owned_usd < 0 then 1 end) / count(*) as loss_makers_pct,
        100 * {{ sum_in_order('case when owned_usd < 0 then market_value_usd else 0 end') }}
        / {{ sum_in_order('market_value_usd') }}
            as loss_makers_weight_pct
    from amounts
    where
        measure = 'pe_ttm'
        and owned_usd is not null
    group by
        knowledge,
        basket,
        as_of_date
),

covered as (
    select
        scaffold.knowledge,
        scaffold.basket,
        scaffold.as_of_date,
        scaffold.measure,
        scaffold.denominator_name,
        scaffold.method,
        basket_days.basket_reason,
        basket_days.basket_weight_pct,
        basket_days.error_rows,
        basket_days.error_weight_pct,
        basket_days.holdings_available_at_utc,
        -- of all facts: earnings yield, loss-makers and errors stand on the rows of every measure
        basket_days.facts_available_at_utc,
        sums.value_usd,
        sums.owned_usd,
        sums.constituents,
        sums.period_basis,
        sums.first_period_end,
        sums.last_period_end,
        case
            when basket_days.basket_reason is not null then 0
            else coalesce(100 * sums.weight_with_data_pct / nullif(basket_days.equity_weight_base_pct, 0), 0)
        end as coverage_pct,
        loss_makers.loss_makers_pct,
        loss_makers.loss_makers_weight_pct
    from scaffold
    inner join basket_days
        on
            scaffold.knowledge = basket_days.knowledge
            and scaffold.basket = basket_days.basket
            and scaffold.as_of_date = basket_days.as_of_date
    left join sums
        on
            scaffold.knowledge = sums.knowledge
            and scaffold.basket = sums.basket
            and scaffold.as_of_date = sums.as_of_date
            and scaffold.measure = sums.measure
            and scaffold.method = sums.method
    left join loss_makers
        on
            scaffold.knowledge = loss_makers.knowledge
            and scaffold.basket = loss_makers.basket
            and scaffold.as_of_date = loss_makers.as_of_date
),

earnings_yields as (
    select
        knowledge,
        basket,
        as_of_date,
        method,
        100 * owned_usd / nullif(value_usd, 0) as earnings_yield_pct
    from covered
    where
        measure = 'pe_ttm'
        and coverage_pct >= {{ lowest_coverage_pct }}
),

reasoned as (
    select
        covered.*,
        earnings_yields.earnings_yield_pct,
        case
            when covered.basket_reason is not null then covered.basket_reason
            when covered.coverage_pct = 0
                then 'no valid ' || covered.denominator_name || ' of any company known on the day'
            when covered.coverage_pct < {{ lowest_coverage_pct }}
                then
                    'coverage ' || {{ said('covered.coverage_pct', 1) }}
                    || ' %, below {{ lowest_coverage_pct }}'
            when covered.owned_usd is null then 'no company with positive ' || covered.denominator_name
            when covered.measure <> 'dividend_yield_pct' and covered.owned_usd <= 0
                then 'sum of ' || covered.denominator_name || ' is not above zero'
        end as null_reason
    from covered
    left join earnings_yields
        on
            covered.knowledge = earnings_yields.knowledge
            and covered.basket = earnings_yields.basket
            and covered.as_of_date = earnings_yields.as_of_date
            and covered.method = earnings_yields.method
),

final as (
    select
        knowledge,
        basket,
        as_of_date,
        measure,
        method,
        case
            when null_reason is not null then null
            when measure = 'dividend_yield_pct' then 100 * owned_usd / nullif(value_usd, 0)
            else value_usd / nullif(owned_usd, 0)
        end as value,
        earnings_yield_pct,
        coverage_pct,
        case when basket_reason is null then coalesce(constituents, 0) else 0 end as constituents,
        case when basket_reason is null then loss_makers_pct end as loss_makers_pct,
        case when basket_reason is null then loss_makers_weight_pct end as loss_makers_weight_pct,
        error_rows,
        error_weight_pct,
        basket_weight_pct,
        period_basis,
        first_period_end,
        last_period_end,
        {{ add_days('as_of_date', valid_days) }} as valid_through,
        greatest(holdings_available_at_utc, coalesce(facts_available_at_utc, holdings_available_at_utc))
            as available_at_utc,
        null_reason
    from reasoned
)

select * from final
