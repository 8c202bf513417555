with days_of_splits as (
    select distinct
        vintages.symbol,
        vintages.session_date
    from {{ ref('stg_prices__bar_vintages') }} as vintages
    inner join {{ ref('stg_prices__bar_symbols') }} as bar_symbols
        on
            vintages.symbol = bar_symbols.symbol
            and bar_symbols.is_of_member
    where vintages.split_ratio <> 1
),

-- As in current_rows, over the days that any vintage calls a split: a few of millions. Its order over all columns would
-- read all of them.
ranked as (
    select
        vintages.symbol,
        vintages.session_date,
        vintages.split_ratio,
        vintages.source,
        vintages.source_rank,
        vintages.available_at_utc,
        vintages.observed_at_utc,
        vintages.is_removed,
        row_number() over (
            partition by vintages.symbol, vintages.session_date, vintages.source
            order by
                vintages.available_at_utc desc nulls last, vintages.observed_at_utc desc nulls last,
                vintages.payload_seq desc nulls last, vintages.split_ratio desc nulls last, vintages.is_removed asc
        ) as vintage_number_from_latest
    from {{ ref('stg_prices__bar_vintages') }} as vintages
    inner join days_of_splits
        on
            vintages.symbol = days_of_splits.symbol
            and vintages.session_date = days_of_splits.session_date
),

chosen as (
    select
        *,
        row_number() over (
            partition by symbol, session_date
            order by
                available_at_utc desc nulls last, observed_at_utc desc nulls last, source_rank asc, source asc
        ) as choice_number
    from ranked
    where
        vintage_number_from_latest = 1
        and not is_removed
),

final as (
    select
        symbol,
        session_date,
        split_ratio
    from chosen
    where choice_number = 1
)

select * from final
