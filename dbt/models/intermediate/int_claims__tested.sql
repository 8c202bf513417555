with evidence as (
    select
        *,
        cast(null as date) as horizon_end
    from {{ ref('int_claims__prices') }}
    union all
    select
        *,
        cast(null as date) as horizon_end
    from {{ ref('int_claims__flows') }}
    union all
    select
        *,
        cast(null as date) as horizon_end
    from {{ ref('int_claims__fundamentals') }}
    union all
    select
        *,
        cast(null as date) as horizon_end
    from {{ ref('int_claims__rates') }}
    union all
    select * from {{ ref('int_claims__signals') }}
    union all
    select
        *,
        cast(null as date) as horizon_end
    from {{ ref('int_claims__froth') }}
),

days as (
    select * from {{ ref('int_claims__days') }}
),

conventions as (
    select * from {{ ref('claim_conventions') }}
),

tested as (
    select
        conventions.claim_id,
        conventions.framing,
        days.as_of_date,
        conventions.convention,
        conventions.is_forecast,
        case when evidence.missing_reason is null then evidence.value end as value,
        case
            when conventions.is_forecast then null
            when evidence.value is null or evidence.is_also_true is null then null
            when not evidence.is_also_true then false
            when conventions.comparator = '<=' then evidence.value <= conventions.threshold
            when conventions.comparator = '>=' then evidence.value >= conventions.threshold
            when conventions.comparator = '<' then evidence.value < conventions.threshold
            when conventions.comparator = '>' then evidence.value > conventions.threshold
            when conventions.comparator = 'within'
                then abs(evidence.value - conventions.threshold) <= conventions.tolerance
        end as is_met,
        evidence.missing_reason,
        nullif(evidence.reason, '') as reason,
        evidence.inputs_as_of,
        evidence.horizon_end
    from conventions
    inner join days on conventions.framing = days.framing
    left join evidence
        on
            conventions.claim_id = evidence.claim_id
            and conventions.convention = evidence.convention
            and days.framing = evidence.framing
            and days.as_of_date = evidence.as_of_date
),

final as (
    select
        claim_id,
        framing,
        as_of_date,
        convention,
        value,
        case
            when missing_reason is not null then 'undecidable'
            when is_forecast and horizon_end is not null then 'open'
            when is_met then 'supported'
            when not is_met then 'not_supported'
            else 'undecidable'
        end as verdict,
        coalesce(
            missing_reason, reason, 'the input has nothing for this claim that is fresh enough on the day'
        ) as reason,
        inputs_as_of,
        horizon_end
    from tested
)

select * from final
