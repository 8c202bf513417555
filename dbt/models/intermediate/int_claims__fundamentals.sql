with days as (
    select * from {{ ref('int_claims__days') }}
),

relative_valuation as (
    select * from {{ ref('relative_valuation') }}
    where measure = 'pe_ttm'
),

leverage as (
    select * from {{ ref('leverage') }}
),

baskets as (
    select * from {{ ref('baskets') }}
),

election_months as (
    select * from {{ ref('int_pairs__election_month') }}
),

pairs as (
    select * from {{ ref('pairs') }}
),

elections as (
    select
        election_months.session_date,
        election_months.election_session_date
    from election_months
    inner join pairs on election_months.pair_id = pairs.pair_id
    where
        pairs.is_headline
        and election_months.return_basis = 'price'
),

-- claim 5

ratios as (
    select
        small_basket,
        large_basket,
        as_of_date as basket_date,
        method,
        ratio,
        percentile,
        comparable_dates,
        valid_through,
        cast(available_at_utc as date) as known_on
    from relative_valuation
    where
        ratio is not null
        and available_at_utc is not null
        and method in ('incl_losses', 'excl_losses')
),

ratios_of_the_day as (
    select
        days.framing,
        days.as_of_date,
        ratios.small_basket,
        ratios.large_basket,
        ratios.basket_date,
        ratios.method,
        ratios.ratio,
        ratios.percentile,
        ratios.comparable_dates,
        ratios.known_on,
        days.as_of_date <= ratios.valid_through as is_valid,
        {{ days_between('ratios.basket_date', 'days.as_of_date') }} as basket_age_days,
        row_number() over (
            partition by days.framing, days.as_of_date, ratios.method
            order by ratios.basket_date desc, ratios.small_basket asc
        ) as basket_from_latest
    from days
    inner join ratios
        on
            days.as_of_date >= ratios.known_on
            and days.as_of_date > ratios.basket_date
),

latest_ratios as (
    select
        *,
        small_basket || ' over ' || large_basket || ' of ' || cast(basket_date as string) as basket_text,
        case
            when not is_valid
                then
                    'the last basket with a value is ' || cast(basket_age_days as string)
                    || ' days old, above 400; on it '
        end as stale_text
    from ratios_of_the_day
    where basket_from_latest = 1
),

ratios_at_the_election as (
    select
        elections.session_date,
        ratios.small_basket,
        ratios.basket_date,
        ratios.ratio,
        row_number() over (
            partition by elections.session_date, ratios.small_basket
            order by ratios.basket_date desc
        ) as basket_from_latest
    from elections
    inner join ratios
        on
            elections.election_session_date > ratios.basket_date
            and elections.election_session_date >= ratios.known_on
            and elections.election_session_date <= ratios.valid_through
    where ratios.method = 'incl_losses'
),

dearness as (
    select
        5 as claim_id,
        framing,
        as_of_date,
        'dearer_' || method as convention,
        case when is_valid then ratio end as value,
        stale_text || {{ said('ratio', 2) }} || case
            when ratio > 1 then ': would be supported'
            else ': would not be supported'
        end as missing_reason,
        basket_text as reason,
        known_on as inputs_as_of
    from latest_ratios
    union all
    select
        5 as claim_id,
        framing,
        as_of_date,
        'dearer_than_own_history' as convention,
        case when is_valid then percentile end as value,
        case
            when percentile is null
                then
                    'only ' || cast(comparable_dates as string) || ' earlier baskets to compare with, 20 are needed'
            when not is_valid then stale_text || {{ said('percentile', 1) }} || ' %'
        end as missing_reason,
        basket_text as reason,
        known_on as inputs_as_of
    from latest_ratios
    where method = 'incl_losses'
    union all
    select
        5 as claim_id,
        latest_ratios.framing,
        latest_ratios.as_of_date,
        'price_over_earnings' as convention,
        case
            when latest_ratios.is_valid and latest_ratios.basket_date > elections.election_session_date
                then 100 * (latest_ratios.ratio / nullif(ratios_at_the_election.ratio, 0) - 1)
        end as value,
        case
            when ratios_at_the_election.ratio is null then 'no basket that was valid at the election'
            when latest_ratios.basket_date <= elections.election_session_date then 'no basket since the election'
            when not latest_ratios.is_valid
                then latest_ratios.stale_text || {{ said('latest_ratios.ratio', 2) }}
        end as missing_reason,
        latest_ratios.basket_text || ', at the election '
        || {{ said('ratios_at_the_election.ratio', 2) }} as reason,
        latest_ratios.known_on as inputs_as_of
    from latest_ratios
    inner join elections on latest_ratios.as_of_date = elections.session_date
    left join ratios_at_the_election
        on
            latest_ratios.as_of_date = ratios_at_the_election.session_date
            and latest_ratios.small_basket = ratios_at_the_election.small_basket
            and ratios_at_the_election.basket_from_latest = 1
    where latest_ratios.method = 'incl_losses'
),

