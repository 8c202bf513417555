{#- Below this many earlier dates a percentile or a z-score is a guess. -#}
{%- set dates_needed = 20 -%}

with valuation as (
    select * from {{ ref('valuation') }}
),

basket_pairs as (
    select
        basket as small_basket,
        large_counterpart as large_basket
    from {{ ref('baskets') }}
    where large_counterpart is not null
),

pairs as (
    select
        basket_pairs.small_basket,
        basket_pairs.large_basket,
        small.as_of_date,
        small.measure,
        small.method,
        small.value as small_value,
        large.value as large_value,
        small.value / nullif(large.value, 0) as ratio,
        small.earnings_yield_pct as small_earnings_yield_pct,
        large.earnings_yield_pct as large_earnings_yield_pct,
        -- against losses of the large side a ratio would turn its meaning round
        case
            when large.earnings_yield_pct > 0 then small.earnings_yield_pct / large.earnings_yield_pct
        end as relative_earnings_yield,
        least(small.coverage_pct, large.coverage_pct) as coverage_pct,
        greatest(small.available_at_utc, large.available_at_utc) as available_at_utc,
        least(small.valid_through, large.valid_through) as valid_through
    from basket_pairs
    inner join valuation as small on basket_pairs.small_basket = small.basket
    inner join valuation as large
        on
            basket_pairs.large_basket = large.basket
            and small.as_of_date = large.as_of_date
            and small.measure = large.measure
            and small.method = large.method
),

history as (
    select
        pairs.small_basket,
        pairs.large_basket,
        pairs.as_of_date,
        pairs.measure,
        pairs.method,
        count(earlier.relative_earnings_yield) as comparable_dates,
        count(
            case when earlier.relative_earnings_yield < pairs.relative_earnings_yield then 1 end
        ) as lower_dates,
        avg(earlier.relative_earnings_yield) as mean_before,
        stddev_samp(earlier.relative_earnings_yield) as standard_deviation_before
    from pairs
    left join pairs as earlier
        on
            pairs.small_basket = earlier.small_basket
            and pairs.large_basket = earlier.large_basket
            and pairs.measure = earlier.measure
            and pairs.method = earlier.method
            and pairs.as_of_date > earlier.as_of_date
    group by
        pairs.small_basket,
        pairs.large_basket,
        pairs.as_of_date,
        pairs.measure,
        pairs.method
)

select
    pairs.small_basket,
    pairs.large_basket,
    pairs.as_of_date,
    pairs.measure,
    pairs.method,
    pairs.small_value,
    pairs.large_value,
    pairs.ratio,
    pairs.small_earnings_yield_pct,
    pairs.large_earnings_yield_pct,
    pairs.relative_earnings_yield,
    case
        when history.comparable_dates >= {{ dates_needed }} and pairs.relative_earnings_yield is not null
            then 100 * history.lower_dates / history.comparable_dates
    end as percentile,
    case
        when history.comparable_dates >= {{ dates_needed }}
            then
                (pairs.relative_earnings_yield - history.mean_before)
                / nullif(history.standard_deviation_before, 0)
    end as zscore,
    cast(history.comparable_dates as integer) as comparable_dates,
    pairs.coverage_pct,
    pairs.valid_through,
    pairs.available_at_utc,
    {{ is_simulated() }} as is_simulated
from pairs
inner join history
    on
        pairs.small_basket = history.small_basket
        and pairs.large_basket = history.large_basket
        and pairs.as_of_date = history.as_of_date
        and pairs.measure = history.measure
        and pairs.method = history.method
