{#- Gains of the ratio smaller than this, in percent, are no gain of which a share could be left. -#}
{%- set least_gain_pct = 1 -%}

with horizon_returns as (
    select * from {{ ref('int_pairs__horizon_returns') }}
    where horizon = 'SINCE_ELECTION'
),

placed as (
    select
        *,
        {{ add_months('base_session_date', 1) }} as month_end_date,
        max(relative_pct) over since_election as highest_relative_pct
    from horizon_returns
    window since_election as (
        partition by pair_id, return_basis, base_session_date
        order by session_date
        rows between unbounded preceding and current row
    )
),

-- the last session on or before the same day of the next month, once that day has come
month_ends as (
    select
        pair_id,
        return_basis,
        base_session_date,
        max(session_date) as month_session_date
    from placed
    where session_date <= month_end_date
    group by
        pair_id,
        return_basis,
        base_session_date
),

first_months as (
    select placed.*
    from placed
    inner join month_ends
        on
            placed.pair_id = month_ends.pair_id
            and placed.return_basis = month_ends.return_basis
            and placed.base_session_date = month_ends.base_session_date
            and placed.session_date = month_ends.month_session_date
),

final as (
    select
        placed.pair_id,
        placed.return_basis,
        placed.session_date,
        placed.base_session_date as election_session_date,
        placed.month_end_date,
        first_months.session_date as month_session_date,
        first_months.small_return_pct as month_small_return_pct,
        first_months.large_return_pct as month_large_return_pct,
        first_months.relative_pct as month_relative_pct,
        placed.relative_pct,
        placed.highest_relative_pct,
        case
            when first_months.relative_pct >= {{ least_gain_pct }}
                then 100 * placed.relative_pct / first_months.relative_pct
        end as month_gain_left_pct,
        case
            when placed.highest_relative_pct >= {{ least_gain_pct }}
                then 100 * placed.relative_pct / placed.highest_relative_pct
        end as highest_gain_left_pct
    from placed
    left join first_months
        on
            placed.pair_id = first_months.pair_id
            and placed.return_basis = first_months.return_basis
            and placed.base_session_date = first_months.base_session_date
            and placed.session_date >= placed.month_end_date
)

select * from final
