with vintages as (
    {{ spell_vintages('index_membership', ['index_id', 'member_id']) }}
),

-- a filing tells who was a member on a day and knows no end: the next one that is known ends it
snapshots as (
    select
        index_id,
        source,
        valid_from,
        min(min(known_from)) over (
            partition by index_id, source
            order by valid_from
            rows between 1 following and unbounded following
        ) as next_snapshot_known_from
    from vintages
    where
        source = 'sec_nport'
        and not is_removed
    group by
        index_id,
        source,
        valid_from
),

days as (
    select
        vintages.index_id,
        vintages.member_id,
        vintages.valid_from,
        vintages.source,
        greatest(vintages.valid_from, vintages.known_from) as first_day,
        least(
            {{ last_day_known() }},
            coalesce({{ add_days('snapshots.next_snapshot_known_from', -1) }}, cast('9999-12-31' as date))
        ) as last_day
    from vintages
    left join snapshots
        on
            vintages.index_id = snapshots.index_id
            and vintages.source = snapshots.source
            and vintages.valid_from = snapshots.valid_from
    where not vintages.is_removed
),

final as (
    select * from days
    where first_day <= last_day
)

select * from final
