{#- Rows that a rule looks back on: long enough for a usual value, and the fewest that make one. -#}
{%- set usual_rows = 252 -%}
{%- set usual_rows_short = 63 -%}
{%- set usual_rows_at_least = 21 -%}
{%- set dividends_before = 8 -%}

with bars as (
    select * from {{ ref('stg_prices__daily_bars') }}
),

calendar as (
    select * from {{ ref('int_calendar__sessions') }}
),

securities as (
    select * from {{ ref('securities') }}
),

limits as (
    {{ check_limits([
        'prices_gap.sessions', 'prices_stale.sessions', 'prices_frozen.equal_closes', 'prices_jump.minimum_pp',
        'prices_jump.minimum_pp_at_start', 'prices_jump.times_usual', 'prices_jump.minimum_pct_alone',
        'prices_jump_other.minimum_pp', 'prices_jump_other.minimum_pp_at_start', 'prices_jump_other.times_usual',
        'prices_jump_other.minimum_pct_alone', 'prices_split.share_of_split', 'prices_adjusted_close.maximum_pp',
        'prices_dividend.maximum_pct', 'prices_dividend.minimum_pct', 'prices_dividend.times_usual',
        'prices_volume.share_of_usual', 'prices_fund_against_index.minimum_pp',
        'prices_fund_against_index.times_usual', 'prices_fund_off_index.minimum_pp',
        'prices_fund_off_index.times_usual', 'prices_fund_off_index.tracking_pp'
    ]) }}
),

sessions as (
    select
        session_date,
        row_number() over (order by session_date) as session_number
    from calendar
),

on_sessions as (
    select
        bars.symbol,
        bars.session_date,
        sessions.session_number,
        coalesce(securities.asset_class, 'unknown') as asset_class,
        coalesce(securities.kind, 'unknown') as security_kind,
        securities.tracks_index,
        bars.open_price,
        bars.high_price,
        bars.low_price,
        bars.close_price,
        bars.volume_shares,
        coalesce(bars.dividend_per_share, 0) as dividend_per_share,
        bars.split_ratio,
        bars.vendor_adjusted_close
    from bars
    inner join sessions
        on bars.session_date = sessions.session_date
    left join securities
        on bars.symbol = securities.symbol
    where bars.close_price > 0
),

with_previous as (
    select
        *,
        lag(session_date) over by_symbol as previous_date,
        lag(session_number) over by_symbol as previous_number,
        lead(session_number) over by_symbol as next_number,
        lag(close_price) over by_symbol as previous_close,
        lag(vendor_adjusted_close) over by_symbol as previous_adjusted_close,
        coalesce(
            open_price = lag(open_price) over by_symbol
            and high_price = lag(high_price) over by_symbol
            and low_price = lag(low_price) over by_symbol
            and close_price = lag(close_price) over by_symbol
            and coalesce(volume_shares, 0) = coalesce(lag(volume_shares) over by_symbol, 0)
            and high_price > low_price,
            false
        ) as is_repeated_bar,
        case when volume_shares is not null then count(volume_shares) over short_past end as volumes_before,
        {{ quantile('volume_shares', 0.5) }} over short_past as usual_volume
    from on_sessions
    window
        by_symbol as (partition by symbol order by session_date),
        short_past as (
            partition by symbol order by session_date
            rows between {{ usual_rows_short }} preceding and 1 preceding
        )
),

moves as (
    select
        *,
        -- across a hole there is no move of one session
        case
            when session_number = previous_number + 1 then 100 * ln((close_price + dividend_per_share) / previous_close)
        end as move_pct,
        case
            when session_number = previous_number + 1 then 100 * ln(close_price / previous_close)
        end as price_move_pct,
        case when close_price = previous_close then 0 else 1 end as is_new_close
    from with_previous
),

-- How far is the nearest move of another security of the class? A market that crashes takes its neighbours along.
neighbours as (
    select
        symbol,
        session_date,
        asset_class,
        move_pct,
        move_pct - lag(move_pct) over of_the_day as above_pp,
        (lead(move_pct) over of_the_day) - move_pct as below_pp,
        count(*) over (partition by asset_class, session_date) as moves_of_class
    from moves
    where move_pct is not null
    window of_the_day as (partition by asset_class, session_date order by move_pct, symbol)
),

distances as (
    select
        *,
        -- the outermost moves have one neighbour: least passes over a null
        least(above_pp, below_pp) as distance_pp
    from neighbours
),

usual_distances as (
    select
        *,
        {{ quantile('distance_pp', 0.5) }} over past as usual_distance_pp,
        count(distance_pp) over past as distances_before
    from distances
    window past as (
        partition by symbol order by session_date
        rows between {{ usual_rows }} preceding and 1 preceding
    )
),

jump_limits as (
    select
        usual_distances.*,
        case
            when usual_distances.asset_class = 'equity' then 'prices_jump'
            else 'prices_jump_other'
        end as check_id,
        case
            when usual_distances.asset_class = 'equity' then limits.prices_jump__minimum_pct_alone
            else limits.prices_jump_other__minimum_pct_alone
        end as limit_alone_pct,
        case
            when usual_distances.asset_class = 'equity' and usual_distances.distances_before < {{ usual_rows_at_least }}
                then limits.prices_jump__minimum_pp_at_start
            when usual_distances.asset_class = 'equity'
                then
                    greatest(
                        limits.prices_jump__minimum_pp,
                        limits.prices_jump__times_usual * usual_distances.usual_distance_pp
                    )
            when usual_distances.distances_before < {{ usual_rows_at_least }}
                then limits.prices_jump_other__minimum_pp_at_start
            else
                greatest(
                    limits.prices_jump_other__minimum_pp,
                    limits.prices_jump_other__times_usual * usual_distances.usual_distance_pp
                )
        end as limit_pp
    from usual_distances
    cross join limits
),

jumps as (
    select
        check_id,
        symbol as series,
        session_date as day,
        session_date as known_on,
        coalesce(distance_pp, abs(move_pct)) as value,
        case when distance_pp is null then limit_alone_pct else limit_pp end as threshold,
        'moved ' || {{ said('move_pct') }} || ' log-% with dividend, '
        || case
            when distance_pp is null then 'and nothing of its class is there to compare with'
            else {{ said('distance_pp') }} || ' points away from the nearest of its class'
        end
        || '; expected within ' || {{ said('case when distance_pp is null then limit_alone_pct else limit_pp end') }}
            as finding
    from jump_limits
    where
        -- of two that part, the one that stayed is not the one that jumped
        (distance_pp > limit_pp and (moves_of_class > 2 or abs(move_pct) >= distance_pp / 2))
        or (distance_pp is null and abs(move_pct) > limit_alone_pct)
),

table_end as (
    select max(session_number) as last_number
    from on_sessions
),

gaps as (
    select
        'prices_gap' as check_id,
        moves.symbol as series,
        first_missing.session_date as day,
        moves.session_date as known_on,
        moves.session_number - moves.previous_number - 1 as value,
        limits.prices_gap__sessions as threshold,
        cast(moves.session_number - moves.previous_number - 1 as string) || ' sessions without a bar before '
        || cast(moves.session_date as string) as finding
    from moves
    inner join sessions as first_missing
        on moves.previous_number + 1 = first_missing.session_number
    cross join limits
    where moves.session_number - moves.previous_number - 1 > limits.prices_gap__sessions
),

-- Found first and dated after: the joins would multiply what is thrown away.
stale_runs as (
    select
        moves.symbol,
        moves.session_number as last_number,
        cast(limits.prices_stale__sessions as bigint) as sessions_allowed
    from moves
    cross join table_end
    cross join limits
    where
        coalesce(moves.next_number - 1, table_end.last_number) - moves.session_number >= limits.prices_stale__sessions
),

stale as (
    select
        'prices_stale' as check_id,
        stale_runs.symbol as series,
        first_missing.session_date as day,
        detected.session_date as known_on,
        stale_runs.sessions_allowed as value,
        stale_runs.sessions_allowed as threshold,
        'no bar for ' || cast(stale_runs.sessions_allowed as string) || ' sessions while other symbols have theirs'
            as finding
    from stale_runs
    inner join sessions as first_missing
        on stale_runs.last_number + 1 = first_missing.session_number
    inner join sessions as detected
        on stale_runs.last_number + stale_runs.sessions_allowed = detected.session_number
),

close_runs as (
    select
        symbol,
        session_date,
        close_price,
        is_repeated_bar,
        coalesce(lag(is_repeated_bar) over (partition by symbol order by session_date), false) as was_repeated_bar,
        sum(is_new_close) over (
            partition by symbol order by session_date
            rows between unbounded preceding and current row
        ) as close_run
    from moves
),

close_run_lengths as (
    select
        *,
        row_number() over (partition by symbol, close_run order by session_date) as equal_closes
    from close_runs
),

frozen as (
    select
        'prices_frozen' as check_id,
        close_run_lengths.symbol as series,
        close_run_lengths.session_date as day,
        close_run_lengths.session_date as known_on,
        close_run_lengths.equal_closes as value,
        limits.prices_frozen__equal_closes as threshold,
        case
            when close_run_lengths.is_repeated_bar then 'the whole bar is that of the session before'
            else {{ said('limits.prices_frozen__equal_closes', 0) }} || ' equal closes in a row'
        end as finding
    from close_run_lengths
    cross join limits
    where
        close_run_lengths.equal_closes = limits.prices_frozen__equal_closes
        or (close_run_lengths.is_repeated_bar and not close_run_lengths.was_repeated_bar)
),

splits as (
    select
        'prices_split' as check_id,
        moves.symbol as series,
        moves.session_date as day,
        moves.session_date as known_on,
        moves.split_ratio as value,
        limits.prices_split__share_of_split as threshold,
        'the bars mark ' || {{ said('moves.split_ratio', 4) }} || ' new shares for one, and the close moved by it ('
        || {{ said('moves.price_move_pct') }} || ' log-%): closes must be split-adjusted' as finding
    from moves
    cross join limits
    where
        moves.split_ratio > 0
        and moves.split_ratio <> 1
        and -moves.price_move_pct / (100 * ln(moves.split_ratio)) > limits.prices_split__share_of_split
),

adjusted as (
    select
        'prices_adjusted_close' as check_id,
        moves.symbol as series,
        moves.session_date as day,
        moves.session_date as known_on,
        100 * (
            (moves.close_price + moves.dividend_per_share) / moves.previous_close
            - moves.vendor_adjusted_close / moves.previous_adjusted_close
        ) as value,
        limits.prices_adjusted_close__maximum_pp as threshold
    from moves
    cross join limits
    where
        moves.previous_adjusted_close > 0
        and moves.vendor_adjusted_close > 0
),

adjusted_findings as (
    select
        check_id,
        series,
        day,
        known_on,
        value,
        threshold,
        'return from close and dividend less that of the vendor''s adjusted close is ' || {{ said('value', 3) }}
        || ' points; expected within ' || {{ said('threshold', 3) }} as finding
    from adjusted
    where abs(value) > threshold
),

dividends as (
    select
        symbol,
        session_date,
        dividend_per_share,
        100 * dividend_per_share / previous_close as dividend_pct,
        {{ quantile('100 * dividend_per_share / previous_close', 0.5) }} over dividends_before as usual_pct,
        count(*) over dividends_before as earlier_dividends
    from moves
    where
        dividend_per_share > 0
        and previous_close > 0
    window dividends_before as (
        partition by symbol order by session_date
        rows between {{ dividends_before }} preceding and 1 preceding
    )
),

dividend_findings as (
    select
        'prices_dividend' as check_id,
        dividends.symbol as series,
        dividends.session_date as day,
        dividends.session_date as known_on,
        dividends.dividend_pct as value,
        limits.prices_dividend__maximum_pct as threshold,
        'dividend of ' || {{ said('dividends.dividend_pct') }} || ' % of the close, usual are '
        || coalesce({{ said('dividends.usual_pct') }}, 'none') || ' %' as finding
    from dividends
    cross join limits
    where
        dividends.dividend_pct > limits.prices_dividend__maximum_pct
        or (
            dividends.earlier_dividends >= 4
            and dividends.dividend_pct > limits.prices_dividend__minimum_pct
            and dividends.dividend_pct > limits.prices_dividend__times_usual * dividends.usual_pct
        )
),

volumes as (
    select
        'prices_volume' as check_id,
        moves.symbol as series,
        moves.session_date as day,
        moves.session_date as known_on,
        moves.volume_shares as value,
        limits.prices_volume__share_of_usual * moves.usual_volume as threshold,
        'volume of ' || {{ said('moves.volume_shares', 0) }} || ', usual are ' || {{ said('moves.usual_volume', 0) }}
            as finding
    from moves
    cross join limits
    where
        moves.volumes_before >= {{ usual_rows_at_least }}
        and moves.usual_volume > 0
        and moves.volume_shares < limits.prices_volume__share_of_usual * moves.usual_volume
),

-- A fund beside the index that it tracks, fund with dividends: late prints differ for a day, a wrong level stays.
beside_index as (
    select
        funds.symbol,
        indices.symbol as index_symbol,
        funds.session_date,
        funds.move_pct - indices.move_pct as difference_pp
    from moves as funds
    inner join moves as indices
        on
            funds.tracks_index = indices.tracks_index
            and funds.session_date = indices.session_date
    where
        funds.security_kind = 'etf'
        and indices.security_kind = 'equity_index'
        and funds.move_pct is not null
        and indices.move_pct is not null
),

drifts as (
    select
        *,
        sum(difference_pp) over (
            partition by symbol, index_symbol order by session_date
            rows between unbounded preceding and current row
        ) as drift_pp,
        {{ quantile('abs(difference_pp)', 0.5) }} over short_past as usual_difference_pp,
        {{ quantile('abs(difference_pp)', 0.5) }} over past as tracking_difference_pp,
        count(*) over short_past as differences_before
    from beside_index
    window
        short_past as (
            partition by symbol, index_symbol order by session_date
            rows between {{ usual_rows_short }} preceding and 1 preceding
        ),
        past as (
            partition by symbol, index_symbol order by session_date
            rows between {{ usual_rows }} preceding and 1 preceding
        )
),

deviations as (
    select
        *,
        drift_pp - {{ quantile('drift_pp', 0.5) }} over (
            partition by symbol, index_symbol order by session_date
            rows between {{ usual_rows_at_least }} preceding and 1 preceding
        ) as deviation_pp
    from drifts
),

deviation_runs as (
    select
        *,
        least(
            deviation_pp,
            lag(deviation_pp) over of_fund,
            lag(deviation_pp, 2) over of_fund
        ) as lowest_of_three_pp,
        greatest(
            deviation_pp,
            lag(deviation_pp) over of_fund,
            lag(deviation_pp, 2) over of_fund
        ) as highest_of_three_pp,
        lag(deviation_pp, 2) over of_fund is not null as has_three
    from deviations
    window of_fund as (partition by symbol, index_symbol order by session_date)
),

index_findings as (
    select
        abs(deviation_runs.difference_pp) > greatest(
            limits.prices_fund_against_index__minimum_pp,
            limits.prices_fund_against_index__times_usual * deviation_runs.usual_difference_pp
        ) as is_off_today,
        -- a fund that usually differs widely does not track the index, and has no place beside it to leave
        deviation_runs.has_three
        and deviation_runs.tracking_difference_pp <= limits.prices_fund_off_index__tracking_pp
        and greatest(deviation_runs.lowest_of_three_pp, -deviation_runs.highest_of_three_pp) > greatest(
            limits.prices_fund_off_index__minimum_pp,
            limits.prices_fund_off_index__times_usual * deviation_runs.usual_difference_pp
        ) as is_off_for_three,
        deviation_runs.*,
        limits.prices_fund_against_index__minimum_pp,
        limits.prices_fund_off_index__minimum_pp
    from deviation_runs
    cross join limits
    where deviation_runs.differences_before >= {{ usual_rows_at_least }}
),

against_index as (
    select
        'prices_fund_against_index' as check_id,
        symbol || ' ' || index_symbol as series,
        session_date as day,
        session_date as known_on,
        difference_pp as value,
        prices_fund_against_index__minimum_pp as threshold,
        'return of the fund, dividend included, less that of the index is ' || {{ said('difference_pp') }}
        || ' points; usual are ' || {{ said('usual_difference_pp', 3) }} as finding
    from index_findings
    where is_off_today
),

off_index as (
    select
        'prices_fund_off_index' as check_id,
        symbol || ' ' || index_symbol as series,
        session_date as day,
        session_date as known_on,
        deviation_pp as value,
        prices_fund_off_index__minimum_pp as threshold,
        'the fund stands ' || {{ said('deviation_pp') }}
        || ' points off its usual place to the index for the third session' as finding
    from index_findings
    where is_off_for_three
),

final as (
    select * from jumps
    union all
    select * from gaps
    union all
    select * from stale
    union all
    select * from frozen
    union all
    select * from splits
    union all
    select * from adjusted_findings
    union all
    select * from dividend_findings
    union all
    select * from volumes
    union all
    select * from against_index
    union all
    select * from off_index
)

select * from final
