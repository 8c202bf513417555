{#- annual_months, quarterly_months: a period that ended longer ago says nothing about the day. -#}
{%- set annual_months = 15 -%}
{%- set quarterly_months = 6 -%}
{#- A stub between two fiscal year ends: longer than a vendor's shift to the month end, shorter than a year. -#}
{%- set stub_days_from = 45 -%}
{%- set stub_days_to = 329 -%}
{#- No balance sheet grows three hundred times from one filing to the next, other than by its unit. -#}
{%- set unit_factor = 300 -%}
{#- A reverse split restates the newest filing and leaves prices in doubt. -#}
{%- set collapse_factor = 8 -%}
{%- set vintage_factor = 1.9 -%}
{#- Losses of a shell reach thirty times its assets; another unit is a thousand times a twentieth. -#}
{%- set most_earnings_of_assets = 50 -%}
{%- set never_negative = "'total_assets', 'shares_diluted', 'cash_and_short_term_investments', 'long_term_debt', "
    ~ "'short_term_debt', 'floating_rate_debt'" -%}

with known as (
    select * from {{ ref('int_fundamentals__facts_known') }}
),

whole_periods as (
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
        is_released
    from known
    where period_basis in ('FY', 'TTM')
),

quarters as (
    select
        *,
        dense_rank() over (partition by knowledge, known_on, company_id order by period_end desc) as quarter_from_latest
    from known
    where period_basis in ('Q1', 'Q2', 'Q3', 'Q4')
),

four_quarters as (
    select
        knowledge,
        known_on,
        company_id,
        concept,
        '4Q' as period_basis,
        max(period_end) as period_end,
        max(filed_date) as filed_date,
        case
            when concept in {{ flow_concepts() }} then {{ sum_in_order('fact_value') }}
            else max(case when quarter_from_latest = 1 then fact_value end)
        end as fact_value,
        cast(null as double) as value_of_vintage_before,
        max(available_at_utc) as available_at_utc,
        -- a decision about four quarters is one about the last of them
        max(case when quarter_from_latest = 1 then payload_seq end) as payload_seq,
        max(case when quarter_from_latest = 1 then payload_row end) as payload_row,
        coalesce(bool_or(quarter_from_latest = 1 and is_released), false) as is_released,
        min(case when filed_date < period_end then 0 else 1 end) as is_filed_after_the_end,
        count(fact_value) as quarters_with_value,
        min(quarter_from_latest) as latest_quarter,
        {{ days_between('min(period_end)', 'max(period_end)') }} as days_covered
    from quarters
    where quarter_from_latest <= 4
    group by
        knowledge,
        known_on,
        company_id,
        concept
),

by_basis as (
    select * from whole_periods
    union all
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
        is_released
    from four_quarters
    where
        latest_quarter = 1
        and is_filed_after_the_end = 1
        and (concept not in {{ flow_concepts() }} or (quarters_with_value = 4 and days_covered between 250 and 300))
),

periods as (
    select
        knowledge,
        known_on,
        company_id,
        period_basis,
        period_end,
        lag(period_end) over (
            partition by knowledge, known_on, company_id, period_basis
            order by period_end
        ) as previous_period_end
    from by_basis
    group by
        knowledge,
        known_on,
        company_id,
        period_basis,
        period_end
    -- shares or assets of a later quarter alone do not displace the annual report
    having period_basis = 'FY' or count(case when concept = 'net_income_common' then 1 end) > 0
),

ranked_periods as (
    select
        *,
        row_number() over (
            partition by knowledge, known_on, company_id
            order by period_end desc, case period_basis when 'FY' then 1 when 'TTM' then 2 else 3 end
        ) as period_number
    from periods
    where
        (period_basis = 'FY' and period_end > {{ add_months('known_on', -annual_months) }})
        or (period_basis <> 'FY' and period_end > {{ add_months('known_on', -quarterly_months) }})
),

with_earlier as (
    select
        *,
        abs(nullif(lag(fact_value) over (filings), 0)) as earlier_1,
        abs(nullif(lag(fact_value, 2) over (filings), 0)) as earlier_2,
        abs(nullif(lag(fact_value, 3) over (filings), 0)) as earlier_3
    from by_basis
    window filings as (
        partition by knowledge, known_on, company_id, concept, period_basis
        order by period_end
    )
),

in_use as (
    select
        facts.knowledge,
        facts.known_on,
        facts.company_id,
        facts.concept,
        facts.period_basis,
        facts.period_end,
        ranked_periods.previous_period_end,
        facts.filed_date,
        facts.fact_value,
        facts.value_of_vintage_before,
        facts.available_at_utc,
        facts.payload_seq,
        facts.payload_row,
        facts.is_released,
        -- middle one of three; geometric mean of two; one bad filing before does not condemn a good one
        case
            when facts.earlier_1 is null then coalesce(facts.earlier_2, facts.earlier_3)
            when facts.earlier_2 is null and facts.earlier_3 is null then facts.earlier_1
            when facts.earlier_2 is null then sqrt(facts.earlier_1) * sqrt(facts.earlier_3)
            when facts.earlier_3 is null then sqrt(facts.earlier_1) * sqrt(facts.earlier_2)
            else
                greatest(
                    least(facts.earlier_1, facts.earlier_2),
                    least(greatest(facts.earlier_1, facts.earlier_2), facts.earlier_3)
                )
        end as earlier_level
    from with_earlier as facts
    inner join ranked_periods
        on
            facts.knowledge = ranked_periods.knowledge
            and facts.known_on = ranked_periods.known_on
            and facts.company_id = ranked_periods.company_id
            and facts.period_basis = ranked_periods.period_basis
            and facts.period_end = ranked_periods.period_end
            and ranked_periods.period_number = 1
),

measured as (
    select
        *,
        abs(fact_value) / earlier_level as times_earlier,
        fact_value / nullif(value_of_vintage_before, 0) as times_vintage_before,
        {{ days_between('previous_period_end', 'period_end') }} as days_since_previous_period,
        max(case when concept = 'total_assets' then fact_value end) over (filing) as total_assets,
        max(case when concept = 'net_income_common' then fact_value end) over (filing) as net_income
    from in_use
    window filing as (partition by knowledge, known_on, company_id)
),

judged_alone as (
    select
        *,
        case
            when is_released then null
            when filed_date < period_end then 'filed_before_period_end'
            when
                period_basis = 'FY' and concept in {{ flow_concepts() }}
                and days_since_previous_period between {{ stub_days_from }} and {{ stub_days_to }}
                then 'fiscal_year_changed'
            when concept in ({{ never_negative }}) and fact_value < 0 then 'negative_amount'
            when concept in ('total_assets', 'shares_diluted') and fact_value = 0 then 'zero_amount'
            when
                concept = 'shares_diluted'
                and (
                    times_vintage_before > {{ vintage_factor }} or times_vintage_before < 1 / {{ vintage_factor }}
                )
                then 'shares_against_vintage_before'
            when
                concept = 'shares_diluted'
                and (times_earlier > {{ unit_factor }} or times_earlier < cast(1 as double) / {{ collapse_factor }})
                then 'shares_against_filings_before'
            when
                concept = 'total_assets'
                and (times_earlier > {{ unit_factor }} or times_earlier < cast(1 as double) / {{ unit_factor }})
                then 'scale_against_filings_before'
            when
                concept not in ('total_assets', 'shares_diluted')
                and (
                    times_earlier between 500 and 2000
                    or times_earlier between 5e5 and 2e6
                    or times_earlier between 1 / 2000.0 and 1 / 500.0
                    or times_earlier between 1 / 2e6 and 1 / 5e5
                )
                then 'scale_against_filings_before'
            when
                concept in ('net_income_common', 'total_assets')
                and total_assets > 0
                and abs(net_income) > {{ most_earnings_of_assets }} * total_assets
                then 'earnings_beyond_assets'
        end as rule_alone
    from measured
),

judged_together as (
    select
        *,
        count(case
            when rule_alone in ('scale_against_filings_before', 'shares_against_filings_before') then 1
        end) over (partition by knowledge, known_on, company_id) as concepts_off_scale
    from judged_alone
),

judged as (
    select
        *,
        case
            when rule_alone is not null then rule_alone
            when concepts_off_scale >= 3 and not is_released then 'filing_in_another_unit'
        end as rule
    from judged_together
),

-- a later split written into old periods shows where two vintages speak of the same period
restatements as (
    select
        knowledge,
        known_on,
        company_id,
        median(fact_value / nullif(value_of_vintage_before, 0)) as shares_restated_times
    from known
    where
        concept = 'shares_diluted'
        and value_of_vintage_before is not null
    group by
        knowledge,
        known_on,
        company_id
),

judged_with_restatements as (
    select
        judged.*,
        restatements.shares_restated_times
    from judged
    left join restatements
        on
            judged.knowledge = restatements.knowledge
            and judged.known_on = restatements.known_on
            and judged.company_id = restatements.company_id
),

final as (
    select
        knowledge,
        known_on,
        company_id,
        concept,
        period_basis,
        period_end,
        previous_period_end,
        filed_date,
        fact_value,
        value_of_vintage_before,
        earlier_level,
        available_at_utc,
        payload_seq,
        payload_row,
        shares_restated_times,
        rule,
        case rule
            when 'filed_before_period_end'
                then 'filed ' || cast(filed_date as string) || ', before the period ended'
            when 'fiscal_year_changed'
                then
                    'called annual, but ended ' || cast(days_since_previous_period as string)
                    || ' days after the period before: not twelve months'
            when 'negative_amount' then 'cannot be negative'
            when 'zero_amount' then 'cannot be zero'
            when 'shares_against_vintage_before'
                then
                    {{ said('times_vintage_before', 4) }}
                    || ' times what the vintage before gave for the same period: other share basis than the prices'
            when 'shares_against_filings_before'
                then {{ said('times_earlier', 6) }} || ' times the count of the filings before'
            when 'scale_against_filings_before'
                then
                    {{ said('times_earlier', 6) }}
                    || ' times the level of the filings before: looks like another unit'
            when 'earnings_beyond_assets'
                then
                    'net income beyond {{ most_earnings_of_assets }} times total assets: '
                    || 'one of them is in another unit'
            when 'filing_in_another_unit'
                then cast(concepts_off_scale as string) || ' figures of this filing are in another unit'
        end as reason
    from judged_with_restatements
)

select * from final
