with current_spells as (
    {{ current_rows('index_membership') }}
),

-- a filing tells who was a member on a day and knows no end: the next one ends it
snapshots as (
    select
        index_id,
        source,
        valid_from,
        lead(valid_from) over (partition by index_id, source order by valid_from) as next_snapshot
    from current_spells
    where source = 'sec_nport'
    group by
        index_id,
        source,
        valid_from
),

final as (
    select
        current_spells.index_id,
        current_spells.member_id,
        current_spells.valid_from,
        coalesce(current_spells.valid_to, {{ add_days('snapshots.next_snapshot', -1) }}) as valid_to,
        current_spells.source,
        current_spells.available_at as available_at_utc,
        current_spells.observed_at as observed_at_utc,
        current_spells.is_simulated
    from current_spells
    left join snapshots
        on
            current_spells.index_id = snapshots.index_id
            and current_spells.source = snapshots.source
            and current_spells.valid_from = snapshots.valid_from
)

select * from final
