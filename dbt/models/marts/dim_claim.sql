with claims as (
    select * from {{ ref('claims') }}
),

final as (
    select
        claim_id,
        statement,
        decided_by,
        source,
        {{ is_simulated() }} as is_simulated
    from claims
)

select * from final
