with spells as (
    select * from {{ ref('int_members__index_spells') }}
),

members_days as (
    select max(session_date) as last_session_date from {{ ref('int_members__days') }}
),

closes as (
    select * from {{ ref('int_prices__closes') }}
),

securities as (
    select * from {{ ref('securities') }}
),

holdings as (
    select * from {{ ref('stg_fundamentals__fund_holdings') }}
    where
        lower(trim(asset_class)) = 'equity'
        and weight_pct > 0
),

sessions as (
    select session_date from {{ ref('int_calendar__nyse_sessions') }}
    where
        session_date <= greatest(
            coalesce((select max(closes.session_date) from closes), cast('0001-01-01' as date)),
            coalesce((select members_days.last_session_date from members_days), cast('0001-01-01' as date))
        )
),

-- members on a day: those that came, less those that went, up to it
arrivals as (
    select
        index_id,
        first_day as day,
        1 as change
    from spells
    union all
    select
        index_id,
        {{ add_days('last_day', 1) }} as day,
        -1 as change
    from spells
    where last_day < cast('9999-12-31' as date)
),

arrivals_of_day as (
    select
        index_id,
        day,
        sum(change) as change
    from arrivals
    group by
        index_id,
        day
),

counts as (
    select
        index_id,
        day as first_day,
        sum(change) over (
            partition by index_id order by day rows between unbounded preceding and current row
        ) as members,
        coalesce(lead(day) over (partition by index_id order by day), cast('9999-12-31' as date)) as next_day
    from arrivals_of_day
),

index_sessions as (
    select
        counts.index_id,
        sessions.session_date,
        cast(counts.members as integer) as members
    from counts
    inner join sessions
        on
            counts.first_day <= sessions.session_date
            and counts.next_day > sessions.session_date
    where counts.members > 0
),

-- the fund of the index: itself, or one that tracks the same
baskets as (
    select
        index_id,
        index_id as basket
    from spells
    union
    select
        index_security.symbol as index_id,
        fund_security.symbol as basket
    from securities as index_security
    inner join securities as fund_security
        on
            index_security.tracks_index = fund_security.tracks_index
            and index_security.kind = 'equity_index'
            and fund_security.kind = 'etf'
),

basket_days as (
    select
        basket,
        as_of_date,
        -- a basket is known once all of it is
        cast(max(available_at_utc) as date) as known_on
    from holdings
    group by
        basket,
        as_of_date
),

largest as (
    select
        basket,
        as_of_date,
        weight_pct,
        row_number() over (partition by basket, as_of_date order by weight_pct desc, ticker asc) as place
    from holdings
),

top10 as (
    select
        basket,
        as_of_date,
        {{ sum_in_order('weight_pct') }} as top10_weight_pct
    from largest
    where place <= 10
    group by
        basket,
        as_of_date
),

index_baskets as (
    select
        baskets.index_id,
        basket_days.basket,
        basket_days.as_of_date,
        basket_days.known_on,
        -- a later basket takes its place as soon as one is known
        min(basket_days.known_on) over (
            partition by baskets.index_id
            order by
                basket_days.as_of_date asc,
                case when baskets.index_id = basket_days.basket then 1 else 0 end asc,
                basket_days.basket desc
            rows between 1 following and unbounded following
        ) as next_known_on
    from baskets
    inner join basket_days
        on baskets.basket = basket_days.basket
),

baskets_known as (
    select
        index_baskets.index_id,
        index_baskets.basket,
        index_baskets.as_of_date,
        index_baskets.known_on,
        coalesce(index_baskets.next_known_on, cast('9999-12-31' as date)) as next_known_on,
        top10.top10_weight_pct
    from index_baskets
    inner join top10
        on
            index_baskets.basket = top10.basket
            and index_baskets.as_of_date = top10.as_of_date
),

final as (
    select
        index_sessions.index_id,
        index_sessions.session_date,
        index_sessions.members,
        index_closes.close_price as index_close,
        known_today.top10_weight_pct,
        known_today.as_of_date as top10_basket_date,
        -- weights of a day's returns were known before the day
        known_before.basket as weights_basket,
        known_before.as_of_date as weights_basket_date
    from index_sessions
    left join closes as index_closes
        on
            index_sessions.index_id = index_closes.symbol
            and index_sessions.session_date = index_closes.session_date
    left join baskets_known as known_today
        on
            index_sessions.index_id = known_today.index_id
            and index_sessions.session_date >= known_today.known_on
            and index_sessions.session_date < known_today.next_known_on
    left join baskets_known as known_before
        on
            index_sessions.index_id = known_before.index_id
            and index_sessions.session_date > known_before.known_on
            and index_sessions.session_date <= known_before.next_known_on
)

select * from final
