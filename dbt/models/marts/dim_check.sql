with checks as (
    select * from {{ ref('market_checks') }}
),

thresholds as (
    select
        *,
        replace(parameter, '_', ' ') || ' '
        || case when value = round(value) then {{ said('value', 0) }} else {{ number_text('value') }} end as limit_text
    from {{ ref('check_thresholds') }}
),

limits as (
    select
        check_id,
        {{ joined_text('limit_text', 'parameter', "'; '") }} as limits_text,
        max(set_on) as limits_set_on
    from thresholds
    group by check_id
),

final as (
    select
        checks.check_id,
        checks.family,
        checks.table_name,
        checks.severity,
        checks.title,
        checks.what_it_catches,
        checks.what_to_do,
        checks.unit,
        limits.limits_text,
        limits.limits_set_on,
        {{ is_simulated() }} as is_simulated
    from checks
    left join limits
        on checks.check_id = limits.check_id
)

select * from final
