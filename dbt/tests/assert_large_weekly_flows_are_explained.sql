-- No flow above a quarter of the assets stands without an explanation; ranks lie within what they compare.
with weekly as (
    select * from {{ ref('fund_flows_weekly') }}
)

select
    fund_symbol,
    week_ending,
    net_flow_usd,
    net_flow_pct_aum,
    rank_among_seen,
    outflow_rank
from weekly
where
    (abs(net_flow_pct_aum) > 25 and flow_explanation is null)
    or rank_among_seen not between 1 and universe_funds
    or outflow_rank not between 1 and universe_listed_funds
    or (rank_among_seen is not null and not is_complete_week)
    or (outflow_rank is not null and not is_complete_week)
    or (universe_funds < universe_listed_funds and outflow_rank is not null)
    or outflow_pct_rank_in_own_history not between 0 and 100
