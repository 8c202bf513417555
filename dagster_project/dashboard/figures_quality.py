"""Questions behind the charts of data quality.

Belongs here: coverage, revisions, quarantine, findings and the history of checks, of the build.
Does not belong here: what the charts look like (`charts`), the tables beside them (`quality`).

They speak of the build and not of a day: what was missing or wrong is known only when all of it has been read.
"""

from dagster_project.charts import check_history, data_coverage, data_findings, quarantined, revisions
from dagster_project.dashboard.ask import Day, Figure

BUILDS_SHOWN = 15


def draw_data_coverage(day: Day) -> Figure:
    """Days held of the days due, by series and year; of a table the longest series first."""
    years = day.ask(
        """
        select table_name, series, calendar_year, days_held, days_due, days_missing
        from marts.data_quality_coverage
        order by table_name, sum(days_held) over (partition by table_name, series) desc, series, calendar_year
        """
    )
    return data_coverage.chart(years.rows), years


def draw_revisions(day: Day) -> Figure:
    """Rows and revisions by table."""
    tables = day.ask(
        """
        select table_name, sum(rows_told)::bigint as rows_told, sum(revisions)::bigint as revisions,
            sum(removals)::bigint as removals
        from marts.data_quality_coverage
        group by table_name
        order by sum(revisions) / sum(rows_told) desc, sum(rows_told) desc
        """
    )
    return revisions.chart(tables.rows), tables


def draw_quarantined(day: Day) -> Figure:
    """Rows kept out, by table and rule."""
    rules = day.ask(
        """
        select table_name, rule, judged_by, open_rows, first_row
        from meta.quarantine
        order by table_name, open_rows desc, rule
        """
    )
    return quarantined.chart(rules.rows), rules


def draw_data_findings(day: Day) -> Figure:
    """Findings by check and year."""
    found = day.ask(
        """
        select check_id, severity, is_known, known_kind, year(day)::integer as calendar_year, count(*) as findings
        from marts.data_quality_findings
        group by all
        order by severity, check_id, calendar_year, is_known desc, known_kind
        """
    )
    [counted] = day.ask("select count(*) as checks from marts.dim_check").rows
    return data_findings.chart(found.rows, counted["checks"]), found


def draw_check_history(day: Day) -> Figure:
    """Results of the last builds, check by check where one ever failed."""
    builds = day.ask(
        """
        with last_builds as (
            select build_id from meta.check_history group by build_id order by build_id desc limit {builds}
        )

        select build_id, count(*) as checks, count(*) filter (where not has_failed) as never_failed
        from (
            select build_id, bool_or(not passed) over (partition by check_id) as has_failed
            from meta.check_history
            inner join last_builds using (build_id)
        )
        group by build_id
        order by build_id
        """,
        builds=BUILDS_SHOWN,
    )
    failures = day.ask(
        """
        with last_builds as (
            select build_id from meta.check_history group by build_id order by build_id desc limit {builds}
        )

        select build_id, check_id, is_blocking, passed, failed_rows
        from meta.check_history
        inner join last_builds using (build_id)
        qualify bool_or(not passed) over (partition by check_id)
        order by bool_or(not passed and is_blocking) over (partition by check_id) desc, check_id, build_id
        """,
        builds=BUILDS_SHOWN,
    )
    return check_history.chart(builds.rows, failures.rows), failures if failures.rows else builds
