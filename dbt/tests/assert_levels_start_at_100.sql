with price_levels as (
    select * from {{ ref('price_levels') }}
),

numbered as (
    select
        symbol,
        return_basis,
        session_date,
        level,
        row_number() over (partition by symbol, return_basis order by session_date) as session_number
    from price_levels
)

select
    symbol,
    return_basis,
    session_date,
    level
from numbered
where
    (session_number = 1 and abs(level - 100) > 1e-9)
    or level <= 0
