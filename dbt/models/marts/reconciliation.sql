with figures as (
    select * from {{ ref('stg_fundamentals__published_figures') }}
),

topics as (
    select * from {{ ref('int_published__topics') }}
),

fund_flows_daily as (
    select * from {{ ref('fund_flows_daily') }}
),

fund_flows_weekly as (
    select * from {{ ref('fund_flows_weekly') }}
),

rate_expectations as (
    select * from {{ ref('rate_expectations') }}
),

rate_probabilities as (
    select * from {{ ref('rate_probabilities') }}
),

price_levels as (
    select * from {{ ref('price_levels') }}
    where return_basis = 'price'
),

valuation as (
    select * from {{ ref('valuation') }}
),

leverage as (
    select * from {{ ref('leverage') }}
),

index_fundamentals as (
    select * from {{ ref('stg_fundamentals__index_fundamentals') }}
),

asked as (
    select
        figures.topic,
        figures.as_of,
        figures.source,
        figures.published_value,
        figures.unit,
        figures.url,
        coalesce(topics.computation, 'none') as computation,
        topics.subject,
        topics.measure,
        topics.method,
        topics.meeting_date,
        topics.target_lower_bp,
        case topics.base_rule
            when 'fixed_date' then topics.base_date
            when 'week' then {{ add_days('figures.as_of', -7) }}
            when 'prior_year_end' then {{ add_days(start_of_period('figures.as_of', 'year'), -1) }}
        end as base_date,
        topics.tolerance,
        topics.is_tolerance_relative,
        coalesce(topics.explanation, 'no computation is declared for this topic (seed reconciliation_topics)') as note
    from figures
    left join topics on figures.topic = topics.topic
),

-- one branch per computation: value in the unit of the figure, and why there is none

weekly_flows as (
    select
        asked.topic,
        asked.as_of,
        asked.source,
        max(fund_flows_weekly.net_flow_usd) / 1e6 as computed_value,
        max(fund_flows_weekly.null_reason) as null_reason
    from asked
    inner join fund_flows_weekly
        on
            asked.subject = fund_flows_weekly.fund_symbol
            and asked.as_of = fund_flows_weekly.week_ending
    where asked.computation = 'weekly_flow'
    group by
        asked.topic,
        asked.as_of,
        asked.source
),

numbered_flows as (
    select
        asked.topic,
        asked.as_of,
        asked.source,
        asked.computation,
        fund_flows_daily.session_date,
        fund_flows_daily.net_flow_usd,
        fund_flows_daily.ytd_flow_usd,
        fund_flows_daily.null_reason,
        row_number() over (
            partition by asked.topic, asked.as_of, asked.source
            order by fund_flows_daily.session_date desc
        ) as session_from_latest
    from asked
    inner join fund_flows_daily
        on
            asked.subject = fund_flows_daily.fund_symbol
            and asked.as_of >= fund_flows_daily.session_date
            and fund_flows_daily.session_date >= case asked.computation
                when 'month_flow' then {{ start_of_period('asked.as_of', 'month') }}
                else {{ add_days('asked.as_of', -14) }}
            end
    where asked.computation in ('five_session_flow', 'ytd_flow', 'month_flow')
),

daily_flows as (
    select
        topic,
        as_of,
        source,
        case
            when count(net_flow_usd) = count(*)
                then sum(case when computation = 'ytd_flow' then ytd_flow_usd else net_flow_usd end) / 1e6
        end as computed_value,
        max(null_reason) as null_reason
    from numbered_flows
    where
        (computation = 'month_flow')
        or (computation = 'five_session_flow' and session_from_latest <= 5)
        or (computation = 'ytd_flow' and session_from_latest = 1)
    group by
        topic,
        as_of,
        source
),

hike_probabilities as (
    select
        asked.topic,
        asked.as_of,
        asked.source,
        rate_expectations.prob_hike_pct as computed_value,
        rate_expectations.null_reason
    from asked
    inner join rate_expectations
        on
            asked.as_of = rate_expectations.watch_date
            and asked.meeting_date = rate_expectations.meeting_date
            and rate_expectations.day_convention = 'post'
    where asked.computation = 'hike_probability'
),

range_probabilities as (
    select
        asked.topic,
        asked.as_of,
        asked.source,
        rate_probabilities.probability_pct as computed_value,
        cast(null as string) as null_reason
    from asked
    inner join rate_probabilities
        on
            asked.as_of = rate_probabilities.watch_date
            and asked.meeting_date = rate_probabilities.meeting_date
            and asked.target_lower_bp = rate_probabilities.target_lower_bp
            and rate_probabilities.day_convention = 'post'
    where asked.computation = 'range_probability'
),

