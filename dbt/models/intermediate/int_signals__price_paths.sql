{{ config(materialized='view') }}

with pairs as (
    select * from {{ ref('pairs') }}
),

closes as (
    select * from {{ ref('int_prices__closes') }}
),

sessions as (
    select * from {{ ref('int_calendar__sessions') }}
),

sides as (
    select
        small_symbol as symbol,
        false as is_large,
        is_headline
    from pairs
    union all
    select
        large_symbol as symbol,
        true as is_large,
        is_headline
    from pairs
),

symbols as (
    select
        symbol,
        bool_or(is_large) as is_large,
        bool_or(is_headline) as is_headline
    from sides
    group by symbol
),

places as (
    select
        session_date,
        max(session_date) over (partition by calendar_year) as year_end_date,
        max(session_number_of_year) over (partition by calendar_year) - session_number_of_year as sessions_left
    from sessions
),

final as (
    select
        closes.symbol,
        closes.session_date,
        closes.close_price,
        places.year_end_date,
        places.sessions_left,
        symbols.is_large,
        symbols.is_headline
    from closes
    inner join symbols
        on closes.symbol = symbols.symbol
    inner join places
        on closes.session_date = places.session_date
)

select * from final
