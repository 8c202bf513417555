with current_spells as (
    {{ current_rows('security_identifiers') }}
),

final as (
    select
        member_id,
        symbol,
        valid_from,
        valid_to,
        source,
        available_at as available_at_utc,
        observed_at as observed_at_utc,
        is_simulated
    from current_spells
)

select * from final
