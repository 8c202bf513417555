with vintages as (
    select * from {{ ref('stg_membership__symbol_vintages') }}
    where
        symbol_key is not null
        and not is_removed
        and first_day <= last_day
),

index_members as (
    select distinct member_id from {{ ref('int_members__index_spells') }}
),

bar_symbols as (
    select * from {{ ref('stg_prices__bar_symbols') }}
    where is_of_member
),

member_splits as (
    select * from {{ ref('stg_prices__member_splits') }}
    where
        split_ratio > 0
        and split_ratio <> 1
),

-- A ticker belongs to one member at a time: to that of the spell that began last, of those in force and known on the
-- day. Sources name members in their own way, so they do not take tickers from each other.
ticker_days as (
    select
        source,
        symbol_key,
        day as first_day,
        {{ add_days('lead(day) over (partition by source, symbol_key order by day)', -1) }} as last_day
    from ({{ spell_boundaries('vintages', ['source', 'symbol_key']) }}) as boundaries
),

owned as (
    select
        vintages.member_id,
        vintages.source,
        vintages.symbol_key,
        vintages.valid_from,
        vintages.known_from,
        ticker_days.first_day,
        coalesce(ticker_days.last_day, vintages.last_day) as last_day,
        row_number() over (
            partition by ticker_days.source, ticker_days.symbol_key, ticker_days.first_day
            order by vintages.valid_from desc, vintages.known_from desc, vintages.member_id asc
        ) as choice_number
    from ticker_days
    inner join vintages
        on
            ticker_days.source = vintages.source
            and ticker_days.symbol_key = vintages.symbol_key
            and ticker_days.first_day >= vintages.first_day
            and ticker_days.first_day <= vintages.last_day
),

-- and a member has one ticker at a time
tickers as (
    select owned.*
    from owned
    inner join index_members
        on owned.member_id = index_members.member_id
    where owned.choice_number = 1
),

member_days as (
    select
        member_id,
        day as first_day,
        {{ add_days('lead(day) over (partition by member_id order by day)', -1) }} as last_day
    from ({{ spell_boundaries('tickers', ['member_id']) }}) as boundaries
),

candidates as (
    select
        tickers.member_id,
        tickers.symbol_key,
        member_days.first_day,
        coalesce(member_days.last_day, tickers.last_day) as last_day,
        row_number() over (
            partition by member_days.member_id, member_days.first_day
            order by tickers.valid_from desc, tickers.known_from desc, tickers.source asc, tickers.symbol_key asc
        ) as choice_number
    from member_days
    inner join tickers
        on
            member_days.member_id = tickers.member_id
            and member_days.first_day >= tickers.first_day
            and member_days.first_day <= tickers.last_day
),

in_force as (
    select * from candidates
    where choice_number = 1
),

member_tickers as (
    select
        member_id,
        symbol_key,
        row_number() over (partition by member_id order by min(first_day)) as ticker_number
    from in_force
    group by
        member_id,
        symbol_key
),

spelled as (
    select
        in_force.member_id,
        bar_symbols.symbol,
        in_force.symbol_key,
        in_force.first_day,
        in_force.last_day,
        member_tickers.ticker_number
    from in_force
    inner join member_tickers
        on
            in_force.member_id = member_tickers.member_id
            and in_force.symbol_key = member_tickers.symbol_key
    inner join bar_symbols
        on in_force.symbol_key = bar_symbols.symbol_key
),

-- Bars of a ticker are adjusted for its own splits only. Those of a later ticker bring its closes back to the scale of
-- the first one, so a split changes nothing before the ticker that it happened under.
ticker_splits as (
    select
        spelled.member_id,
        spelled.ticker_number,
        sum(cast(ln(member_splits.split_ratio) as decimal(38, 24))) as log_ratio
    from spelled
    inner join member_splits
        on
            spelled.symbol = member_splits.symbol
            and spelled.first_day <= member_splits.session_date
            and spelled.last_day >= member_splits.session_date
    where spelled.ticker_number > 1
    group by
        spelled.member_id,
        spelled.ticker_number
),

scales as (
    select
        member_tickers.member_id,
        member_tickers.ticker_number,
        round(exp(cast(sum(ticker_splits.log_ratio) as double)), 9) as scale_factor
    from member_tickers
    inner join ticker_splits
        on
            member_tickers.member_id = ticker_splits.member_id
            and member_tickers.ticker_number >= ticker_splits.ticker_number
    group by
        member_tickers.member_id,
        member_tickers.ticker_number
),

final as (
    select
        spelled.member_id,
        spelled.symbol,
        spelled.symbol_key,
        spelled.first_day,
        spelled.last_day,
        coalesce(scales.scale_factor, 1) as scale_factor
    from spelled
    left join scales
        on
            spelled.member_id = scales.member_id
            and spelled.ticker_number = scales.ticker_number
)

select * from final
