with tested as (
    select * from {{ ref('int_claims__tested') }}
),

outcomes as (
    select * from {{ ref('int_claims__outcomes') }}
),

sentences as (
    select * from {{ ref('claim_sentences') }}
),

conventions as (
    select * from {{ ref('claim_conventions') }}
),

days as (
    select as_of_date
    from {{ ref('int_claims__days') }}
    where framing = 'rolling'
),

-- A sentence of the article is tested on its day and read on every session from then on. Its forecasts are open
-- until their horizon has passed; from then on what came is known on the day.
read_on as (
    select
        tested.claim_id,
        tested.framing,
        tested.as_of_date,
        tested.convention,
        tested.value,
        tested.verdict,
        tested.reason,
        tested.inputs_as_of
    from tested
    where tested.framing = 'rolling'
    union all
    select
        tested.claim_id,
        tested.framing,
        days.as_of_date,
        tested.convention,
        case
            when tested.verdict = 'open' and days.as_of_date >= tested.horizon_end then outcomes.outcome_value
            else tested.value
        end as value,
        case
            when tested.verdict <> 'open' or days.as_of_date < tested.horizon_end then tested.verdict
            when outcomes.result = 'came_true' then 'supported'
            when outcomes.result = 'did_not' then 'not_supported'
            else 'undecidable'
        end as verdict,
        case
            when tested.verdict = 'open' and days.as_of_date >= tested.horizon_end
                then
                    'due ' || cast(tested.horizon_end as string) || ': '
                    || coalesce({{ said('outcomes.outcome_value', 2) }} || ' %', 'no outcome')
            else tested.reason
        end as reason,
        case
            when tested.verdict = 'open' and days.as_of_date >= tested.horizon_end then tested.horizon_end
            else tested.inputs_as_of
        end as inputs_as_of
    from tested
    inner join days on tested.as_of_date <= days.as_of_date
    left join outcomes
        on
            tested.claim_id = outcomes.claim_id
            and tested.framing = outcomes.framing
            and tested.as_of_date = outcomes.as_of_date
            and tested.convention = outcomes.convention
    where tested.framing = 'as_written'
),

with_headline as (
    select
        read_on.*,
        conventions.is_headline,
        conventions.definition,
        conventions.unit,
        conventions.comparator,
        conventions.threshold,
        max(case when conventions.is_headline then read_on.verdict end) over claim_day as headline_verdict
    from read_on
    inner join conventions
        on
            read_on.claim_id = conventions.claim_id
            and read_on.framing = conventions.framing
            and read_on.convention = conventions.convention
    window claim_day as (partition by read_on.claim_id, read_on.framing, read_on.as_of_date)
),

compared as (
    select
        *,
        verdict in ('supported', 'not_supported') and verdict <> headline_verdict as differs_from_headline
    from with_headline
),

final as (
    select
        compared.claim_id,
        compared.framing,
        compared.as_of_date,
        compared.convention,
        compared.is_headline,
        case compared.framing when 'rolling' then sentences.statement_rolling else sentences.statement end as statement,
        compared.definition,
        compared.value,
        compared.unit,
        compared.comparator,
        compared.threshold,
        compared.verdict,
        compared.reason,
        case
            when compared.is_headline
                then max(case when compared.differs_from_headline then 1 else 0 end) over claim_day = 1
            else compared.differs_from_headline
        end as verdict_flips,
        compared.inputs_as_of,
        {{ is_simulated() }} as is_simulated
    from compared
    inner join sentences on compared.claim_id = sentences.claim_id
    window claim_day as (partition by compared.claim_id, compared.framing, compared.as_of_date)
)

select * from final
