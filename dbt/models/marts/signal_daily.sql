with signals as (
    select * from {{ ref('int_signals__daily') }}
),

final as (
    select
        signal_id,
        pair_id,
        session_date,
        is_on,
        signal_value as value,
        threshold,
        condition_value,
        condition_threshold,
        {{ is_simulated() }} as is_simulated
    from signals
)

select * from final
