with pairs as (
    select * from {{ ref('pairs') }}
),

levels as (
    select * from {{ ref('int_pairs__levels') }}
),

histories as (
    select
        pair_id,
        min(session_date) as first_common_session_date,
        max(session_date) as last_common_session_date,
        count(case when return_basis = 'price' then 1 end) as common_sessions,
        count(case when return_basis = 'total' then 1 end) as total_return_sessions
    from levels
    group by pair_id
),

final as (
    select
        pairs.pair_id,
        pairs.small_symbol,
        pairs.large_symbol,
        pairs.is_headline,
        pairs.description,
        coalesce(histories.total_return_sessions, 0) > 0 as has_total_return,
        histories.first_common_session_date,
        histories.last_common_session_date,
        cast(coalesce(histories.common_sessions, 0) as integer) as common_sessions,
        pairs.source,
        {{ is_simulated() }} as is_simulated
    from pairs
    left join histories
        on pairs.pair_id = histories.pair_id
)

select * from final
