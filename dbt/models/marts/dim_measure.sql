with measures as (
    select * from {{ ref('measures') }}
),

final as (
    select
        measure_id,
        mart,
        name,
        unit,
        higher_means,
        description,
        source,
        {{ is_simulated() }} as is_simulated
    from measures
)

select * from final
