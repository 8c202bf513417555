-- What baskets cost, as it could be read on a day: a basket is valid for 400 days, an older one gives no value.

create macro valuation_as_of(as_of) as table
with known as (
    select
        valuation.*,
        row_number() over (
            partition by valuation.basket, valuation.measure, valuation.method
            order by valuation.value is null, valuation.as_of_date desc
        ) as place
    from marts.valuation as valuation
    where cast(valuation.available_at_utc as date) <= cast(as_of as date)
)

select
    cast(as_of as date) as as_of_date,
    known.basket,
    known.measure,
    known.method,
    case when known.valid_through >= cast(as_of as date) then known.value end as value,
    case when known.valid_through >= cast(as_of as date) then known.earnings_yield_pct end as earnings_yield_pct,
    known.value as last_value,
    known.as_of_date as holdings_date,
    date_diff('day', known.as_of_date, cast(as_of as date)) as age_days,
    known.valid_through,
    known.valid_through < cast(as_of as date) as is_stale,
    known.coverage_pct,
    known.constituents,
    known.loss_makers_pct,
    case
        when known.value is null then known.null_reason
        when known.valid_through < cast(as_of as date)
            then 'the last value is too old: it was valid through ' || cast(known.valid_through as varchar)
    end as null_reason,
    known.is_simulated
from known
where known.place = 1
order by
    known.basket,
    known.measure,
    known.method;

comment on macro table valuation_as_of is
    'The latest value of every basket, measure and method that was known on a day, with its age; v_valuation_asof on '
    'that day.';

create view v_valuation_asof as
select valuations.*
from valuation_as_of((select max(claims.as_of_date) from marts.claims as claims)) as valuations;

comment on view v_valuation_asof is
    'The latest value of every basket, measure and method known on the last session, with its age: one row each. A '
    'basket is valid for 400 days; of an older one value is null, last_value stays to be seen and is_stale is true. '
    'Default method: incl_losses.';
comment on column v_valuation_asof.as_of_date is 'Last session of the headline pair.';
comment on column v_valuation_asof.value is
    'The measure in its unit (a plain ratio; dividend_yield_pct in percent). Null when stale or without a value: '
    'null_reason.';
comment on column v_valuation_asof.earnings_yield_pct is
    'Earnings over market value by the same method, percent; below zero when losses outweigh. Null when stale.';
comment on column v_valuation_asof.last_value is 'The last value there was, however old, in the unit of the measure.';
comment on column v_valuation_asof.holdings_date is 'Day of the holdings that it was made of.';
comment on column v_valuation_asof.age_days is 'Calendar days from holdings_date to as_of_date.';
comment on column v_valuation_asof.valid_through is
    'Last day on which the value may be read as the latest state of the basket (400 days).';
comment on column v_valuation_asof.is_stale is 'Whether as_of_date lies after valid_through.';
comment on column v_valuation_asof.null_reason is 'Why value is null; null when there is one.';
