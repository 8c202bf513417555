-- Whether the data are up to date, in words.

create view v_freshness as
select
    freshness.domain,
    freshness.status,
    freshness.data_through,
    freshness.expected_through,
    freshness.stale_sessions,
    case freshness.status
        when 'simulated' then 'made by the simulation'
        when 'missing' then 'no data'
        when 'irregular' then 'no cadence to be late against'
        when 'refused' then 'a delivery broke its contract; the last good rows stay'
        when 'not configured' then freshness.reason
        when 'stale' then case
            when freshness.stale_sessions > 0 then 'late by ' || cast(freshness.stale_sessions as varchar) || ' sessions'
            else 'not all of it could be brought up to date'
        end
        else 'up to date'
    end as says,
    build.source_mode,
    build.built_at_utc,
    freshness.is_simulated
from meta.freshness as freshness
cross join meta.build as build
order by freshness.domain;

comment on view v_freshness is
    'How fresh each domain of raw data was when the build was published: one row per domain.';
comment on column v_freshness.says is 'The status in words.';
