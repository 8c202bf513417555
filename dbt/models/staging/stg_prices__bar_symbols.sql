with vintages as (
    select
        symbol,
        min(session_date) as first_session_date,
        max(session_date) as last_session_date
    from {{ source('raw', 'daily_bars_on_current_scale') }}
    group by symbol
),

-- whoever any vintage put into an index: a spell that was taken back or makes no sense leaves its bars a member's
of_members as (
    select distinct symbols.symbol_key
    from {{ ref('stg_membership__symbol_vintages') }} as symbols
    inner join {{ source('raw', 'index_membership') }} as membership
        on symbols.member_id = membership.member_id
),

securities as (
    select * from {{ ref('securities') }}
),

final as (
    select
        vintages.symbol,
        {{ symbol_key('vintages.symbol') }} as symbol_key,
        vintages.first_session_date,
        vintages.last_session_date,
        -- an index or fund that we list is itself, whatever a list of tickers calls by its name
        of_members.symbol_key is not null and securities.symbol is null as is_of_member
    from vintages
    left join of_members
        on {{ symbol_key('vintages.symbol') }} = of_members.symbol_key
    left join securities
        on vintages.symbol = securities.symbol
)

select * from final
