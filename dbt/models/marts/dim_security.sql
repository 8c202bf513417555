with securities as (
    select * from {{ ref('securities') }}
),

closes as (
    select * from {{ ref('int_prices__closes') }}
),

histories as (
    select
        symbol,
        min(session_date) as first_session_date,
        max(session_date) as last_session_date,
        count(*) as sessions_with_close
    from closes
    group by symbol
),

final as (
    select
        securities.symbol,
        securities.name,
        securities.kind,
        securities.asset_class,
        securities.size_segment,
        securities.style,
        securities.provider,
        securities.tracks_index,
        securities.currency,
        securities.kind not in ('equity_index', 'volatility_index') as has_total_return,
        histories.first_session_date,
        histories.last_session_date,
        cast(coalesce(histories.sessions_with_close, 0) as integer) as sessions_with_close,
        securities.source,
        {{ is_simulated() }} as is_simulated
    from securities
    left join histories
        on securities.symbol = histories.symbol
)

select * from final
