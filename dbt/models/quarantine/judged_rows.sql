with facts as (
    select * from {{ ref('int_fundamentals__facts_judged') }}
),

positions as (
    select * from {{ ref('int_fundamentals__positions') }}
),

-- a position that a rule about its company's facts keeps out is the business of that fact
fact_rules as (
    select distinct rule
    from facts
    where rule is not null
),

judged as (
    select
        'company_facts' as table_name,
        payload_seq,
        payload_row,
        knowledge,
        known_on,
        rule,
        reason
    from facts
    where rule is not null
    union all
    select
        'fund_holdings' as table_name,
        positions.payload_seq,
        positions.payload_row,
        positions.knowledge,
        positions.as_of_date as known_on,
        positions.rule,
        positions.reason
    from positions
    left join fact_rules on positions.rule = fact_rules.rule
    where
        positions.rule_family = 'error'
        and fact_rules.rule is null
),

final as (
    select
        table_name,
        payload_seq,
        payload_row,
        rule,
        max(reason) as reason,
        coalesce(bool_or(knowledge = 'as_known'), false) as is_judged_as_known,
        min(known_on) as first_day,
        max(known_on) as last_day,
        count(distinct known_on) as days
    from judged
    where payload_row is not null
    group by
        table_name,
        payload_seq,
        payload_row,
        rule
)

select * from final
