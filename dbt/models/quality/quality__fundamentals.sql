{#- Amounts that cannot be below zero, and those that cannot be zero either; as in int_fundamentals__facts_judged, which
    keeps them out of the figures of a day. Here they are named for every vintage that is held. -#}
{%- set never_negative = "'total_assets', 'shares_diluted', 'cash_and_short_term_investments', 'long_term_debt', "
    ~ "'short_term_debt', 'floating_rate_debt'" -%}
{%- set above_zero = "'total_assets', 'shares_diluted'" -%}

with holdings as (
    select * from {{ ref('stg_fundamentals__fund_holdings') }}
),

positions as (
    select * from {{ ref('int_fundamentals__positions') }}
    where
        knowledge = 'as_known'
        and rule_family = 'error'
),

-- A basket of a day, and with it the question what its facts were, is published on the next session.
basket_days as (
    select
        as_of_date,
        cast(min(available_at_utc) as date) as published_on
    from holdings
    group by as_of_date
),

facts_judged as (
    select
        facts.company_id,
        facts.concept,
        facts.period_end,
        facts.fact_value,
        facts.rule,
        facts.reason,
        basket_days.published_on as known_on
    from {{ ref('int_fundamentals__facts_judged') }} as facts
    inner join basket_days
        on facts.known_on = basket_days.as_of_date
    where
        facts.knowledge = 'as_known'
        and facts.rule is not null
),

vintages as (
    select * from {{ ref('stg_fundamentals__company_fact_vintages') }}
    where
        not is_removed
        and not is_released
),

limits as (
    {{ check_limits([
        'holdings_weights.maximum_pp', 'facts_filed_early.days', 'facts_restated.share_factor',
        'facts_restated.unit_factor'
    ]) }}
),

basket_sums as (
    select
        basket,
        as_of_date,
        sum(weight_pct) as weight_pct,
        count(*) as positions,
        cast(max(available_at_utc) as date) as known_on
    from holdings
    group by
        basket,
        as_of_date
),

weights as (
    select
        'holdings_weights' as check_id,
        basket_sums.basket as series,
        basket_sums.as_of_date as day,
        basket_sums.known_on,
        basket_sums.weight_pct as value,
        limits.holdings_weights__maximum_pp as threshold,
        'weights of ' || cast(basket_sums.positions as string) || ' positions add up to '
        || {{ said('basket_sums.weight_pct', 3) }} || ' %' as finding
    from basket_sums
    cross join limits
    where abs(basket_sums.weight_pct - 100) > limits.holdings_weights__maximum_pp
),

-- The verdicts of int_fundamentals__positions; one that comes from a fact is told of the fact.
position_verdicts as (
    select
        case
            when rule like 'company_value_against_%' then 'holdings_company_value'
            else 'holdings_rows'
        end as check_id,
        basket || ' ' || ticker as series,
        as_of_date as day,
        cast(max(holdings_available_at_utc) as date) as known_on,
        cast(null as double) as value,
        cast(null as double) as threshold,
        max(reason) as finding
    from positions
    where rule not in (select facts_judged.rule from facts_judged)
    group by
        check_id,
        basket,
        ticker,
        as_of_date
),

-- The verdicts of int_fundamentals__facts_judged with what was known, on the first day that a basket met them.
fact_verdicts as (
    select
        case
            when rule like 'shares_against_%' then 'facts_share_counts'
            when rule in ('fiscal_year_changed', 'filed_before_period_end') then 'facts_period'
            else 'facts_scale'
        end as check_id,
        company_id || ' ' || concept as series,
        period_end as day,
        min(known_on) as known_on,
        min_by(fact_value, (known_on, reason)) as value,
        cast(null as double) as threshold,
        min_by(reason, (known_on, reason)) as finding
    from facts_judged
    where rule not in ('negative_amount', 'zero_amount')
    group by
        check_id,
        company_id,
        concept,
        period_end
),

-- What the next vintage made of the same figure: a later split in the share count, or another unit.
restatements as (
    select
        company_id,
        concept,
        period_end,
        fact_value,
        cast(available_at_utc as date) as known_on,
        fact_value / nullif(lag(fact_value) over (
            partition by source, company_id, concept, period_type, period_end
            order by available_at_utc, observed_at_utc, payload_seq
        ), 0) as times_before
    from vintages
),

sizes as (
    select
        *,
        greatest(abs(times_before), 1 / nullif(abs(times_before), 0)) as times_off
    from restatements
    where times_before is not null
),

restated as (
    select
        'facts_restated' as check_id,
        sizes.company_id || ' ' || sizes.concept as series,
        sizes.period_end as day,
        min(sizes.known_on) as known_on,
        min_by(sizes.fact_value, (sizes.known_on, sizes.times_before)) as value,
        cast(null as double) as threshold,
        {{ said('min_by(sizes.times_before, (sizes.known_on, sizes.times_before))', 6) }}
        || ' times what the vintage before gave for the same period' as finding
    from sizes
    cross join limits
    where
        (sizes.concept = 'shares_diluted' and sizes.times_off > limits.facts_restated__share_factor)
        or sizes.times_off between limits.facts_restated__unit_factor / 2 and limits.facts_restated__unit_factor * 2
        or sizes.times_off between power(limits.facts_restated__unit_factor, 2) / 2
        and power(limits.facts_restated__unit_factor, 2) * 2
    group by
        sizes.company_id,
        sizes.concept,
        sizes.period_end
),

signs as (
    select
        'facts_sign' as check_id,
        company_id || ' ' || concept as series,
        period_end as day,
        cast(min(available_at_utc) as date) as known_on,
        min_by(fact_value, (available_at_utc, fact_value)) as value,
        cast(0 as double) as threshold,
        concept || ' of ' || {{ said('min_by(fact_value, (available_at_utc, fact_value))', 0) }}
        || ', which it cannot be' as finding
    from vintages
    where
        (concept in ({{ never_negative }}) and fact_value < 0)
        or (concept in ({{ above_zero }}) and fact_value = 0)
    group by
        company_id,
        concept,
        period_end
),

-- The filing that was the first to be known, of those that are too early.
early_filings as (
    select
        vintages.company_id,
        vintages.period_end,
        limits.facts_filed_early__days as days_expected,
        cast(min(vintages.available_at_utc) as date) as known_on,
        min_by(vintages.filed_date, (vintages.available_at_utc, vintages.filed_date)) as filed_date
    from vintages
    cross join limits
    where
        vintages.period_type in ('FY', 'TTM', 'Q1', 'Q2', 'Q3', 'Q4')
        and {{ days_between('vintages.period_end', 'vintages.filed_date') }} < limits.facts_filed_early__days
    group by
        vintages.company_id,
        vintages.period_end,
        limits.facts_filed_early__days
),

filed_early as (
    select
        'facts_filed_early' as check_id,
        company_id as series,
        period_end as day,
        known_on,
        {{ days_between('period_end', 'filed_date') }} as value,
        days_expected as threshold,
        'filed ' || cast(filed_date as string) || ', '
        || cast({{ days_between('period_end', 'filed_date') }} as string)
        || ' days after the period ended: no report is that quick' as finding
    from early_filings
),

final as (
    select * from weights
    union all
    select * from position_verdicts
    union all
    select * from fact_verdicts
    union all
    select * from restated
    union all
    select * from signs
    union all
    select * from filed_early
)

select * from final
