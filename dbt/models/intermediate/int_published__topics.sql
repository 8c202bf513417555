with topics as (
    select * from {{ ref('reconciliation_topics') }}
),

figures as (
    select * from {{ ref('stg_fundamentals__published_figures') }}
),

rules as (
    select
        *,
        replace(topic, '<fund>', '') as ending
    from topics
    where topic like '<fund>%'
),

told as (
    select distinct topic
    from figures
    where topic not in (select topics.topic from topics)
),

of_funds as (
    select
        told.topic,
        rules.computation,
        upper(left(told.topic, length(told.topic) - length(rules.ending))) as subject,
        rules.measure,
        rules.method,
        rules.meeting_date,
        rules.target_lower_bp,
        rules.base_rule,
        rules.base_date,
        rules.tolerance,
        rules.is_tolerance_relative,
        rules.explanation,
        rules.source
    from told
    inner join rules
        on
            right(told.topic, length(rules.ending)) = rules.ending
            and length(told.topic) > length(rules.ending)
),

final as (
    select
        topic,
        computation,
        subject,
        measure,
        method,
        meeting_date,
        target_lower_bp,
        base_rule,
        base_date,
        tolerance,
        is_tolerance_relative,
        explanation,
        source
    from topics
    where topic not like '<fund>%'
    union all
    select * from of_funds
)

select * from final
