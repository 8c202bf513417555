{#- A month of CAPE that began longer ago than this is not the CAPE of the day. -#}
{%- set stale_days = 100 -%}
{%- set months_needed = 120 -%}
{%- set sessions_needed = 252 -%}
{%- set calm_pct = 20 -%}

with days as (
    select * from {{ ref('int_claims__days') }}
),

closes as (
    select
        session_date,
        close_price
    from {{ ref('int_prices__closes') }}
    where symbol = '^VIX'
),

vintages as (
    select
        month_start,
        cape,
        cast(available_at_utc as date) as known_on
    from {{ ref('stg_fundamentals__index_fundamental_vintages') }}
    where
        not is_removed
        and cape is not null
        and index_name = 'S&P 500'
),

-- VIX among the sessions before

vix as (
    select
        today.session_date,
        today.close_price as vix_close,
        count(earlier.session_date) as sessions_compared,
        100 * cast(count(case when earlier.close_price < today.close_price then 1 end) as double)
        / nullif(count(earlier.session_date), 0) as vix_percentile
    from closes as today
    left join closes as earlier on today.session_date > earlier.session_date
    group by
        today.session_date,
        today.close_price
),

-- CAPE among the months before it: of every month what the vintages known on the day say last

vintage_days as (
    select distinct known_on
    from vintages
),

known_months as (
    select
        vintage_days.known_on,
        vintages.month_start,
        vintages.cape,
        row_number() over (
            partition by vintage_days.known_on, vintages.month_start
            order by vintages.known_on desc
        ) as vintage_from_latest
    from vintage_days
    inner join vintages on vintage_days.known_on >= vintages.known_on
),

latest_months as (
    select
        known_on,
        max(month_start) as month_start
    from known_months
    group by known_on
),

cape as (
    select
        latest_months.known_on,
        latest_months.month_start,
        this_month.cape,
        count(earlier.month_start) as months_compared,
        100 * cast(count(case when earlier.cape < this_month.cape then 1 end) as double)
        / nullif(count(earlier.month_start), 0) as cape_percentile
    from latest_months
    inner join known_months as this_month
        on
            latest_months.known_on = this_month.known_on
            and latest_months.month_start = this_month.month_start
            and this_month.vintage_from_latest = 1
    left join known_months as earlier
        on
            latest_months.known_on = earlier.known_on
            and latest_months.month_start > earlier.month_start
            and earlier.vintage_from_latest = 1
    group by
        latest_months.known_on,
        latest_months.month_start,
        this_month.cape
),

cape_of_the_day as (
    select
        days.framing,
        days.as_of_date,
        cape.*,
        row_number() over (
            partition by days.framing, days.as_of_date
            order by cape.known_on desc
        ) as vintage_from_latest
    from days
    inner join cape on days.as_of_date >= cape.known_on
),

both_of_the_day as (
    select
        days.framing,
        days.as_of_date,
        vix.vix_close,
        vix.vix_percentile,
        case
            when vix.session_date is null then 'no close of ^VIX'
            when vix.sessions_compared < {{ sessions_needed }} then 'less than a year of ^VIX before the day'
        end as vix_missing,
        cape_of_the_day.cape,
        cape_of_the_day.cape_percentile,
        cape_of_the_day.month_start,
        cape_of_the_day.known_on as cape_known_on,
        case
            when cape_of_the_day.known_on is null then 'no vintage of CAPE was known on the day'
            when {{ days_between('cape_of_the_day.month_start', 'days.as_of_date') }} > {{ stale_days }}
                then
                    'the last CAPE known, of ' || cast(cape_of_the_day.month_start as string)
                    || ', is too old: percentile then ' || {{ said('cape_of_the_day.cape_percentile', 1) }}
            when cape_of_the_day.months_compared < {{ months_needed }} then 'less than ten years of CAPE'
        end as cape_missing
    from days
    left join vix on days.as_of_date = vix.session_date
    left join cape_of_the_day
        on
            days.framing = cape_of_the_day.framing
            and days.as_of_date = cape_of_the_day.as_of_date
            and cape_of_the_day.vintage_from_latest = 1
),

final as (
    select
        12 as claim_id,
        framing,
        as_of_date,
        'cape_and_vix' as convention,
        cape_percentile as value,
        vix_percentile <= {{ calm_pct }} as is_also_true,
        coalesce(
            cape_missing || coalesce(
                '; VIX ' || {{ said('vix_close', 2) }} || ', percentile '
                || {{ said('vix_percentile', 1) }},
                ''
            ),
            vix_missing
        ) as missing_reason,
        'CAPE ' || {{ said('cape', 1) }} || ' of ' || cast(month_start as string) || '; VIX '
        || {{ said('vix_close', 2) }} || ', percentile ' || {{ said('vix_percentile', 1) }}
            as reason,
        as_of_date as inputs_as_of
    from both_of_the_day
    union all
    select
        12 as claim_id,
        framing,
        as_of_date,
        'cape' as convention,
        cape_percentile as value,
        true as is_also_true,
        cape_missing as missing_reason,
        'CAPE ' || {{ said('cape', 1) }} || ' of ' || cast(month_start as string) as reason,
        cape_known_on as inputs_as_of
    from both_of_the_day
    union all
    select
        12 as claim_id,
        framing,
        as_of_date,
        'vix' as convention,
        vix_percentile as value,
        true as is_also_true,
        vix_missing as missing_reason,
        'VIX closes at ' || {{ said('vix_close', 2) }} as reason,
        as_of_date as inputs_as_of
    from both_of_the_day
)

select * from final