-- claim 6

debts as (
    select
        'aggregate' as convention,
        'debt_to_assets' as measure
    union all
    select
        'median' as convention,
        'debt_to_assets' as measure
    union all
    select
        'interest_not_covered' as convention,
        'share_interest_not_covered' as measure
),

debt_of_baskets as (
    select
        debts.convention,
        leverage.basket,
        leverage.as_of_date,
        leverage.valid_through,
        cast(leverage.available_at_utc as date) as known_on,
        case debts.convention
            when 'median' then 100 * leverage.median_value
            when 'aggregate' then 100 * leverage.aggregate_value
            else leverage.aggregate_value
        end as value_pct
    from debts
    inner join leverage on debts.measure = leverage.measure
    where leverage.available_at_utc is not null
),

debt_differences as (
    select
        small.convention,
        small.basket as small_basket,
        large.basket as large_basket,
        small.as_of_date as basket_date,
        small.value_pct as small_pct,
        large.value_pct as large_pct,
        small.value_pct - large.value_pct as difference_pp,
        least(small.valid_through, large.valid_through) as valid_through,
        greatest(small.known_on, large.known_on) as known_on
    from baskets
    inner join debt_of_baskets as small on baskets.basket = small.basket
    inner join debt_of_baskets as large
        on
            baskets.large_counterpart = large.basket
            and small.as_of_date = large.as_of_date
            and small.convention = large.convention
    where
        small.value_pct is not null
        and large.value_pct is not null
),

debts_of_the_day as (
    select
        days.framing,
        days.as_of_date,
        debt_differences.*,
        days.as_of_date <= debt_differences.valid_through as is_valid,
        {{ days_between('debt_differences.basket_date', 'days.as_of_date') }} as basket_age_days,
        row_number() over (
            partition by days.framing, days.as_of_date, debt_differences.convention
            order by debt_differences.basket_date desc, debt_differences.small_basket asc
        ) as basket_from_latest
    from days
    inner join debt_differences
        on
            days.as_of_date >= debt_differences.known_on
            and days.as_of_date > debt_differences.basket_date
),

debt as (
    select
        6 as claim_id,
        framing,
        as_of_date,
        convention,
        case when is_valid then difference_pp end as value,
        case
            when not is_valid
                then
                    'the last basket with a value is ' || cast(basket_age_days as string)
                    || ' days old, above 400; on it ' || {{ said('small_pct', 1) }} || ' against '
                    || {{ said('large_pct', 1) }} || ' %: would '
                    || case when difference_pp > 0 then 'be supported' else 'not be supported' end
        end as missing_reason,
        small_basket || ' ' || {{ said('small_pct', 1) }} || ' %, ' || large_basket || ' '
        || {{ said('large_pct', 1) }} || ' %, of ' || cast(basket_date as string) as reason,
        known_on as inputs_as_of
    from debts_of_the_day
    where basket_from_latest = 1
),

-- claim 11: never guessed
domestic as (
    select
        11 as claim_id,
        framing,
        as_of_date,
        'domestic_revenue' as convention,
        cast(null as double) as value,
        'no fact of the input says where revenue is earned' as missing_reason,
        '' as reason,
        cast(null as date) as inputs_as_of
    from days
),

measures as (
    select * from dearness
    union all
    select * from debt
    union all
    select * from domestic
),

final as (
    select
        claim_id,
        framing,
        as_of_date,
        convention,
        value,
        true as is_also_true,
        case when value is null then missing_reason end as missing_reason,
        reason,
        inputs_as_of
    from measures
)

select * from final
