{#- Below this many earlier years a worst quarter means nothing. -#}
{%- set years_needed = 3 -%}

with days as (
    select * from {{ ref('int_claims__days') }}
),

performance as (
    select * from {{ ref('relative_performance') }}
),

election_months as (
    select * from {{ ref('int_pairs__election_month') }}
),

pairs as (
    select * from {{ ref('pairs') }}
),

-- claim 1

gaps as (
    select
        performance.session_date,
        'index_by_session' as convention,
        performance.ytd_gap_pp,
        performance.ytd_gap_rank_from_worst as rank_from_worst,
        performance.years_compared
    from performance
    inner join pairs on performance.pair_id = pairs.pair_id
    where
        pairs.is_headline
        and performance.return_basis = 'price'
    union all
    select
        performance.session_date,
        'index_by_date' as convention,
        performance.ytd_gap_pp,
        performance.ytd_gap_rank_from_worst_by_date as rank_from_worst,
        performance.years_compared_by_date as years_compared
    from performance
    inner join pairs on performance.pair_id = pairs.pair_id
    where
        pairs.is_headline
        and performance.return_basis = 'price'
    union all
    select
        performance.session_date,
        concat_ws('', 'etf_', performance.return_basis) as convention,
        performance.ytd_gap_pp,
        performance.ytd_gap_rank_from_worst as rank_from_worst,
        performance.years_compared
    from performance
    where performance.pair_id = 'IWM_SPY'
),

underperformance as (
    select
        1 as claim_id,
        days.framing,
        days.as_of_date,
        gaps.convention,
        gaps.ytd_gap_pp as value,
        4 * gaps.rank_from_worst <= gaps.years_compared + 1 as is_also_true,
        case
            when gaps.ytd_gap_pp is null then 'no price at the end of the prior year'
            when gaps.years_compared < {{ years_needed }}
                then 'fewer than {{ years_needed }} earlier years to compare with'
        end as missing_reason,
        concat_ws(
            '',
            'rank ', cast(gaps.rank_from_worst as string), ' from the worst of ',
            cast(gaps.years_compared + 1 as string), ' years'
        ) as reason,
        gaps.session_date as inputs_as_of
    from days
    inner join gaps on days.as_of_date = gaps.session_date
),

-- claim 4

months as (
    select
        election_months.*,
        'index_price' as convention
    from election_months
    inner join pairs on election_months.pair_id = pairs.pair_id
    where
        pairs.is_headline
        and election_months.return_basis = 'price'
    union all
    select
        election_months.*,
        concat_ws('', 'etf_', election_months.return_basis) as convention
    from election_months
    where election_months.pair_id = 'IWM_SPY'
),

after_the_election as (
    select
        4 as claim_id,
        days.framing,
        days.as_of_date,
        months.convention,
        months.month_small_return_pct as value,
        days.framing = 'as_written' or months.month_small_return_pct > months.month_large_return_pct as is_also_true,
        case
            when months.month_session_date is null
                then concat_ws('', 'the month after the election ends on ', cast(months.month_end_date as string))
        end as missing_reason,
        concat_ws(
            '',
            'from ', cast(months.election_session_date as string), ' to ', cast(months.month_session_date as string),
            '; large caps ', {{ said('months.month_large_return_pct', 2) }}, ' %',
            coalesce(
                '; of the relative gain of ' || {{ said('months.month_relative_pct', 2) }} || ' % '
                || cast(cast(round(months.month_gain_left_pct) as integer) as string) || ' % is left',
                ''
            )
        ) as reason,
        months.month_session_date as inputs_as_of
    from days
    inner join months on days.as_of_date = months.session_date
),

final as (
    select * from underperformance
    union all
    select * from after_the_election
)

select * from final
