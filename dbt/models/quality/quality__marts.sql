{#- Rounding of sums and logarithms. -#}
{%- set tolerance = '1e-9' -%}

with closes as (
    select * from {{ ref('int_prices__closes') }}
),

share_counts as (
    select * from {{ ref('int_flows__share_counts') }}
),

calendar as (
    select * from {{ ref('dim_calendar') }}
),

pairs as (
    select * from {{ ref('dim_pair') }}
),

price_levels as (
    select * from {{ ref('price_levels') }}
),

relative_performance as (
    select * from {{ ref('relative_performance') }}
),

horizons as (
    select * from {{ ref('relative_performance_horizons') }}
),

fund_flows_daily as (
    select * from {{ ref('fund_flows_daily') }}
),

fund_flows_weekly as (
    select * from {{ ref('fund_flows_weekly') }}
),

rate_expectations as (
    select * from {{ ref('rate_expectations') }}
),

event_study as (
    select * from {{ ref('event_study') }}
),

valuation as (
    select * from {{ ref('valuation') }}
),

relative_valuation as (
    select * from {{ ref('relative_valuation') }}
),

signals as (
    select * from {{ ref('signal_daily') }}
),

claims as (
    select * from {{ ref('claims') }}
),

-- A mart that ends before its input has lost days on the way.
last_closes as (
    select
        symbol,
        max(session_date) as last_day
    from closes
    group by symbol
),

pair_ends as (
    select
        pairs.pair_id,
        max(small_closes.session_date) as last_day
    from pairs
    inner join closes as small_closes
        on pairs.small_symbol = small_closes.symbol
    inner join closes as large_closes
        on
            pairs.large_symbol = large_closes.symbol
            and small_closes.session_date = large_closes.session_date
    group by pairs.pair_id
),

ends as (
    select
        'price_levels' as mart,
        last_closes.symbol as series,
        last_closes.last_day as last_day_of_input,
        max(price_levels.session_date) as last_day_of_mart
    from last_closes
    left join price_levels
        on last_closes.symbol = price_levels.symbol
    group by
        last_closes.symbol,
        last_closes.last_day
    union all
    select
        'relative_performance' as mart,
        pair_ends.pair_id as series,
        pair_ends.last_day as last_day_of_input,
        max(relative_performance.session_date) as last_day_of_mart
    from pair_ends
    left join relative_performance
        on pair_ends.pair_id = relative_performance.pair_id
    group by
        pair_ends.pair_id,
        pair_ends.last_day
    union all
    select
        'relative_performance_horizons' as mart,
        pair_ends.pair_id as series,
        pair_ends.last_day as last_day_of_input,
        max(horizons.session_date) as last_day_of_mart
    from pair_ends
    left join horizons
        on pair_ends.pair_id = horizons.pair_id
    group by
        pair_ends.pair_id,
        pair_ends.last_day
    union all
    select
        'signal_daily' as mart,
        pair_ends.pair_id as series,
        pair_ends.last_day as last_day_of_input,
        max(signals.session_date) as last_day_of_mart
    from pair_ends
    left join signals
        on pair_ends.pair_id = signals.pair_id
    group by
        pair_ends.pair_id,
        pair_ends.last_day
    union all
    select
        'claims' as mart,
        pairs.pair_id as series,
        pair_ends.last_day as last_day_of_input,
        max(claims.as_of_date) as last_day_of_mart
    from pairs
    inner join pair_ends
        on pairs.pair_id = pair_ends.pair_id
    left join claims
        on claims.framing = 'rolling'
    where pairs.is_headline
    group by
        pairs.pair_id,
        pair_ends.last_day
    union all
    select
        'fund_flows_daily' as mart,
        share_counts.fund_symbol as series,
        share_counts.last_day as last_day_of_input,
        max(fund_flows_daily.session_date) as last_day_of_mart
    from (
        select
            fund_symbol,
            max(session_date) as last_day
        from share_counts
        group by fund_symbol
    ) as share_counts
    left join fund_flows_daily
        on share_counts.fund_symbol = fund_flows_daily.fund_symbol
    group by
        share_counts.fund_symbol,
        share_counts.last_day
),

behind as (
    select
        'marts_behind_input' as check_id,
        mart || ' ' || series as series,
        last_day_of_input as day,
        last_day_of_input as known_on,
        cast(null as double) as value,
        cast(null as double) as threshold,
        'the mart ends ' || coalesce(cast(last_day_of_mart as string), 'before it begins') || ', its input '
        || cast(last_day_of_input as string) as finding
    from ends
    where
        last_day_of_mart is null
        or last_day_of_mart < last_day_of_input
),

-- Everything below is one figure read from two places.
comparisons as (
    select
        'marts_total_return' as check_id,
        levels.symbol as series,
        levels.session_date as day,
        levels.session_date as known_on,
        100 * (levels.level / levels.previous_level) as one_value,
        100 * (closes.close_price + closes.dividend_per_share) / levels.previous_close as other_value
    from (
        select
            symbol,
            session_date,
            level,
            lag(level) over (partition by symbol order by session_date) as previous_level,
            lag(close) over (partition by symbol order by session_date) as previous_close
        from price_levels
        where return_basis = 'total'
    ) as levels
    inner join closes
        on
            levels.symbol = closes.symbol
            and levels.session_date = closes.session_date
    where levels.previous_level > 0
    union all
    select
        'marts_ytd_gap' as check_id,
        relative_performance.pair_id || ' ' || relative_performance.return_basis as series,
        relative_performance.session_date as day,
        relative_performance.session_date as known_on,
        relative_performance.ytd_gap_pp as one_value,
        horizons.gap_pp as other_value
    from relative_performance
    inner join horizons
        on
            relative_performance.pair_id = horizons.pair_id
            and relative_performance.return_basis = horizons.return_basis
            and relative_performance.session_date = horizons.session_date
    where horizons.horizon = 'YTD'
    union all
    select
        'marts_signals' as check_id,
        signals.signal_id || ' ' || signals.pair_id as series,
        signals.session_date as day,
        signals.session_date as known_on,
        signals.value as one_value,
        relative_performance.ytd_gap_pp as other_value
    from signals
    inner join relative_performance
        on
            signals.pair_id = relative_performance.pair_id
            and signals.session_date = relative_performance.session_date
    where
        signals.signal_id = 'S3'
        and relative_performance.return_basis = 'price'
    union all
    select
        'marts_event_study' as check_id,
        event_study.event_id || ' ' || event_study.pair_id || ' '
        || cast(event_study.window_start_session as string) || ' to '
        || cast(event_study.window_end_session as string) as series,
        event_study.window_end_date as day,
        event_study.known_on,
        event_study.bhar_pct as one_value,
        100 * (
            end_levels.small_level / base_levels.small_level - end_levels.large_level / base_levels.large_level
        ) as other_value
    from event_study
    inner join calendar
        on event_study.window_start_date = calendar.session_date
    inner join relative_performance as base_levels
        on
            event_study.pair_id = base_levels.pair_id
            and calendar.previous_session_date = base_levels.session_date
            and base_levels.return_basis = 'price'
    inner join relative_performance as end_levels
        on
            event_study.pair_id = end_levels.pair_id
            and event_study.window_end_date = end_levels.session_date
            and end_levels.return_basis = 'price'
    where
        not event_study.is_pooled
        and event_study.bhar_pct is not null
    union all
    select
        'marts_valuation' as check_id,
        relative_valuation.small_basket || ' ' || relative_valuation.measure || ' ' || relative_valuation.method
            as series,
        relative_valuation.as_of_date as day,
        cast(relative_valuation.available_at_utc as date) as known_on,
        relative_valuation.ratio as one_value,
        small_values.value / nullif(large_values.value, 0) as other_value
    from relative_valuation
    left join valuation as small_values
        on
            relative_valuation.small_basket = small_values.basket
            and relative_valuation.as_of_date = small_values.as_of_date
            and relative_valuation.measure = small_values.measure
            and relative_valuation.method = small_values.method
    left join valuation as large_values
        on
            relative_valuation.large_basket = large_values.basket
            and relative_valuation.as_of_date = large_values.as_of_date
            and relative_valuation.measure = large_values.measure
            and relative_valuation.method = large_values.method
    union all
    select
        'marts_claims' as check_id,
        'claim 1 ' || claims.framing as series,
        claims.as_of_date as day,
        claims.as_of_date as known_on,
        claims.value as one_value,
        relative_performance.ytd_gap_pp as other_value
    from claims
    inner join pairs
        on pairs.is_headline
    inner join relative_performance
        on
            pairs.pair_id = relative_performance.pair_id
            and claims.as_of_date = relative_performance.session_date
            and relative_performance.return_basis = 'price'
    where
        claims.claim_id = 1
        and claims.framing = 'rolling'
        and claims.convention = 'index_by_session'
        and claims.value is not null
    union all
    select
        'marts_claims' as check_id,
        'claim 2 ' || claims.framing as series,
        claims.as_of_date as day,
        claims.as_of_date as known_on,
        claims.value as one_value,
        fund_flows_weekly.net_flow_usd as other_value
    from claims
    inner join fund_flows_weekly
        on
            fund_flows_weekly.fund_symbol = 'IWM'
            and fund_flows_weekly.week_ending = date '2017-05-24'
    where
        claims.claim_id = 2
        and claims.framing = 'as_written'
        and claims.convention = 'as_stamped'
        and claims.value is not null
    union all
    select
        'marts_claims' as check_id,
        'claim 8 ' || claims.convention as series,
        claims.as_of_date as day,
        claims.as_of_date as known_on,
        claims.value as one_value,
        rate_expectations.prob_hike_pct as other_value
    from claims
    inner join rate_expectations
        on
            claims.as_of_date = rate_expectations.watch_date
            and claims.convention = rate_expectations.day_convention
    where
        claims.claim_id = 8
        and claims.framing = 'rolling'
        and rate_expectations.is_next_meeting
        and claims.value is not null
),

differences as (
    select
        check_id,
        series,
        day,
        known_on,
        one_value as value,
        other_value as threshold,
        'one mart says ' || coalesce({{ said('one_value', 6) }}, 'nothing') || ', the other way to it '
        || coalesce({{ said('other_value', 6) }}, 'nothing') as finding
    from comparisons
    where
        abs(one_value - other_value) > {{ tolerance }} * greatest(1, abs(other_value))
        or (one_value is null) <> (other_value is null)
),

final as (
    select * from behind
    union all
    select * from differences
)

select * from final
