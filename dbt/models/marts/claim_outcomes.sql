with outcomes as (
    select * from {{ ref('int_claims__outcomes') }}
),

days as (
    select as_of_date
    from {{ ref('int_claims__days') }}
    where framing = 'rolling'
),

read_on as (
    select
        outcomes.*,
        outcomes.as_of_date as read_on_date
    from outcomes
    where outcomes.framing = 'rolling'
    union all
    select
        outcomes.*,
        days.as_of_date as read_on_date
    from outcomes
    inner join days on outcomes.as_of_date <= days.as_of_date
    where outcomes.framing = 'as_written'
),

final as (
    select
        claim_id,
        framing,
        read_on_date as as_of_date,
        convention,
        horizon_end,
        outcome_value,
        unit,
        result,
        detail,
        {{ is_simulated() }} as is_simulated
    from read_on
)

select * from final
