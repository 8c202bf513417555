-- For both alignments; percentile and rank say the same, and all three are there or none.
with relative_performance as (
    select * from {{ ref('relative_performance') }}
),

contexts as (
    select
        pair_id,
        return_basis,
        session_date,
        'session_number' as alignment,
        ytd_gap_pp,
        ytd_gap_percentile as percentile,
        ytd_gap_rank_from_worst as rank_from_worst,
        years_compared
    from relative_performance
    union all
    select
        pair_id,
        return_basis,
        session_date,
        'calendar_date' as alignment,
        ytd_gap_pp,
        ytd_gap_percentile_by_date as percentile,
        ytd_gap_rank_from_worst_by_date as rank_from_worst,
        years_compared_by_date as years_compared
    from relative_performance
)

select
    pair_id,
    return_basis,
    session_date,
    alignment,
    percentile,
    rank_from_worst,
    years_compared
from contexts
where
    rank_from_worst not between 1 and years_compared + 1
    or abs(percentile * years_compared - 100 * (rank_from_worst - 1)) > 1e-6
    or (years_compared > 0 and (ytd_gap_pp is null or rank_from_worst is null or percentile is null))
    or (years_compared = 0 and (rank_from_worst is not null or percentile is not null))
