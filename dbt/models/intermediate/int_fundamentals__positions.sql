{#- factor: the widest disagreement between two counts of the same shares that free float and timing explain. -#}
{%- set factor = 1.9 -%}
{#- lowest_float: below it free float alone does not explain a fund's small stake in a company. -#}
{%- set lowest_float = 0.35 -%}
{%- set highest_price_usd = 10000 -%}
{%- set most_caps_of_assets = 40 -%}
{#- Below this many companies with facts the median stake of a fund says nothing. -#}
{%- set companies_for_median = 10 -%}

with holdings as (
    select * from {{ ref('stg_fundamentals__fund_holdings') }}
),

facts as (
    select * from {{ ref('int_fundamentals__facts_judged') }}
),

vintages as (
    select * from {{ ref('stg_fundamentals__company_fact_vintages') }}
),

identifiers as (
    select * from {{ ref('stg_membership__security_identifiers') }}
),

baskets as (
    select * from {{ ref('baskets') }}
),

share_classes as (
    select * from {{ ref('share_classes') }}
),

ticker_changes as (
    select * from {{ ref('ticker_changes') }}
),

class_tickers as (
    select distinct ticker from share_classes
),

-- 1. the row by itself and within its basket

described as (
    select
        holdings.basket,
        holdings.as_of_date,
        holdings.ticker,
        holdings.ticker_key,
        holdings.security_name,
        holdings.sector,
        holdings.weight_pct,
        holdings.shares,
        holdings.market_value_usd,
        coalesce(holdings.price_usd, holdings.market_value_usd / nullif(holdings.shares, 0)) as price_usd,
        holdings.available_at_utc as holdings_available_at_utc,
        holdings.payload_seq,
        holdings.payload_row,
        holdings.is_released,
        coalesce(baskets.holding_kind, 'fund') as holding_kind,
        class_tickers.ticker is not null as is_listed_class,
        coalesce(lower(holdings.sector) like 'financial%', false)
        or coalesce(lower(holdings.sector) like 'bank%', false)
        or coalesce(lower(holdings.sector) like 'insurance%', false)
        -- a basket without sectors (N-PORT) cannot tell its banks: leverage leaves all of it out
        or count(holdings.sector) over (partition by holdings.basket, holdings.as_of_date) = 0 as is_financial,
        lower(trim(holdings.asset_class)) = 'equity'
        and not coalesce(lower(holdings.sector) like 'cash%', false)
        and not (
            upper(holdings.security_name) like '% CASH'
            or upper(holdings.security_name) like 'CASH %'
            or upper(holdings.security_name) like '% CSH FND%'
            or upper(holdings.security_name) like '%CASH FUND%'
            or upper(holdings.security_name) like '%CASH COLLATERAL%'
            or upper(holdings.security_name) like '%MONEY MARKET%'
            or upper(holdings.security_name) like '%EMINI%'
            or upper(holdings.security_name) like '%E-MINI%'
            or upper(holdings.security_name) like '% FUTURE%'
        ) as is_equity
    from holdings
    left join baskets on holdings.basket = baskets.basket
    left join class_tickers on holdings.ticker_key = class_tickers.ticker
),

counted as (
    select
        *,
        count(ticker_key) over (partition by basket, as_of_date, ticker_key, is_equity) as rows_of_ticker,
        {{ sum_in_order('market_value_usd') }} over (partition by basket, as_of_date) as basket_value_usd,
        {{ sum_in_order('weight_pct') }} over (partition by basket, as_of_date) as basket_weight_pct,
        lag(shares) over (same_security) as shares_before,
        lag(price_usd) over (same_security) as price_before_usd
    from described
    window same_security as (partition by basket, ticker_key, is_equity order by as_of_date)
),

measured as (
    select
        *,
        shares * price_usd / nullif(market_value_usd, 0) as times_market_value,
        basket_weight_pct * market_value_usd / nullif(basket_value_usd, 0) as implied_weight_pct,
        shares / nullif(shares_before, 0) as times_shares_before,
        price_usd / nullif(price_before_usd, 0) as times_price_before
    from counted
),

judged_rows as (
    select
        *,
        case
            when not is_equity then 'not_equity'
            when is_released then null
            when rows_of_ticker > 1 then 'duplicate_ticker'
            when market_value_usd is null or market_value_usd <= 0 or weight_pct < 0 then 'value_not_positive'
            when price_usd is null or price_usd <= 0 then 'price_not_positive'
            when price_usd > {{ highest_price_usd }} and not is_listed_class then 'price_out_of_range'
            when abs(times_market_value - 1) > 0.01 + 0.01 / price_usd then 'shares_times_price_against_value'
            when abs(implied_weight_pct - weight_pct) > greatest(0.02, 0.05 * weight_pct)
                then 'weight_against_value'
            when
                holding_kind = 'whole_companies'
                and (
                    (
                        (
                            times_shares_before between 9.8 and 10.2
                            or times_shares_before between 98 and 102
                            or times_shares_before between 980 and 1020
                            or 1 / times_shares_before between 9.8 and 10.2
                            or 1 / times_shares_before between 98 and 102
                            or 1 / times_shares_before between 980 and 1020
                        )
                        and times_price_before between 0.5 and 2
                    )
                    or (
                        (
                            times_price_before between 98 and 102
                            or times_price_before between 980 and 1020
                            or 1 / times_price_before between 98 and 102
                            or 1 / times_price_before between 980 and 1020
                        )
                        and times_shares_before between 0.5 and 2
                    )
                )
                then 'jump_by_a_round_factor'
        end as row_rule
    from measured
),

-- 2. from the ticker of the day to a company

knowledges as (
    select 'as_known' as knowledge
    union all
    select 'latest_vintage' as knowledge
),

days as (
    select distinct as_of_date from holdings
),

labels as (
    select
        company_id,
        ticker_key,
        available_at_utc
    from vintages
    where
        not is_removed
        and ticker_key is not null
    group by
        company_id,
        ticker_key,
        available_at_utc
    union
    -- facts of the SEC carry no ticker: its list of companies does
    select
        member_id as company_id,
        symbol_key as ticker_key,
        available_at_utc
    from identifiers
    where
        member_id in (select vintages.company_id from vintages)
        and symbol_key is not null
),

labels_known as (
    select
        knowledges.knowledge,
        days.as_of_date,
        labels.company_id,
        labels.ticker_key,
        cast(max(labels.available_at_utc) as date) as labelled_on
    from knowledges
    cross join days
    inner join labels
        on
            knowledges.knowledge = 'latest_vintage'
            or labels.available_at_utc < cast({{ add_days('days.as_of_date', 1) }} as timestamp)
    group by
        knowledges.knowledge,
        days.as_of_date,
        labels.company_id,
        labels.ticker_key
),

company_days as (
    select
        knowledge,
        known_on,
        company_id
    from facts
    group by
        knowledge,
        known_on,
        company_id
),

labels_with_facts as (
    select
        labels_known.knowledge,
        labels_known.as_of_date,
        labels_known.company_id,
        labels_known.ticker_key,
        labels_known.labelled_on,
        company_days.company_id is not null as has_valid_facts,
        case
            when
                labels_known.labelled_on = max(labels_known.labelled_on) over (
                    partition by labels_known.knowledge, labels_known.as_of_date, labels_known.company_id
                )
                then 0
            else 4
        end as rank_of_label
    from labels_known
    left join company_days
        on
            labels_known.knowledge = company_days.knowledge
            and labels_known.as_of_date = company_days.known_on
            and labels_known.company_id = company_days.company_id
),

company_labels as (
    select * from labels_with_facts
    union all
    -- S_delisted and FOX_old: the vendor's mark for a ticker that was given up
    select
        knowledge,
        as_of_date,
        company_id,
        split_part(ticker_key, '_', 1) as ticker_key,
        labelled_on,
        has_valid_facts,
        rank_of_label + 3 as rank_of_label
    from labels_with_facts
    where ticker_key <> split_part(ticker_key, '_', 1)
),

-- the ticker itself, and the ticker under which the facts of its share class stand
wanted as (
    select
        as_of_date,
        ticker_key,
        ticker_key as company_key,
        cast(1 as double) as units_per_share
    from judged_rows
    where is_equity and ticker_key is not null
    group by
        as_of_date,
        ticker_key
    union
    select
        judged_rows.as_of_date,
        judged_rows.ticker_key,
        share_classes.company_ticker as company_key,
        share_classes.units_per_share
    from judged_rows
    inner join share_classes
        on
            judged_rows.ticker_key = share_classes.ticker
            and judged_rows.as_of_date >= share_classes.valid_from
            and judged_rows.as_of_date <= coalesce(share_classes.valid_to, cast('9999-12-31' as date))
    where judged_rows.is_equity
),

-- The lowest rank decides. 1: the label was right on the day the facts were labelled. 2: the vendor kept, or wrote
-- back, another ticker of the same company. 3 more: marked as given up. 4 more: the vendor calls the company otherwise
-- by now. A label that meant another company on one of the two days is no candidate.
candidates as (
    select
        company_labels.knowledge,
        wanted.as_of_date,
        wanted.ticker_key,
        wanted.units_per_share,
        company_labels.company_id,
        company_labels.has_valid_facts,
        company_labels.rank_of_label + case
            when
                left_behind.old_ticker is not null
                and wanted.as_of_date < left_behind.changed_on
                and company_labels.labelled_on >= left_behind.changed_on
                then 2
            else 1
        end as label_rank
    from wanted
    inner join company_labels
        on
            wanted.as_of_date = company_labels.as_of_date
            and wanted.company_key = company_labels.ticker_key
    left join ticker_changes as left_behind on wanted.company_key = left_behind.old_ticker
    left join ticker_changes as taken_up on wanted.company_key = taken_up.new_ticker
    where
        not (
            left_behind.old_ticker is not null
            and wanted.as_of_date >= left_behind.changed_on
            and company_labels.labelled_on < left_behind.changed_on
        )
        and not (
            taken_up.new_ticker is not null
            and wanted.as_of_date < taken_up.changed_on
            and company_labels.labelled_on >= taken_up.changed_on
        )
    union all
    select
        company_labels.knowledge,
        wanted.as_of_date,
        wanted.ticker_key,
        wanted.units_per_share,
        company_labels.company_id,
        company_labels.has_valid_facts,
        company_labels.rank_of_label
        + case when company_labels.labelled_on >= ticker_changes.changed_on then 1 else 2 end as label_rank
    from wanted
    inner join ticker_changes
        on
            wanted.company_key = ticker_changes.old_ticker
            and wanted.as_of_date < ticker_changes.changed_on
    inner join company_labels
        on
            wanted.as_of_date = company_labels.as_of_date
            and ticker_changes.new_ticker = company_labels.ticker_key
    union all
    select
        company_labels.knowledge,
        wanted.as_of_date,
        wanted.ticker_key,
        wanted.units_per_share,
        company_labels.company_id,
        company_labels.has_valid_facts,
        company_labels.rank_of_label
        + case when company_labels.labelled_on < ticker_changes.changed_on then 1 else 2 end as label_rank
    from wanted
    inner join ticker_changes
        on
            wanted.company_key = ticker_changes.new_ticker
            and wanted.as_of_date >= ticker_changes.changed_on
    inner join company_labels
        on
            wanted.as_of_date = company_labels.as_of_date
            and ticker_changes.old_ticker = company_labels.ticker_key
),

best_candidates as (
    select
        *,
        min(case when has_valid_facts then label_rank end) over (
            partition by knowledge, as_of_date, ticker_key
        ) as best_rank
    from candidates
),

-- where only the share class seed knows how many units make a share, its row counts
mapped as (
    select
        knowledge,
        as_of_date,
        ticker_key,
        count(distinct case when has_valid_facts and label_rank = best_rank then company_id end) as companies,
        min(case when has_valid_facts and label_rank = best_rank then company_id end) as company_id,
        max(case when has_valid_facts and label_rank = best_rank then units_per_share end) as units_per_share
    from best_candidates
    group by
        knowledge,
        as_of_date,
        ticker_key
),

-- candidates that report figures which are not read: by IFRS, or in another currency
unread as (
    select
        company_id,
        concept,
        min(available_at_utc) as available_at_utc
    from vintages
    where
        concept in ('figures_by_ifrs', 'figures_in_another_currency')
        and not is_removed
    group by
        company_id,
        concept
),

unread_known as (
    select
        candidates.knowledge,
        candidates.as_of_date,
        candidates.ticker_key,
        max(unread.concept) as unread_concept
    from candidates
    inner join unread
        on
            candidates.company_id = unread.company_id
            and (
                candidates.knowledge = 'latest_vintage'
                or unread.available_at_utc < cast({{ add_days('candidates.as_of_date', 1) }} as timestamp)
            )
    group by
        candidates.knowledge,
        candidates.as_of_date,
        candidates.ticker_key
),

-- 3. the company's figures, in one sign: costs positive, debts positive

figures as (
    select
        knowledge,
        known_on,
        company_id,
        min(period_end) as period_end,
        min(period_basis) as period_basis,
        max(available_at_utc) as facts_available_at_utc,
        max(case when concept = 'shares_diluted' then rule end) as shares_rule,
        max(case when concept = 'shares_diluted' then reason end) as shares_reason,
        max(shares_restated_times) as shares_restated_times,
        max(case when concept = 'shares_diluted' and rule is null then fact_value end) as company_shares,
        max(case when concept = 'net_income_common' and rule is null then fact_value end) as net_income_usd,
        max(case when concept = 'revenue' and rule is null then fact_value end) as revenue_usd,
        max(case when concept = 'dividends_paid' and rule is null then abs(fact_value) end) as dividends_usd,
        max(case when concept = 'total_equity' and rule is null then fact_value end) as equity_usd,
        max(case when concept = 'total_assets' and rule is null then fact_value end) as assets_usd,
        max(case when concept = 'cash_and_short_term_investments' and rule is null then fact_value end) as cash_usd,
        max(case when concept = 'operating_income' and rule is null then fact_value end) as ebit_usd,
        max(case when concept = 'depreciation_amortization' and rule is null then abs(fact_value) end)
            as depreciation_usd,
        max(case when concept = 'long_term_debt' and rule is null then fact_value end) as long_term_debt_usd,
        max(case when concept = 'short_term_debt' and rule is null then fact_value end) as short_term_debt_usd,
        count(case when concept in ('long_term_debt', 'short_term_debt') and rule is not null then 1 end)
            as debts_excluded,
        max(case when concept = 'floating_rate_debt' and rule is null then fact_value end) as floating_debt_usd,
        -- interest_expense is a cost with a plus; interest_expense_net is signed as in an income statement
        coalesce(
            max(case when concept = 'interest_expense' and rule is null then fact_value end),
            max(case when concept = 'interest_expense_net' and rule is null then -fact_value end)
        ) as interest_usd
    from facts
    group by
        knowledge,
        known_on,
        company_id
),

-- 4. price x diluted shares: what the company costs, and the part of it that the position owns

valued as (
    select
        knowledges.knowledge,
        judged_rows.*,
        case when mapped.companies = 1 then mapped.company_id end as company_id,
        coalesce(mapped.companies, 0) as companies_of_ticker,
        mapped.ticker_key is not null as has_label,
        unread_known.unread_concept,
        figures.period_end,
        figures.period_basis,
        figures.facts_available_at_utc,
        figures.shares_rule,
        figures.shares_reason,
        figures.shares_restated_times,
        figures.net_income_usd,
        figures.revenue_usd,
        figures.dividends_usd,
        figures.equity_usd,
        figures.assets_usd,
        figures.cash_usd,
        figures.ebit_usd,
        figures.depreciation_usd,
        figures.long_term_debt_usd,
        figures.short_term_debt_usd,
        figures.debts_excluded,
        figures.floating_debt_usd,
        figures.interest_usd,
        judged_rows.price_usd * figures.company_shares * mapped.units_per_share as company_value_usd
    from judged_rows
    cross join knowledges
    left join mapped
        on
            knowledges.knowledge = mapped.knowledge
            and judged_rows.as_of_date = mapped.as_of_date
            and judged_rows.ticker_key = mapped.ticker_key
    left join unread_known
        on
            knowledges.knowledge = unread_known.knowledge
            and judged_rows.as_of_date = unread_known.as_of_date
            and judged_rows.ticker_key = unread_known.ticker_key
    left join figures
        on
            mapped.companies = 1
            and mapped.knowledge = figures.knowledge
            and mapped.as_of_date = figures.known_on
            and mapped.company_id = figures.company_id
),

owned as (
    select
        *,
        case
            when row_rule is null and company_value_usd > 0 then market_value_usd / company_value_usd
        end as owned_share
    from valued
),

stakes as (
    select
        knowledge,
        basket,
        as_of_date,
        company_id,
        {{ sum_in_order('owned_share') }} as company_stake
    from owned
    where owned_share is not null
    group by
        knowledge,
        basket,
        as_of_date,
        company_id
),

medians as (
    select
        knowledge,
        basket,
        as_of_date,
        case when count(*) >= {{ companies_for_median }} then median(company_stake) end as median_stake
    from stakes
    group by
        knowledge,
        basket,
        as_of_date
),

stakes_with_median as (
    select
        stakes.knowledge,
        stakes.basket,
        stakes.as_of_date,
        stakes.company_id,
        stakes.company_stake,
        medians.median_stake
    from stakes
    inner join medians
        on
            stakes.knowledge = medians.knowledge
            and stakes.basket = medians.basket
            and stakes.as_of_date = medians.as_of_date
),

judged as (
    select
        owned.*,
        stakes_with_median.company_stake,
        stakes_with_median.median_stake,
        case
            when owned.row_rule is not null then owned.row_rule
            when owned.companies_of_ticker > 1 then 'ticker_of_two_companies'
            when owned.company_id is null and owned.unread_concept is not null then 'figures_not_read'
            when owned.company_id is null and owned.has_label then 'no_valid_facts'
            when owned.company_id is null then 'no_company'
            when owned.shares_rule is not null then owned.shares_rule
            when owned.company_value_usd is null then 'no_share_count'
            when owned.is_released then null
            when
                owned.holding_kind = 'whole_companies'
                and (
                    stakes_with_median.company_stake > {{ factor }}
                    or stakes_with_median.company_stake < 1 / {{ factor }}
                )
                then 'company_value_against_basket'
            when
                owned.holding_kind = 'fund'
                and (
                    stakes_with_median.company_stake > {{ factor }} * stakes_with_median.median_stake
                    or stakes_with_median.company_stake < stakes_with_median.median_stake * {{ lowest_float }}
                    or (
                        stakes_with_median.company_stake < stakes_with_median.median_stake / {{ factor }}
                        and owned.shares_restated_times > {{ factor }}
                    )
                )
                then 'company_value_against_weight'
            when owned.company_value_usd > {{ most_caps_of_assets }} * owned.assets_usd
                then 'company_value_against_assets'
        end as rule
    from owned
    left join stakes_with_median
        on
            owned.knowledge = stakes_with_median.knowledge
            and owned.basket = stakes_with_median.basket
            and owned.as_of_date = stakes_with_median.as_of_date
            and owned.company_id = stakes_with_median.company_id
),

final as (
    select
        knowledge,
        basket,
        as_of_date,
        ticker,
        security_name,
        sector,
        is_equity,
        is_financial,
        weight_pct,
        shares,
        price_usd,
        market_value_usd,
        company_id,
        company_value_usd,
        company_stake,
        median_stake,
        case when rule is null then owned_share end as owned_share,
        period_basis,
        period_end,
        facts_available_at_utc,
        holdings_available_at_utc,
        payload_seq,
        payload_row,
        net_income_usd,
        revenue_usd,
        dividends_usd,
        equity_usd,
        assets_usd,
        cash_usd,
        ebit_usd,
        ebit_usd + depreciation_usd as ebitda_usd,
        interest_usd,
        -- a balance sheet without a line for debt has none, unless a rule took the line away
        case
            when assets_usd is not null and debts_excluded = 0
                then coalesce(long_term_debt_usd, 0) + coalesce(short_term_debt_usd, 0)
        end as debt_usd,
        long_term_debt_usd is null and short_term_debt_usd is null as is_debt_free_by_silence,
        floating_debt_usd,
        case
            when rule is null then null
            when rule = 'not_equity' then 'apart'
            when
                rule in (
                    'no_company', 'no_valid_facts', 'figures_not_read', 'no_share_count', 'ticker_of_two_companies'
                )
                then 'not_mapped'
            else 'error'
        end as rule_family,
        rule,
        case rule
            when 'not_equity' then 'cash, a future or collateral, whatever it is labelled'
            when 'duplicate_ticker'
                then cast(rows_of_ticker as string) || ' rows of this ticker on the day: none counts'
            when 'value_not_positive'
                then
                    'market value ' || coalesce({{ number_text('market_value_usd') }}, 'missing') || ' and weight '
                    || coalesce({{ number_text('weight_pct') }}, 'missing') || ' of an equity position'
            when 'price_not_positive' then 'price ' || coalesce({{ number_text('price_usd') }}, 'missing')
            when 'price_out_of_range'
                then
                    'price ' || {{ number_text('price_usd') }}
                    || ' above {{ highest_price_usd }} without a share class known for it: price and shares rescaled'
            when 'shares_times_price_against_value'
                then
                    'shares times price is ' || {{ said('times_market_value', 4) }}
                    || ' times the market value'
            when 'weight_against_value'
                then
                    'weight ' || {{ number_text('weight_pct') }} || ' %, but the market value implies '
                    || {{ said('implied_weight_pct', 4) }} || ' %'
            when 'jump_by_a_round_factor'
                then
                    'shares ' || {{ said('times_shares_before', 4) }} || ' times and price '
                    || {{ said('times_price_before', 4) }} || ' times those of the basket before'
            when 'ticker_of_two_companies'
                then cast(companies_of_ticker as string) || ' companies carry this ticker on the day: neither counts'
            when 'no_valid_facts' then 'the facts known of the company are too old, or not one counts'
            when 'figures_not_read'
                then
                    case unread_concept
                        when 'figures_by_ifrs' then 'the company reports by IFRS'
                        else 'the company reports in another currency than US dollars'
                    end
                    || ': its figures are not read'
            when 'no_company' then 'no company of the facts carries this ticker'
            when 'no_share_count' then 'no diluted share count among the facts'
            when 'company_value_against_basket'
                then
                    'the basket holds ' || {{ said('company_stake', 4) }}
                    || ' times the shares that the facts give the company'
            when 'company_value_against_weight'
                then
                    'the fund would own ' || {{ said('company_stake / median_stake', 4) }}
                    || ' times its median stake'
                    || case
                        when shares_restated_times > {{ factor }}
                            then
                                ', and a later vintage wrote ' || {{ said('shares_restated_times', 2) }}
                                || ' times the shares into old filings'
                        else ''
                    end
                    || ': shares and price are on other bases'
            when 'company_value_against_assets'
                then
                    'company value ' || {{ said('company_value_usd / assets_usd', 1) }}
                    || ' times total assets, above {{ most_caps_of_assets }}'
            else shares_reason
        end as reason
    from judged
)

select * from final