-- last session on or before the day, within ten days
return_sessions as (
    select
        asked.topic,
        asked.as_of,
        asked.source,
        asked.subject,
        max(case
            when
                price_levels.session_date <= asked.as_of
                and price_levels.session_date > {{ add_days('asked.as_of', -10) }}
                then price_levels.session_date
        end) as end_session_date,
        max(case
            when
                price_levels.session_date <= asked.base_date
                and price_levels.session_date > {{ add_days('asked.base_date', -10) }}
                then price_levels.session_date
        end) as base_session_date
    from asked
    inner join price_levels on asked.subject = price_levels.symbol
    where asked.computation = 'price_return'
    group by
        asked.topic,
        asked.as_of,
        asked.source,
        asked.subject
),

price_returns as (
    select
        return_sessions.topic,
        return_sessions.as_of,
        return_sessions.source,
        100 * (ends.close / nullif(bases.close, 0) - 1) as computed_value,
        cast(null as string) as null_reason
    from return_sessions
    inner join price_levels as ends
        on
            return_sessions.subject = ends.symbol
            and return_sessions.end_session_date = ends.session_date
    inner join price_levels as bases
        on
            return_sessions.subject = bases.symbol
            and return_sessions.base_session_date = bases.session_date
),

valid_valuations as (
    select
        asked.topic,
        asked.as_of,
        asked.source,
        case when asked.computation = 'basket_loss_makers' then valuation.loss_makers_pct else valuation.value end
            as computed_value,
        valuation.null_reason,
        row_number() over (
            partition by asked.topic, asked.as_of, asked.source
            order by valuation.as_of_date desc
        ) as basket_from_latest
    from asked
    inner join valuation
        on
            asked.subject = valuation.basket
            and coalesce(asked.measure, 'pe_ttm') = valuation.measure
            and coalesce(asked.method, 'incl_losses') = valuation.method
            and asked.as_of >= valuation.as_of_date
            and asked.as_of <= valuation.valid_through
    where asked.computation in ('basket_valuation', 'basket_loss_makers')
),

valid_leverages as (
    select
        asked.topic,
        asked.as_of,
        asked.source,
        leverage.aggregate_value as computed_value,
        leverage.null_reason,
        row_number() over (
            partition by asked.topic, asked.as_of, asked.source
            order by leverage.as_of_date desc
        ) as basket_from_latest
    from asked
    inner join leverage
        on
            asked.subject = leverage.basket
            and asked.measure = leverage.measure
            and asked.as_of >= leverage.as_of_date
            and asked.as_of <= leverage.valid_through
    where asked.computation = 'basket_leverage'
),

index_pes as (
    select
        asked.topic,
        asked.as_of,
        asked.source,
        index_fundamentals.pe_ttm as computed_value,
        cast(null as string) as null_reason
    from asked
    inner join index_fundamentals
        on
            asked.subject = index_fundamentals.index_name
            and {{ start_of_period('asked.as_of', 'month') }} = index_fundamentals.month_start
    where asked.computation = 'index_pe'
),

computed as (
    select * from weekly_flows
    union all
    select * from daily_flows
    union all
    select * from hike_probabilities
    union all
    select * from range_probabilities
    union all
    select * from price_returns
    union all
    select
        topic,
        as_of,
        source,
        computed_value,
        null_reason
    from valid_valuations
    where basket_from_latest = 1
    union all
    select
        topic,
        as_of,
        source,
        computed_value,
        null_reason
    from valid_leverages
    where basket_from_latest = 1
    union all
    select * from index_pes
),

compared as (
    select
        asked.topic,
        asked.as_of,
        asked.source,
        asked.published_value,
        computed.computed_value,
        computed.computed_value - asked.published_value as difference,
        asked.unit,
        asked.url,
        asked.tolerance * case when asked.is_tolerance_relative then abs(asked.published_value) else 1 end as tolerance,
        asked.computation,
        asked.subject,
        asked.meeting_date,
        asked.note,
        computed.null_reason
    from asked
    left join computed
        on
            asked.topic = computed.topic
            and asked.as_of = computed.as_of
            and asked.source = computed.source
)

select
    topic,
    as_of,
    source,
    published_value,
    computed_value,
    difference,
    unit,
    url,
    tolerance,
    -- ten billionths of slack: a difference that is the tolerance is within it
    abs(difference) <= tolerance * (1 + 1e-8) as within_tolerance,
    case
        when computed_value is not null then note
        when computation = 'none' then 'not computed. ' || note
        when null_reason is not null then 'not computed: ' || null_reason || '. ' || note
        when computation in ('weekly_flow', 'five_session_flow', 'ytd_flow', 'month_flow')
            then 'not computed: no flows of ' || subject || ' for these days in the warehouse'
        when computation in ('hike_probability', 'range_probability')
            then
                'not computed: no odds for the meeting of ' || cast(meeting_date as string)
                || ' on that day in the warehouse'
        when computation = 'price_return' then 'not computed: no closes of ' || subject || ' around these days'
        when computation = 'index_pe' then 'not computed: no earnings of ' || subject || ' for that month'
        else 'not computed: no holdings of ' || subject || ' of the 400 days before in the warehouse'
    end as explanation,
    {{ is_simulated() }} as is_simulated
from compared
