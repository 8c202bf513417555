{{ config(meta={'dagster': {'ref': {'name': 'rate_sensitivity'}}}) }}
-- Figures and reasons complement each other; every session of every pair has its rolling row; and the raw slope of the
-- rolling window is the one that the engine's own regression gives.
with rate_sensitivity as (
    select * from {{ ref('rate_sensitivity') }}
),

rate_changes as (
    select * from {{ ref('int_research__rate_changes') }}
),

observations as (
    select
        pair_id,
        session_date,
        regr_slope(gap_return_pct, rate_change_bp) over last_252 as slope,
        count(*) over last_252 as observations
    from rate_changes
    where
        gap_return_pct is not null
        and rate_change_bp is not null
    window
        last_252 as (partition by pair_id order by session_date rows between 251 preceding and current row)
)

select
    pair_id,
    window_id,
    window_end
from rate_sensitivity
where
    (controlled_t_hac is null and reason is null)
    or (controlled_t_hac is not null and (t_hac is null or reason is not null))
    or (t_hac is not null and observations < minimum_observations)
    or observations > sessions_in_window
    or window_start > window_end
    or r_squared not between 0 and 1
union all
select
    rate_changes.pair_id,
    'rolling_252d' as window_id,
    rate_changes.session_date as window_end
from rate_changes
left join rate_sensitivity
    on
        rate_changes.pair_id = rate_sensitivity.pair_id
        and rate_changes.session_date = rate_sensitivity.window_end
        and rate_sensitivity.window_id = 'rolling_252d'
where rate_sensitivity.pair_id is null
union all
select
    observations.pair_id,
    rate_sensitivity.window_id,
    observations.session_date as window_end
from observations
inner join rate_sensitivity
    on
        observations.pair_id = rate_sensitivity.pair_id
        and observations.session_date = rate_sensitivity.window_end
        and rate_sensitivity.window_id = 'rolling_252d'
where
    observations.observations = 252
    and rate_sensitivity.coefficient_pct_per_bp is not null
    and abs(observations.slope - rate_sensitivity.coefficient_pct_per_bp) > 1e-9
