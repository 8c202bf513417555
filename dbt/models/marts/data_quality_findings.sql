with checks as (
    select * from {{ ref('market_checks') }}
),

known_faults as (
    select * from {{ ref('known_faults') }}
),

findings as (
    select * from {{ ref('quality__bars') }}
    union all
    select * from {{ ref('quality__fund_files') }}
    union all
    select * from {{ ref('quality__futures') }}
    union all
    select * from {{ ref('quality__rates') }}
    union all
    select * from {{ ref('quality__fundamentals') }}
    union all
    select * from {{ ref('quality__references') }}
    union all
    select * from {{ ref('quality__sources') }}
    union all
    select * from {{ ref('quality__marts') }}
),

-- What is listed of real data never excuses simulated data, nor the other way round. Of several the narrowest counts.
matches as (
    select
        findings.check_id,
        findings.series,
        findings.day,
        known_faults.fault_id,
        known_faults.kind,
        known_faults.reason,
        known_faults.findings as findings_allowed,
        row_number() over (
            partition by findings.check_id, findings.series, findings.day
            order by
                case when known_faults.series = '*' then 1 else 0 end,
                {{ days_between('known_faults.first_day', 'known_faults.last_day') }},
                known_faults.fault_id
        ) as match_number
    from findings
    inner join known_faults
        on
            findings.check_id = known_faults.check_id
            and (findings.series = known_faults.series or known_faults.series = '*')
            and findings.day between known_faults.first_day and known_faults.last_day
    where known_faults.is_simulated = {{ is_simulated() }}
),

explained as (
    select * from matches
    where match_number = 1
),

-- A listed fault stands for as many findings as were reviewed, the first ones: one more in its days is a new fault.
counted as (
    select
        findings.*,
        explained.fault_id,
        explained.kind,
        explained.reason,
        explained.findings_allowed,
        row_number() over (
            partition by explained.fault_id
            order by findings.known_on, findings.day, findings.series
        ) as finding_of_fault
    from findings
    left join explained
        on
            findings.check_id = explained.check_id
            and findings.series = explained.series
            and findings.day = explained.day
),

judged as (
    select
        *,
        coalesce(fault_id is not null and finding_of_fault <= findings_allowed, false) as is_known
    from counted
),

final as (
    select
        judged.check_id,
        judged.series,
        judged.day,
        checks.family,
        checks.table_name,
        judged.known_on,
        cast(judged.value as double) as value,
        cast(judged.threshold as double) as threshold,
        checks.unit,
        judged.series || ', ' || cast(judged.day as string) || ': ' || judged.finding || '. '
        || checks.what_to_do || '.' as sentence,
        checks.severity,
        judged.is_known,
        case when judged.is_known then judged.fault_id end as fault_id,
        case when judged.is_known then judged.kind end as known_kind,
        case when judged.is_known then judged.reason end as known_reason,
        {{ is_simulated() }} as is_simulated
    from judged
    left join checks
        on judged.check_id = checks.check_id
)

select * from final
