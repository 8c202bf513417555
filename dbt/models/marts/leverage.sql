{%- set valid_days = 400 -%}
{%- set lowest_coverage_pct = 25 -%}

with positions as (
    select * from {{ ref('int_fundamentals__positions') }}
    where knowledge = 'as_known'
),

basket_days as (
    select * from {{ ref('int_fundamentals__basket_days') }}
    where knowledge = 'as_known'
),

companies as (
    select
        basket,
        as_of_date,
        company_id,
        {{ sum_in_order('greatest(weight_pct, 0)') }} as weight_pct,
        {{ sum_in_order('owned_share') }} as owned_share,
        max(debt_usd) as debt_usd,
        max(assets_usd) as assets_usd,
        max(equity_usd) as equity_usd,
        max(debt_usd) - max(cash_usd) as net_debt_usd,
        max(ebit_usd) as ebit_usd,
        max(ebitda_usd) as ebitda_usd,
        max(interest_usd) as interest_usd,
        max(floating_debt_usd) as floating_debt_usd,
        max(case when is_debt_free_by_silence then 1 else 0 end) as is_debt_free_by_silence,
        max(period_end) as period_end,
        max(facts_available_at_utc) as facts_available_at_utc
    from positions
    where
        rule is null
        and not is_financial
    group by
        basket,
        as_of_date,
        company_id
),

-- above and below the line per company; meaningful ones alone enter the median, summable ones the sums
ratios as (
    select
        basket,
        as_of_date,
        'debt_to_assets' as measure,
        weight_pct,
        owned_share,
        debt_usd as above_line,
        assets_usd as below_line,
        assets_usd > 0 as is_meaningful,
        true as is_summable,
        is_debt_free_by_silence,
        period_end,
        facts_available_at_utc
    from companies
    union all
    select
        basket,
        as_of_date,
        'debt_to_equity' as measure,
        weight_pct,
        owned_share,
        debt_usd as above_line,
        equity_usd as below_line,
        equity_usd > 0 as is_meaningful,
        true as is_summable,
        is_debt_free_by_silence,
        period_end,
        facts_available_at_utc
    from companies
    union all
    select
        basket,
        as_of_date,
        'net_debt_to_ebitda' as measure,
        weight_pct,
        owned_share,
        net_debt_usd as above_line,
        ebitda_usd as below_line,
        ebitda_usd > 0 as is_meaningful,
        true as is_summable,
        is_debt_free_by_silence,
        period_end,
        facts_available_at_utc
    from companies
    union all
    select
        basket,
        as_of_date,
        'net_debt_to_ebitda_excl_negative_ebitda' as measure,
        weight_pct,
        owned_share,
        net_debt_usd as above_line,
        ebitda_usd as below_line,
        ebitda_usd > 0 as is_meaningful,
        ebitda_usd > 0 as is_summable,
        is_debt_free_by_silence,
        period_end,
        facts_available_at_utc
    from companies
    union all
    select
        basket,
        as_of_date,
        'ebit_to_interest' as measure,
        weight_pct,
        owned_share,
        ebit_usd as above_line,
        interest_usd as below_line,
        interest_usd > 0 as is_meaningful,
        interest_usd > 0 as is_summable,
        is_debt_free_by_silence,
        period_end,
        facts_available_at_utc
    from companies
    union all
    -- companies counted, whatever part of them the basket owns
    select
        basket,
        as_of_date,
        'share_interest_not_covered' as measure,
        weight_pct,
        cast(1 as double) as owned_share,
        case when ebit_usd < interest_usd then 100.0 when ebit_usd is not null then 0.0 end as above_line,
        case when interest_usd is not null then 1.0 end as below_line,
        interest_usd > 0 as is_meaningful,
        interest_usd > 0 as is_summable,
        is_debt_free_by_silence,
        period_end,
        facts_available_at_utc
    from companies
    union all
    select
        basket,
        as_of_date,
        'floating_share' as measure,
        weight_pct,
        owned_share,
        100 * floating_debt_usd as above_line,
        case when floating_debt_usd is not null then debt_usd end as below_line,
        debt_usd > 0 as is_meaningful,
        true as is_summable,
        is_debt_free_by_silence,
        period_end,
        facts_available_at_utc
    from companies
),

