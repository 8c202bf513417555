{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table',
    incremental_strategy='delete+insert',
    unique_key=['index_id', 'session_date'],
    on_schema_change='ignore'
) }}
{%- set definition = definition_of(['int_members__index_counts']) -%}

with index_days as (
    select * from {{ ref('int_members__index_days') }}
),

spells as (
    select * from {{ ref('int_members__index_spells') }}
),

weights as (
    select * from {{ ref('int_members__weights') }}
),

-- What the counts of a session follow from, in one text. Rows of members that are made again carry a later entry of the
-- ledger, and a member that came or went changes the fingerprint of all.
member_days_now as (
    select
        session_date,
        bit_xor({{ fingerprint(['member_id']) }}) as members_fingerprint,
        max(bars_through_seq) as bars_through_seq,
        max(symbols_through_seq) as symbols_through_seq
    from {{ ref('int_members__days') }}
    group by session_date
),

baskets_now as (
    select
        basket,
        as_of_date,
        bit_xor({{ fingerprint(['member_id', 'weight_pct']) }}) as weights_fingerprint
    from weights
    group by
        basket,
        as_of_date
),

-- members as they come and go; spells of one member of an index do not touch each other
spell_turns as (
    select
        index_id,
        first_day as day,
        {{ fingerprint(['member_id']) }} as member_fingerprint
    from spells
    union all
    select
        index_id,
        {{ add_days('last_day', 1) }} as day,
        {{ fingerprint(['member_id']) }} as member_fingerprint
    from spells
    where last_day < cast('9999-12-31' as date)
),

turns_of_day as (
    select
        index_id,
        day,
        bit_xor(member_fingerprint) as turned_fingerprint
    from spell_turns
    group by
        index_id,
        day
),

membership_now as (
    select
        index_id,
        day as first_day,
        coalesce(lead(day) over (partition by index_id order by day), cast('9999-12-31' as date)) as next_day,
        bit_xor(turned_fingerprint) over (
            partition by index_id order by day rows between unbounded preceding and current row
        ) as membership_fingerprint
    from turns_of_day
),

-- a member is compared with the index over a year of its own closes, wherever that began
closes_now as (
    select
        index_id,
        session_date,
        bit_xor({{ fingerprint(['session_date', 'index_close']) }}) over (
            partition by index_id order by session_date rows between unbounded preceding and current row
        ) as closes_fingerprint
    from index_days
),

now_made_from as (
    select
        index_days.index_id,
        index_days.session_date,
        concat_ws(
            ' ',
            '{{ definition }}',
            (select max(member_days.definition) from {{ ref('int_members__days') }} as member_days),
            cast(membership_now.membership_fingerprint as string),
            cast(closes_now.closes_fingerprint as string),
            coalesce(cast(baskets_now.weights_fingerprint as string), '-'),
            coalesce(cast(member_days_now.members_fingerprint as string), '-'),
            coalesce(cast(member_days_now.bars_through_seq as string), '-'),
            coalesce(cast(member_days_now.symbols_through_seq as string), '-')
        ) as made_from
    from index_days
    inner join closes_now
        on
            index_days.index_id = closes_now.index_id
            and index_days.session_date = closes_now.session_date
    inner join membership_now
        on
            index_days.index_id = membership_now.index_id
            and index_days.session_date >= membership_now.first_day
            and index_days.session_date < membership_now.next_day
    left join baskets_now
        on
            index_days.weights_basket = baskets_now.basket
            and index_days.weights_basket_date = baskets_now.as_of_date
    left join member_days_now
        on index_days.session_date = member_days_now.session_date
),

to_count as (
    select
        index_days.index_id,
        index_days.session_date,
        index_days.index_close,
        index_days.weights_basket,
        index_days.weights_basket_date,
        now_made_from.made_from
    from index_days
    inner join now_made_from
        on
            index_days.index_id = now_made_from.index_id
            and index_days.session_date = now_made_from.session_date
    {% if is_incremental() %}
        left join {{ this }} as stored
            on
                index_days.index_id = stored.index_id
                and index_days.session_date = stored.session_date
        where coalesce(stored.made_from, '') <> now_made_from.made_from
    {% endif %}
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
        member_days.return_252d_pct > 100 * (to_count.index_close / nullif(year_before.index_close, 0) - 1)
            as is_ahead_of_index
    from {{ ref('int_members__days') }} as member_days
    inner join spells
        on
            member_days.member_id = spells.member_id
            and member_days.session_date >= spells.first_day
            and member_days.session_date <= spells.last_day
    inner join to_count
        on
            spells.index_id = to_count.index_id
            and member_days.session_date = to_count.session_date
    left join index_days as year_before
        on
            spells.index_id = year_before.index_id
            and member_days.year_before_date = year_before.session_date
    left join weights
        on
            to_count.weights_basket = weights.basket
            and to_count.weights_basket_date = weights.as_of_date
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

final as (
    select
        to_count.index_id,
        to_count.session_date,
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
        - cast(counted.sum_of_weighted as double) / nullif(counted.weight_pct, 0) as equal_minus_cap_weight_pp,
        to_count.made_from
    from to_count
    left join counted
        on
            to_count.index_id = counted.index_id
            and to_count.session_date = counted.session_date
)

select * from final
