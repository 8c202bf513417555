-- The flow read a second way: assets now less assets before grown with the NAV, which a split divides. And either a
-- flow or the reason why there is none.
with daily as (
    select * from {{ ref('fund_flows_daily') }}
),

with_base as (
    select
        daily.fund_symbol,
        daily.session_date,
        daily.net_flow_usd,
        daily.null_reason,
        daily.aum_usd - base.aum_usd * daily.nav_usd * daily.split_applied / base.nav_usd as flow_from_assets,
        daily.aum_usd
    from daily
    left join daily as base
        on
            daily.fund_symbol = base.fund_symbol
            and daily.flow_measured_from = base.session_date
)

select
    fund_symbol,
    session_date,
    net_flow_usd,
    flow_from_assets,
    null_reason
from with_base
where
    (net_flow_usd is null and null_reason is null)
    or (net_flow_usd is not null and null_reason is not null)
    or abs(net_flow_usd - flow_from_assets) > 1e-6 * aum_usd
