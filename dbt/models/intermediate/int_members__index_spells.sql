with spells as (
    select
        index_id,
        member_id,
        first_day,
        last_day,
        max(last_day) over (
            partition by index_id, member_id
            order by first_day, last_day
            rows between unbounded preceding and 1 preceding
        ) as latest_day_before
    from {{ ref('stg_membership__index_spells') }}
),

islands as (
    select
        *,
        sum(case when first_day <= {{ add_days('latest_day_before', 1) }} then 0 else 1 end) over (
            partition by index_id, member_id
            order by first_day, last_day
            rows between unbounded preceding and current row
        ) as island_number
    from (
        select
            index_id,
            member_id,
            first_day,
            last_day,
            -- the last day of all days has no next one
            least(latest_day_before, cast('9999-12-30' as date)) as latest_day_before
        from spells
    ) as bounded
),

final as (
    select
        index_id,
        member_id,
        min(first_day) as first_day,
        max(last_day) as last_day
    from islands
    group by
        index_id,
        member_id,
        island_number
)

select * from final
