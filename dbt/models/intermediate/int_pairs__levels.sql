with pairs as (
    select * from {{ ref('pairs') }}
),

closes as (
    select * from {{ ref('int_prices__closes') }}
),

total_returns as (
    select * from {{ ref('int_prices__total_return') }}
),

common_sessions as (
    select
        pairs.pair_id,
        pairs.small_symbol,
        pairs.large_symbol,
        small_closes.session_date,
        small_closes.close_price as small_close,
        large_closes.close_price as large_close,
        small_total_returns.total_return_level as small_total_return_level,
        large_total_returns.total_return_level as large_total_return_level
    from pairs
    inner join closes as small_closes
        on pairs.small_symbol = small_closes.symbol
    inner join closes as large_closes
        on
            pairs.large_symbol = large_closes.symbol
            and small_closes.session_date = large_closes.session_date
    left join total_returns as small_total_returns
        on
            small_closes.symbol = small_total_returns.symbol
            and small_closes.session_date = small_total_returns.session_date
    left join total_returns as large_total_returns
        on
            large_closes.symbol = large_total_returns.symbol
            and large_closes.session_date = large_total_returns.session_date
),

levels as (
    select
        pair_id,
        'price' as return_basis,
        session_date,
        small_symbol,
        large_symbol,
        small_close as small_level,
        large_close as large_level
    from common_sessions
    union all
    -- each side starts at its own close on the first common session, so both bases start at the same ratio
    select
        pair_id,
        'total' as return_basis,
        session_date,
        small_symbol,
        large_symbol,
        first_value(small_close) over (partition by pair_id order by session_date) * small_total_return_level
        / nullif(first_value(small_total_return_level) over (partition by pair_id order by session_date), 0)
            as small_level,
        first_value(large_close) over (partition by pair_id order by session_date) * large_total_return_level
        / nullif(first_value(large_total_return_level) over (partition by pair_id order by session_date), 0)
            as large_level
    from common_sessions
    where
        small_total_return_level is not null
        and large_total_return_level is not null
),

final as (
    select
        pair_id,
        return_basis,
        session_date,
        small_symbol,
        large_symbol,
        small_level,
        large_level,
        small_level / nullif(large_level, 0) as ratio
    from levels
)

select * from final
