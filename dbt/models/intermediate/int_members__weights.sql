with holdings as (
    select * from {{ ref('stg_fundamentals__fund_holdings') }}
    where
        lower(trim(asset_class)) = 'equity'
        and weight_pct > 0
),

symbol_spells as (
    select distinct
        member_id,
        symbol_key,
        first_day,
        last_day
    from {{ ref('int_members__symbol_spells') }}
),

final as (
    select
        holdings.basket,
        holdings.as_of_date,
        symbol_spells.member_id,
        {{ sum_in_order('holdings.weight_pct') }} as weight_pct
    from holdings
    inner join symbol_spells
        on
            holdings.ticker_key = symbol_spells.symbol_key
            and holdings.as_of_date >= symbol_spells.first_day
            and holdings.as_of_date <= symbol_spells.last_day
    group by
        holdings.basket,
        holdings.as_of_date,
        symbol_spells.member_id
)

select * from final
