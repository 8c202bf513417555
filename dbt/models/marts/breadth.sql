{#- Below this share of a basket's weight its mean return is not the basket's. -#}
{%- set lowest_weight_pct = 50 -%}

with index_days as (
    select * from {{ ref('int_members__index_days') }}
),

counted as (
    select * from {{ ref('int_members__index_counts') }}
),

joined as (
    select
        index_days.index_id,
        index_days.session_date,
        index_days.members,
        index_days.top10_weight_pct,
        index_days.top10_basket_date,
        index_days.weights_basket_date,
        counted.members_with_data,
        counted.members_with_50d,
        counted.above_50d,
        counted.members_with_200d,
        counted.above_200d,
        counted.members_with_252d,
        counted.new_highs,
        counted.new_lows,
        counted.members_compared,
        counted.ahead_of_index,
        counted.weight_with_return_pct,
        counted.equal_minus_cap_weight_pp
    from index_days
    inner join counted
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
