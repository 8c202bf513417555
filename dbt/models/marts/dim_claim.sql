with claims as (
    select * from {{ ref('claim_sentences') }}
),

final as (
    select
        claim_id,
        title,
        statement,
        statement_rolling,
        decided_by,
        source,
        {{ is_simulated() }} as is_simulated
    from claims
)

select * from final
