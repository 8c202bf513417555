{#- Thresholds, with the reason from the history of IWM, IVV and IVE (2000 to 2025).

    nav_tolerance: a NAV farther from the close than this is wrong. The largest gap that was no fault was 2.9 %
        (IWM 2003-08-25; 2.6 % on 2000-12-08, when IVV had 2.2 %): closes of those years were late trades. The smallest
        fault was 3.5 % (IWM 2000-12-27, the NAV of the session before the holidays once more).
    smallest_split: a NAV that is not adjusted for a later split differs from the adjusted close by the split, which is
        never smaller than 3-for-2. Anything between is a wrong NAV.
    jump_factor: without a close and an index only an error of scale can be told from a market move; no nine sessions
        have moved a fund this far. -#}
{%- set nav_tolerance = 0.03 -%}
{%- set smallest_split = 1.4 -%}
{%- set jump_factor = 1.5 -%}
{%- set scale_rows = 9 -%}
{%- set year_rows = 252 -%}

with fund_rows as (
    select * from {{ ref('stg_flows__fund_nav_shares') }}
),

share_counts as (
    select * from {{ ref('int_flows__share_counts') }}
),

closes as (
    select * from {{ ref('int_prices__closes') }}
),

securities as (
    select * from {{ ref('securities') }}
),

indices_of_funds as (
    select
        funds.symbol as fund_symbol,
        min(indices.symbol) as index_symbol
    from securities as funds
    inner join securities as indices
        on funds.tracks_index = indices.tracks_index
    where
        funds.kind = 'etf'
        and indices.kind = 'equity_index'
    group by funds.symbol
),

measured as (
    select
        share_counts.fund_symbol,
        share_counts.session_date,
        share_counts.split_so_far,
        case when fund_rows.nav_usd > 0 then fund_rows.nav_usd end as nav_stamped,
        closes.close_price,
        index_closes.close_price as index_close
    from share_counts
    inner join fund_rows
        on
            share_counts.fund_symbol = fund_rows.fund_symbol
            and share_counts.session_date = fund_rows.as_of_date
    left join closes
        on
            share_counts.fund_symbol = closes.symbol
            and share_counts.session_date = closes.session_date
    left join indices_of_funds
        on share_counts.fund_symbol = indices_of_funds.fund_symbol
    left join closes as index_closes
        on
            indices_of_funds.index_symbol = index_closes.symbol
            and share_counts.session_date = index_closes.session_date
),

ratios as (
    select
        fund_symbol,
        session_date,
        nav_stamped,
        close_price,
        index_close,
        nav_stamped * coalesce(split_so_far, 1) as nav_on_first_scale,
        nav_stamped / nullif(close_price, 0) as nav_over_close,
        coalesce(abs(nav_stamped / nullif(close_price, 0) - 1) <= {{ nav_tolerance }}, false) as agrees_with_close
    from measured
),

-- The NAV against three yardsticks, on the share scale of the fund's first row.
yardsticks as (
    select
        fund_symbol,
        session_date,
        'close' as yardstick,
        ln(1 + {{ nav_tolerance }}) as tolerance,
        ln(nav_on_first_scale / nullif(close_price, 0)) as log_ratio
    from ratios
    union all
    select
        fund_symbol,
        session_date,
        'index' as yardstick,
        ln(1 + {{ nav_tolerance }}) as tolerance,
        ln(nav_on_first_scale / nullif(index_close, 0)) as log_ratio
    from ratios
    union all
    select
        fund_symbol,
        session_date,
        'itself' as yardstick,
        ln({{ jump_factor }}) as tolerance,
        ln(nav_on_first_scale) as log_ratio
    from ratios
),

-- How many of the rows before stood in the same ratio to the yardstick?
votes as (
    select
        fund_symbol,
        session_date,
        yardstick,
        row_number() over yardstick_rows - 1 as rows_before,
        0
        {% for rows_back in range(1, scale_rows + 1) %}
            + cast(coalesce(
                abs(log_ratio - lag(log_ratio, {{ rows_back }}) over yardstick_rows) <= tolerance, false
            ) as integer)
        {% endfor %}
            as rows_in_line
    from yardsticks
    where log_ratio is not null
    window yardstick_rows as (partition by fund_symbol, yardstick order by session_date)
),

standings as (
    select
        fund_symbol,
        session_date,
        yardstick,
        rows_before = 0 or 2 * rows_in_line > least(rows_before, {{ scale_rows }}) as is_in_line
    from votes
),

judged as (
    select
        ratios.fund_symbol,
        ratios.session_date,
        ratios.nav_stamped,
        ratios.close_price,
        ratios.nav_over_close,
        ratios.agrees_with_close,
        by_close.is_in_line as is_in_line_with_close,
        by_index.is_in_line as is_in_line_with_index,
        by_itself.is_in_line as is_in_line_with_itself,
        coalesce(sum(case when ratios.agrees_with_close then 1 else 0 end) over (
            partition by ratios.fund_symbol order by ratios.session_date
            rows between {{ year_rows }} preceding and 1 preceding
        ), 0) > 0 as is_on_scale_of_close
    from ratios
    left join standings as by_close
        on
            ratios.fund_symbol = by_close.fund_symbol
            and ratios.session_date = by_close.session_date
            and by_close.yardstick = 'close'
    left join standings as by_index
        on
            ratios.fund_symbol = by_index.fund_symbol
            and ratios.session_date = by_index.session_date
            and by_index.yardstick = 'index'
    left join standings as by_itself
        on
            ratios.fund_symbol = by_itself.fund_symbol
            and ratios.session_date = by_itself.session_date
            and by_itself.yardstick = 'itself'
),

verdicts as (
    select
        fund_symbol,
        session_date,
        nav_stamped,
        close_price,
        nav_over_close,
        case
            when nav_stamped is null and close_price is not null and is_on_scale_of_close then 'close'
            when nav_stamped is null then 'NAV missing'
            when agrees_with_close then 'nav'
            when
                is_on_scale_of_close
                or nav_over_close between 1 / {{ smallest_split }} and {{ smallest_split }}
                then case when close_price is not null then 'close' end
            when not is_in_line_with_close then 'NAV and close do not move together'
        end as verdict_by_close,
        case
            when is_in_line_with_index is not null and not is_in_line_with_index
                then 'NAV does not move with the index that the fund tracks'
            when is_in_line_with_index is null and not is_in_line_with_itself
                then 'NAV jump without a close to check it against'
        end as verdict_without_close
    from judged
),

resolved as (
    select
        fund_symbol,
        session_date,
        nav_stamped,
        close_price,
        nav_over_close,
        coalesce(
            verdict_by_close,
            case when close_price is null then verdict_without_close end,
            'nav'
        ) as verdict
    from verdicts
),

final as (
    select
        fund_symbol,
        session_date,
        nav_stamped,
        close_price,
        case verdict
            when 'nav' then nav_stamped
            when 'close' then close_price
        end as nav_usd,
        case when verdict in ('nav', 'close') then verdict end as nav_basis,
        case when verdict not in ('nav', 'close') then verdict end as nav_null_reason,
        100 * (nav_over_close - 1) as nav_over_close_pct
    from resolved
)

select * from final
