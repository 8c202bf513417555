{#- So many later contracts must repeat a price, and the day before too, before it is taken for a filler. -#}
{%- set flat_contracts = 5 -%}

with levels as (
    select * from {{ ref('int_pairs__levels') }}
    where return_basis = 'price'
),

settlements as (
    select * from {{ ref('stg_rates__fed_funds_futures') }}
),

compared as (
    select
        contract_month,
        session_date,
        settle,
        lag(settle) over (partition by contract_month order by session_date) as previous_settle,
        count(settle) over contracts_beyond as contracts,
        min(settle) over contracts_beyond as lowest,
        max(settle) over contracts_beyond as highest
    from settlements
    window
        contracts_beyond as (
            partition by session_date order by contract_month
            rows between 1 following and unbounded following
        )
),

-- In November 2000 the vendor fills all months from the sixth with 93.425; the first quote would be a jump of 68 bp.
quotes as (
    select
        contract_month,
        session_date,
        settle
    from compared
    where
        contracts < {{ flat_contracts }}
        or previous_settle is null
        or not (settle = previous_settle and settle = lowest and settle = highest)
),

sessions as (
    select
        pair_id,
        session_date,
        lag(session_date) over pair_sessions as previous_session_date,
        100 * (small_level / nullif(lag(small_level) over pair_sessions, 0) - 1) as small_return_pct,
        100 * (large_level / nullif(lag(large_level) over pair_sessions, 0) - 1) as large_return_pct,
        {{ add_months(start_of_period('session_date', 'month'), 6) }} as contract_month
    from levels
    window
        pair_sessions as (partition by pair_id order by session_date)
),

final as (
    select
        sessions.pair_id,
        sessions.session_date,
        sessions.previous_session_date,
        sessions.contract_month,
        sessions.small_return_pct - sessions.large_return_pct as gap_return_pct,
        sessions.large_return_pct,
        100 * (previous_quotes.settle - quotes.settle) as rate_change_bp
    from sessions
    left join quotes
        on
            sessions.contract_month = quotes.contract_month
            and sessions.session_date = quotes.session_date
    left join quotes as previous_quotes
        on
            sessions.contract_month = previous_quotes.contract_month
            and sessions.previous_session_date = previous_quotes.session_date
)

select * from final
