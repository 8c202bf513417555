with horizon_returns as (
    select * from {{ ref('int_pairs__horizon_returns') }}
    where horizon = 'YTD'
),

sessions as (
    select * from {{ ref('int_calendar__sessions') }}
),

ytd_gaps as (
    select
        horizon_returns.pair_id,
        horizon_returns.return_basis,
        horizon_returns.session_date,
        sessions.calendar_year,
        sessions.session_number_of_year,
        {{ date_part_number('month', 'horizon_returns.session_date') }} * 100
        + {{ date_part_number('day', 'horizon_returns.session_date') }} as month_and_day,
        horizon_returns.gap_pp
    from horizon_returns
    inner join sessions
        on horizon_returns.session_date = sessions.session_date
),

-- the two ways of finding the same place in another year
aligned as (
    select
        pair_id,
        return_basis,
        session_date,
        calendar_year,
        'session_number' as alignment,
        session_number_of_year as place_in_year,
        gap_pp
    from ytd_gaps
    union all
    select
        pair_id,
        return_basis,
        session_date,
        calendar_year,
        'calendar_date' as alignment,
        month_and_day as place_in_year,
        gap_pp
    from ytd_gaps
),

years as (
    select distinct
        pair_id,
        return_basis,
        alignment,
        calendar_year
    from aligned
),

places as (
    select distinct
        pair_id,
        return_basis,
        alignment,
        place_in_year
    from aligned
),

-- every year at every place: the as-of join written as a fill forward
grid as (
    select
        years.pair_id,
        years.return_basis,
        years.alignment,
        years.calendar_year,
        places.place_in_year,
        aligned.gap_pp,
        count(aligned.gap_pp) over (
            partition by years.pair_id, years.return_basis, years.alignment, years.calendar_year
            order by places.place_in_year
            rows between unbounded preceding and current row
        ) as gaps_so_far
    from years
    inner join places
        on
            years.pair_id = places.pair_id
            and years.return_basis = places.return_basis
            and years.alignment = places.alignment
    left join aligned
        on
            years.pair_id = aligned.pair_id
            and years.return_basis = aligned.return_basis
            and years.alignment = aligned.alignment
            and years.calendar_year = aligned.calendar_year
            and places.place_in_year = aligned.place_in_year
),

filled as (
    select
        pair_id,
        return_basis,
        alignment,
        calendar_year,
        place_in_year,
        max(gap_pp) over (
            partition by pair_id, return_basis, alignment, calendar_year, gaps_so_far
        ) as gap_pp
    from grid
),

compared as (
    select
        aligned.pair_id,
        aligned.return_basis,
        aligned.alignment,
        aligned.session_date,
        count(prior_years.gap_pp) as years_compared,
        sum(case when prior_years.gap_pp < aligned.gap_pp then 1 else 0 end) as years_strictly_lower
    from aligned
    left join filled as prior_years
        on
            aligned.pair_id = prior_years.pair_id
            and aligned.return_basis = prior_years.return_basis
            and aligned.alignment = prior_years.alignment
            and aligned.place_in_year = prior_years.place_in_year
            and aligned.calendar_year > prior_years.calendar_year
    group by
        aligned.pair_id,
        aligned.return_basis,
        aligned.alignment,
        aligned.session_date
),

final as (
    select
        pair_id,
        return_basis,
        alignment,
        session_date,
        cast(years_compared as integer) as years_compared,
        case when years_compared > 0 then cast(1 + years_strictly_lower as integer) end as rank_from_worst,
        100 * cast(years_strictly_lower as double) / nullif(cast(years_compared as double), 0) as percentile
    from compared
)

select * from final