measures as (
    select
        'debt_to_assets' as measure,
        'total assets' as below_line_name
    union all
    select
        'debt_to_equity' as measure,
        'book equity' as below_line_name
    union all
    select
        'net_debt_to_ebitda' as measure,
        'EBITDA' as below_line_name
    union all
    select
        'net_debt_to_ebitda_excl_negative_ebitda' as measure,
        'EBITDA' as below_line_name
    union all
    select
        'ebit_to_interest' as measure,
        'interest' as below_line_name
    union all
    select
        'share_interest_not_covered' as measure,
        'interest' as below_line_name
    union all
    select
        'floating_share' as measure,
        'debt' as below_line_name
),

sums as (
    select
        basket,
        as_of_date,
        measure,
        {{ sum_in_order('case when is_summable then owned_share * above_line end') }} as above_line,
        {{ sum_in_order('case when is_summable then owned_share * below_line end') }} as below_line,
        median(case when is_meaningful then above_line / nullif(below_line, 0) end) as median_value,
        {{ sum_in_order('weight_pct') }} as weight_with_data_pct,
        count(*) as companies_with_data,
        count(case when is_meaningful then 1 end) as meaningful_companies,
        sum(is_debt_free_by_silence) as silent_companies,
        min(period_end) as first_period_end,
        max(period_end) as last_period_end,
        max(facts_available_at_utc) as facts_available_at_utc
    from ratios
    where
        above_line is not null
        and below_line is not null
    group by
        basket,
        as_of_date,
        measure
),

covered as (
    select
        basket_days.basket,
        basket_days.as_of_date,
        measures.measure,
        measures.below_line_name,
        basket_days.basket_reason,
        basket_days.holdings_available_at_utc,
        sums.above_line,
        sums.below_line,
        sums.median_value,
        sums.companies_with_data,
        sums.meaningful_companies,
        sums.silent_companies,
        sums.first_period_end,
        sums.last_period_end,
        sums.facts_available_at_utc,
        case
            when basket_days.basket_reason is not null then 0
            else
                coalesce(100 * sums.weight_with_data_pct / nullif(basket_days.nonfinancial_weight_base_pct, 0), 0)
        end as coverage_pct
    from basket_days
    cross join measures
    left join sums
        on
            basket_days.basket = sums.basket
            and basket_days.as_of_date = sums.as_of_date
            and measures.measure = sums.measure
),

reasoned as (
    select
        *,
        case
            when basket_reason is not null then basket_reason
            when coverage_pct = 0 and measure = 'floating_share' then 'no data: the facts name no floating-rate debt'
            when coverage_pct = 0 then 'no valid facts of any company known on the day'
            when coverage_pct < {{ lowest_coverage_pct }}
                then 'coverage ' || {{ said('coverage_pct', 1) }} || ' %, below {{ lowest_coverage_pct }}'
            when below_line is null or below_line <= 0 then 'sum of ' || below_line_name || ' is not above zero'
        end as null_reason
    from covered
)

select
    basket,
    as_of_date,
    measure,
    case when null_reason is null then above_line / nullif(below_line, 0) end as aggregate_value,
    case
        when coverage_pct >= {{ lowest_coverage_pct }} and measure <> 'share_interest_not_covered' then median_value
    end as median_value,
    coverage_pct,
    case
        when coverage_pct > 0
            then 100 * (companies_with_data - meaningful_companies) / companies_with_data
    end as not_meaningful_pct,
    case when coverage_pct > 0 then cast(companies_with_data as integer) else 0 end as companies,
    case
        when coverage_pct > 0 then 100 * silent_companies / companies_with_data
    end as debt_free_by_silence_pct,
    first_period_end,
    last_period_end,
    {{ add_days('as_of_date', valid_days) }} as valid_through,
    greatest(holdings_available_at_utc, coalesce(facts_available_at_utc, holdings_available_at_utc))
        as available_at_utc,
    null_reason,
    {{ is_simulated() }} as is_simulated
from reasoned
