{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table',
    incremental_strategy='recompute_from',
    unique_key=['member_id', 'session_date'],
    on_schema_change='ignore'
) }}
{#- The longest window: a close is compared with the one so many of its own sessions before. -#}
{%- set year = 252 -%}
{%- set definition = definition_of([
    'int_members__days', 'int_members__symbol_spells', 'int_members__index_spells', 'stg_membership__symbol_vintages',
    'stg_membership__index_spells', 'stg_prices__bar_vintages', 'stg_prices__member_splits', 'stg_prices__bar_symbols'
]) -%}
{%- set the_beginning = "cast('0001-01-01' as date)" -%}
{%- set whole_column = 'decimal(28, 8)' -%}

-- depends_on: {{ ref('stg_prices__member_splits') }}
-- Vintages of bars and what is stored are read in place: DuckDB would write out a CTE of them, whole, before it
-- filters.
with symbol_vintages as (
    select * from {{ ref('stg_membership__symbol_vintages') }}
),

split_events as (
    select * from {{ ref('stg_prices__split_events') }}
),

symbol_spells as (
    select * from {{ ref('int_members__symbol_spells') }}
),

sessions as (
    select
        session_date,
        row_number() over (order by session_date) as nyse_session_number
    from {{ ref('int_calendar__nyse_sessions') }}
),

-- what raw holds while this runs; the rows made now say so, and the next build asks for what came after
ledger as (
    select
        greatest(
            coalesce((select max(vintages.payload_seq) from {{ ref('stg_prices__bar_vintages') }} as vintages), 0),
            coalesce((select max(split_events.payload_seq) from split_events), 0)
        ) as bars_through_seq,
        coalesce((select max(symbol_vintages.payload_seq) from symbol_vintages), 0) as symbols_through_seq
),
{% if is_incremental() %}
    stored_through as (
        select
            -- rows of another definition know nothing
            coalesce(max(bars_through_seq), 0) as bars_seq,
            coalesce(max(symbols_through_seq), 0) as symbols_seq
        from {{ this }}
        where definition = '{{ definition }}'
    ),

    stored_members as (
        select
            member_id,
            min(case when definition = '{{ definition }}' then 1 else 0 end) as is_of_this_definition
        from {{ this }}
        group by member_id
    ),

    changed_bars as (
        select
            symbol,
            session_date
        from {{ ref('stg_prices__bar_vintages') }}
        where payload_seq > (select stored_through.bars_seq from stored_through)
    ),

    changed_keys as (
        select
            symbol_key,
            min(known_from) as changed_from
        from symbol_vintages
        where
            payload_seq > (select stored_through.symbols_seq from stored_through)
            and symbol_key is not null
        group by symbol_key
    ),

    of_several_tickers as (
        select member_id
        from symbol_spells
        group by member_id
        having count(distinct symbol_key) > 1
    ),

    changes as (
        select
            symbol_spells.member_id,
            changed_bars.session_date as changed_from
        from changed_bars
        inner join symbol_spells
            on
                changed_bars.symbol = symbol_spells.symbol
                and changed_bars.session_date >= symbol_spells.first_day
                and changed_bars.session_date <= symbol_spells.last_day
        union all
        -- a split rescales what was before it
        select
            symbol_spells.member_id,
            {{ the_beginning }} as changed_from
        from changed_bars
        inner join {{ ref('stg_prices__member_splits') }} as member_splits
            on
                changed_bars.symbol = member_splits.symbol
                and changed_bars.session_date = member_splits.session_date
        inner join symbol_spells
            on changed_bars.symbol = symbol_spells.symbol
        union all
        select
            symbol_spells.member_id,
            {{ the_beginning }} as changed_from
        from split_events
        inner join symbol_spells
            on split_events.symbol = symbol_spells.symbol
        where split_events.payload_seq > (select stored_through.bars_seq from stored_through)
        union all
        -- A symbol told otherwise, for everyone it ever belonged to. Which splits bring a second ticker to the scale
        -- of the first one depends on all its days.
        select
            owners.member_id,
            case when of_several_tickers.member_id is null then changed_keys.changed_from else {{ the_beginning }} end
                as changed_from
        from changed_keys
        inner join symbol_vintages as owners
            on changed_keys.symbol_key = owners.symbol_key
        left join of_several_tickers
            on owners.member_id = of_several_tickers.member_id
        union all
        -- members that nothing is stored of, or by another definition
        select
            symbol_spells.member_id,
            {{ the_beginning }} as changed_from
        from symbol_spells
        left join stored_members
            on symbol_spells.member_id = stored_members.member_id
        where coalesce(stored_members.is_of_this_definition, 0) = 0
        union all
        -- and those that belong to no index any more
        select
            stored_members.member_id,
            {{ the_beginning }} as changed_from
        from stored_members
        left join symbol_spells
            on stored_members.member_id = symbol_spells.member_id
        where symbol_spells.member_id is null
    ),

    changed as (
        select
            member_id,
            min(changed_from) as changed_from
        from changes
        group by member_id
    ),

    last_kept as (
        select
            stored.member_id,
            max(stored.session_number) as session_number
        from {{ this }} as stored
        inner join changed
            on
                stored.member_id = changed.member_id
                and stored.session_date < changed.changed_from
        group by stored.member_id
    ),

    first_read as (
        select
            stored.member_id,
            stored.session_date,
            stored.session_number
        from {{ this }} as stored
        inner join last_kept
            on
                stored.member_id = last_kept.member_id
                and stored.session_number = greatest(last_kept.session_number - {{ year - 1 }}, 1)
    ),

    -- from the first changed session, and as far before it as its windows reach
    read_spells as (
        select
            symbol_spells.member_id,
            symbol_spells.symbol,
            greatest(symbol_spells.first_day, coalesce(first_read.session_date, {{ the_beginning }})) as first_day,
            symbol_spells.last_day,
            symbol_spells.scale_factor,
            changed.changed_from,
            coalesce(first_read.session_number, 1) as first_session_number
        from symbol_spells
        inner join changed
            on symbol_spells.member_id = changed.member_id
        left join first_read
            on symbol_spells.member_id = first_read.member_id
    ),
{% else %}
    read_spells as (
        select
            member_id,
            symbol,
            first_day,
            last_day,
            scale_factor,
            {{ the_beginning }} as changed_from,
            1 as first_session_number
        from symbol_spells
    ),
{% endif %}
-- vintages and sources are resolved as in current_rows, per member
read_bars as (
    select
        read_spells.member_id,
        read_spells.scale_factor,
        read_spells.changed_from,
        read_spells.first_session_number,
        sessions.nyse_session_number,
        vintages.symbol,
        vintages.session_date,
        vintages.close_price,
        vintages.source,
        vintages.source_rank,
        vintages.available_at_utc,
        vintages.observed_at_utc,
        vintages.payload_seq,
        vintages.is_removed
    from {{ ref('stg_prices__bar_vintages') }} as vintages
    inner join read_spells
        on
            vintages.symbol = read_spells.symbol
            and vintages.session_date >= read_spells.first_day
            and vintages.session_date <= read_spells.last_day
    inner join sessions
        on vintages.session_date = sessions.session_date
    where sessions.session_date >= (select min(earliest.first_day) from read_spells as earliest)
),

ranked as (
    select
        *,
        row_number() over (
            partition by member_id, session_date, symbol, source
            order by
                available_at_utc desc nulls last, observed_at_utc desc nulls last, payload_seq desc nulls last,
                close_price desc nulls last, is_removed asc
        ) as vintage_number_from_latest
    from read_bars
),

chosen as (
    select
        *,
        row_number() over (
            partition by member_id, session_date
            order by
                available_at_utc desc nulls last, observed_at_utc desc nulls last, source_rank asc, source asc,
                symbol asc
        ) as choice_number
    from ranked
    where
        vintage_number_from_latest = 1
        and not is_removed
),

-- Decimals: whether a close is above its mean must not depend on the order in which an engine adds up.
closes as (
    select
        member_id,
        session_date,
        nyse_session_number,
        changed_from,
        first_session_number,
        cast(close_price * scale_factor as {{ whole_column }}) as price
    from chosen
    where
        choice_number = 1
        -- beyond these a number is no price, and no decimal holds it
        and close_price * scale_factor >= 0.000001
        and close_price * scale_factor < 1e12
),

measured as (
    select
        member_id,
        session_date,
        nyse_session_number,
        changed_from,
        price,
        first_session_number - 1 + row_number() over own_sessions as session_number,
        sum(price) over last_50 as sum_50d,
        sum(price) over last_200 as sum_200d,
        max(price) over year_before as highest_before,
        min(price) over year_before as lowest_before,
        lag(price) over own_sessions as previous_price,
        lag(nyse_session_number) over own_sessions as previous_nyse_session_number,
        lag(price, {{ year }}) over own_sessions as price_year_before,
        lag(session_date, {{ year }}) over own_sessions as year_before_date
    from closes
    window
        own_sessions as (partition by member_id order by session_date),
        last_50 as (partition by member_id order by session_date rows between 49 preceding and current row),
        last_200 as (partition by member_id order by session_date rows between 199 preceding and current row),
        year_before as (
            partition by member_id order by session_date rows between {{ year - 1 }} preceding and 1 preceding
        )
),

final as (
    select
        measured.member_id,
        measured.session_date,
        cast(measured.session_number as integer) as session_number,
        case when measured.session_number >= 50 then measured.price * 50 > measured.sum_50d end as is_above_50d,
        case when measured.session_number >= 200 then measured.price * 200 > measured.sum_200d end as is_above_200d,
        case when measured.session_number >= {{ year }} then measured.price > measured.highest_before end
            as is_new_high,
        case when measured.session_number >= {{ year }} then measured.price < measured.lowest_before end
            as is_new_low,
        -- over a hole it would be the return of several days
        case
            when measured.previous_nyse_session_number = measured.nyse_session_number - 1
                then 100 * (cast(measured.price as double) / cast(measured.previous_price as double) - 1)
        end as return_1d_pct,
        100 * (cast(measured.price as double) / cast(measured.price_year_before as double) - 1) as return_252d_pct,
        measured.year_before_date,
        cast(ledger.bars_through_seq as bigint) as bars_through_seq,
        cast(ledger.symbols_through_seq as bigint) as symbols_through_seq,
        '{{ definition }}' as definition,
        -- set in rows that say what to delete (macro recompute_from), which are not stored
        cast(null as date) as recomputed_from
    from measured
    cross join ledger
    where measured.session_date >= measured.changed_from
)

select * from final
{% if is_incremental() %}
    union all
    select
        changed.member_id,
        changed.changed_from as session_date,
        null as session_number,
        null as is_above_50d,
        null as is_above_200d,
        null as is_new_high,
        null as is_new_low,
        null as return_1d_pct,
        null as return_252d_pct,
        null as year_before_date,
        null as bars_through_seq,
        null as symbols_through_seq,
        null as definition,
        changed.changed_from as recomputed_from
    from changed
{% endif %}
