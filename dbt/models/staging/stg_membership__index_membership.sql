with current_spells as (
    {{ current_rows('index_membership') }}
),

final as (
    select
        index_id,
        member_id,
        valid_from,
        valid_to,
        source,
        available_at as available_at_utc,
        observed_at as observed_at_utc,
        is_simulated
    from current_spells
)

select * from final
