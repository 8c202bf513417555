{#- Below this share of a basket's weight its mean return is not the basket's. -#}
{%- set lowest_weight_pct = 50 -%}

with index_days as (
    select * from {{ ref('int_members__index_days') }}
),

member_days as (
    select * from {{ ref('int_members__days') }}
),

spells as (
    select * from {{ ref('int_members__index_spells') }}
),

weights as (
    select * from {{ ref('int_members__weights') }}
),

index_member_days as (
    select
        spells.index_id,
        member_days.session_date,
        member_days.is_above_50d,
        member_days.is_above_200d,
        member_days.is_new_high,
        member_days.is_new_low,
        -- Decimals: no sum depends on the order in which an engine adds up.
        cast(member_days.return_1d_pct as decimal(38, 12)) as return_1d_pct,
        cast(case when member_days.return_1d_pct is not null then weights.weight_pct end as decimal(38, 12))
            as weight_pct,
        member_days.return_252d_pct > 100 * (index_days.index_close / nullif(year_before.index_close, 0) - 1)
            as is_ahead_of_index
    from member_days
    inner join spells
        on
            member_days.member_id = spells.member_id
            and member_days.session_date >= spells.first_day
            and member_days.session_date <= spells.last_day
    inner join index_days
        on
            spells.index_id = index_days.index_id
            and member_days.session_date = index_days.session_date
    left join index_days as year_before
        on
            spells.index_id = year_before.index_id
            and member_days.year_before_date = year_before.session_date
    left join weights
        on
            index_days.weights_basket = weights.basket
            and index_days.weights_basket_date = weights.as_of_date
            and member_days.member_id = weights.member_id
),

counted as (
    select
        index_id,
        session_date,
        count(*) as members_with_data,
        count(is_above_50d) as members_with_50d,
        count(case when is_above_50d then 1 end) as above_50d,
        count(is_above_200d) as members_with_200d,
        count(case when is_above_200d then 1 end) as above_200d,
        count(is_new_high) as members_with_252d,
        count(case when is_new_high then 1 end) as new_highs,
        count(case when is_new_low then 1 end) as new_lows,
        count(is_ahead_of_index) as members_compared,
        count(case when is_ahead_of_index then 1 end) as ahead_of_index,
        count(weight_pct) as members_weighted,
        sum(case when weight_pct is not null then return_1d_pct end) as sum_of_returns,
        cast(sum(weight_pct) as double) as weight_pct,
        sum(cast(cast(weight_pct as double) * cast(return_1d_pct as double) as decimal(38, 12))) as sum_of_weighted
    from index_member_days
    group by
        index_id,
        session_date
),

joined as (
    select
        index_days.index_id,
        index_days.session_date,
        index_days.members,
        index_days.top10_weight_pct,
        index_days.top10_basket_date,
        index_days.weights_basket_date,
        coalesce(counted.members_with_data, 0) as members_with_data,
        coalesce(counted.members_with_50d, 0) as members_with_50d,
        counted.above_50d,
        coalesce(counted.members_with_200d, 0) as members_with_200d,
        counted.above_200d,
        coalesce(counted.members_with_252d, 0) as members_with_252d,
        counted.new_highs,
        counted.new_lows,
        coalesce(counted.members_compared, 0) as members_compared,
        counted.ahead_of_index,
        coalesce(counted.weight_pct, 0) as weight_with_return_pct,
        cast(counted.sum_of_returns as double) / nullif(counted.members_weighted, 0)
        - cast(counted.sum_of_weighted as double) / nullif(counted.weight_pct, 0) as equal_minus_cap_weight_pp
    from index_days
    left join counted
        on
            index_days.index_id = counted.index_id
            and index_days.session_date = counted.session_date
),

final as (
    select
        index_id,
        session_date,
        cast(members as integer) as members,
        cast(members_with_data as integer) as members_with_data,
        100 * cast(above_50d as double) / nullif(members_with_50d, 0) as above_50d_pct,
        100 * cast(above_200d as double) / nullif(members_with_200d, 0) as above_200d_pct,
        100 * cast(ahead_of_index as double) / nullif(members_compared, 0) as ahead_of_index_pct,
        cast(case when members_with_252d > 0 then new_highs end as integer) as new_highs,
        cast(case when members_with_252d > 0 then new_lows end as integer) as new_lows,
        top10_weight_pct,
        case when weight_with_return_pct >= {{ lowest_weight_pct }} then equal_minus_cap_weight_pp end
            as equal_minus_cap_weight_pp,
        cast(members_with_50d as integer) as members_with_50d,
        cast(members_with_200d as integer) as members_with_200d,
        cast(members_with_252d as integer) as members_with_252d,
        cast(members_compared as integer) as members_compared,
        weight_with_return_pct,
        top10_basket_date,
        weights_basket_date,
        case
            when members_with_data = 0 then 'no member has a price on the day'
            when members_with_50d = 0 then 'no member has 50 closes'
            when members_with_200d = 0 then 'no member has 200 closes'
            when members_with_252d = 0 then 'no member has 252 closes'
            when members_compared = 0 then 'no close of the index on the day or 252 closes of a member before'
        end as prices_reason,
        case
            when top10_weight_pct is null then 'no basket of the index is known'
            when weights_basket_date is null then 'no basket of the index was known before the day'
            when weight_with_return_pct < {{ lowest_weight_pct }}
                then 'members of less than {{ lowest_weight_pct }} % of the basket have a return'
        end as weights_reason,
        {{ is_simulated() }} as is_simulated
    from joined
)

select * from final
