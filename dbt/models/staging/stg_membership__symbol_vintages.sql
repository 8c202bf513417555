with vintages as (
    {{ spell_vintages('security_identifiers', ['member_id', 'symbol']) }}
),

final as (
    select
        member_id,
        {{ symbol_key('symbol') }} as symbol_key,
        valid_from,
        source,
        known_from,
        greatest(valid_from, known_from) as first_day,
        {{ last_day_known() }} as last_day,
        is_removed,
        payload_seq
    from vintages
)

select * from final
