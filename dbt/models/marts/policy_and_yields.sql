with policy_rates as (
    select * from {{ ref('stg_rates__policy_rates') }}
),

yields as (
    select
        rate_date,
        max(case when tenor = '2yr' then par_yield_pct end) as y2_pct,
        max(case when tenor = '10yr' then par_yield_pct end) as y10_pct
    from {{ ref('stg_rates__treasury_yields') }}
    group by rate_date
),

final as (
    select
        coalesce(policy_rates.rate_date, yields.rate_date) as rate_date,
        policy_rates.effr_pct,
        policy_rates.target_lower_pct,
        policy_rates.target_upper_pct,
        yields.y2_pct,
        yields.y10_pct,
        yields.y10_pct - yields.y2_pct as slope_2_10_pp,
        {{ is_simulated() }} as is_simulated
    from policy_rates
    full outer join yields
        on policy_rates.rate_date = yields.rate_date
)

select * from final
