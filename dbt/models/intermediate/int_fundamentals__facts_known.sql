{#- months_back: the period in use (15 months) and three filings before it. -#}
{%- set months_back = 15 + 36 -%}
{#- The part in use (6 months), three before it, and the same parts a year before. -#}
{%- set months_back_of_parts = 6 + 9 + 12 -%}
{#- A year of 52 or 53 weeks ends within these days of the same day of another year. -#}
{%- set week_years_days = 20 -%}

with vintages as (
    select * from {{ ref('stg_fundamentals__company_fact_vintages') }}
),

days as (
    select distinct as_of_date as known_on
    from {{ ref('stg_fundamentals__fund_holdings') }}
),

known as (
    {{ vintages_known_at('as_known', 'days', 'vintages', months_back, months_back_of_parts) }}
    union all
    {{ vintages_known_at('latest_vintage', 'days', 'vintages', months_back, months_back_of_parts) }}
),

as_delivered as (
    select
        knowledge,
        known_on,
        company_id,
        concept,
        period_type as period_basis,
        period_end,
        filed_date,
        fact_value,
        value_of_vintage_before,
        available_at_utc,
        payload_seq,
        payload_row,
        is_released,
        false as is_derived
    from known
    where period_type in ('FY', 'TTM', 'Q1', 'Q2', 'Q3', 'Q4')
),

-- from the start of the fiscal year
parts as (
    select
        *,
        case period_type when 'Q1' then 3 when 'H1' then 6 else 9 end as months
    from known
    where
        period_type in ('Q1', 'H1', '9M')
        and concept in {{ flow_concepts() }}
),

years as (
    select * from known
    where
        period_type = 'FY'
        and concept in {{ flow_concepts() }}
),

twelve_months_candidates as (
    select
        parts.knowledge,
        parts.known_on,
        parts.company_id,
        parts.concept,
        parts.period_end,
        greatest(parts.filed_date, years.filed_date, a_year_ago.filed_date) as filed_date,
        -- a comparative that was restated after the annual report is not the part that is in the annual figure
        years.fact_value + parts.fact_value - case
            when a_year_ago.available_at_utc > years.available_at_utc
                then coalesce(a_year_ago.value_of_vintage_before, a_year_ago.fact_value)
            else a_year_ago.fact_value
        end as fact_value,
        greatest(parts.available_at_utc, years.available_at_utc, a_year_ago.available_at_utc) as available_at_utc,
        parts.payload_seq,
        parts.payload_row,
        parts.is_released,
        row_number() over (
            partition by parts.knowledge, parts.known_on, parts.company_id, parts.concept, parts.period_end
            order by years.period_end desc, a_year_ago.period_end desc
        ) as candidate_number
    from parts
    inner join years
        on
            parts.knowledge = years.knowledge
            and parts.known_on = years.known_on
            and parts.company_id = years.company_id
            and parts.concept = years.concept
            and years.period_end
            between {{ add_days(add_months('parts.period_end', '-parts.months'), -week_years_days) }}
            and {{ add_days(add_months('parts.period_end', '-parts.months'), week_years_days) }}
    inner join parts as a_year_ago
        on
            parts.knowledge = a_year_ago.knowledge
            and parts.known_on = a_year_ago.known_on
            and parts.company_id = a_year_ago.company_id
            and parts.concept = a_year_ago.concept
            and parts.period_type = a_year_ago.period_type
            and a_year_ago.period_end
            between {{ add_days(add_months('parts.period_end', -12), -week_years_days) }}
            and {{ add_days(add_months('parts.period_end', -12), week_years_days) }}
),

twelve_months as (
    select
        knowledge,
        known_on,
        company_id,
        concept,
        'TTM' as period_basis,
        period_end,
        filed_date,
        fact_value,
        cast(null as double) as value_of_vintage_before,
        available_at_utc,
        -- a decision about twelve months is one about their last part
        payload_seq,
        payload_row,
        is_released,
        true as is_derived
    from twelve_months_candidates
    where candidate_number = 1
),

flows as (
    select * from as_delivered
    union all
    select * from twelve_months
),

periods as (
    select
        knowledge,
        known_on,
        company_id,
        period_basis,
        period_end,
        max(case when is_derived then 1 else 0 end) as is_derived
    from flows
    where
        concept = 'net_income_common'
        and period_basis in ('FY', 'TTM')
    group by
        knowledge,
        known_on,
        company_id,
        period_basis,
        period_end
),

-- the balance sheet on the last day of a period, and the shares of its last quarter
stocks as (
    select
        known.knowledge,
        known.known_on,
        known.company_id,
        known.concept,
        periods.period_basis,
        known.period_end,
        known.filed_date,
        known.fact_value,
        known.value_of_vintage_before,
        known.available_at_utc,
        known.payload_seq,
        known.payload_row,
        known.is_released,
        true as is_derived
    from known
    inner join periods
        on
            known.knowledge = periods.knowledge
            and known.known_on = periods.known_on
            and known.company_id = periods.company_id
            and known.period_end = periods.period_end
            and (
                known.period_type = 'I'
                or (
                    known.period_type in ('Q1', 'Q2', 'Q3')
                    and known.concept not in {{ flow_concepts() }}
                    and periods.period_basis = 'TTM'
                    and periods.is_derived = 1
                )
            )
),

together as (
    select * from flows
    union all
    select * from stocks
),

chosen as (
    select
        *,
        row_number() over (
            partition by knowledge, known_on, company_id, concept, period_basis, period_end
            order by is_derived, payload_seq, payload_row
        ) as choice_number
    from together
),

final as (
    select
        knowledge,
        known_on,
        company_id,
        concept,
        period_basis,
        period_end,
        filed_date,
        fact_value,
        value_of_vintage_before,
        available_at_utc,
        payload_seq,
        payload_row,
        is_released,
        is_derived
    from chosen
    where choice_number = 1
)

select * from final
