"""How fresh the data of a day are, and what the checks of the build say.

Belongs here: the last day of every domain as it was known on the day; counts and findings of checks; known faults and
missing days; published figures beside computed ones.
Does not belong here: judging (the contracts and dbt tests do), charts (`figures_quality`).

Checks, findings and reconciliation speak of the build and not of the day: they stand apart, and those that would tell
of later data stand only on the page of the last session.
"""

from dataclasses import dataclass
from datetime import date

from dagster_project.brief.model import Record, Table
from dagster_project.charts.words import HELD, number, spoken
from dagster_project.dashboard.ask import Day

CHECKS_SHOWN = 20
LIMIT_SESSIONS = {"prices": 0, "flows": 1, "rates": 1}
"""Sessions a domain may lie behind and be fresh: share counts are known on the next one, settlements may come late."""


@dataclass(frozen=True)
class Freshness:
    """A domain on a day."""

    domain: str
    through: date | None
    sessions_behind: int | None
    status: str
    reason: str
    """What to set where it is not configured."""


@dataclass(frozen=True)
class Checks:
    """The checks of the build."""

    passed: int
    failed: int
    blocking_failed: int
    findings: Table | None


def read_freshness(day: Day) -> tuple[Freshness, ...]:
    """The last day of every domain that was known on the day."""
    answer = day.ask(
        """
        with domains as (
            select 1 as position, 'prices' as domain, max(session_date) as through, null::date as valid_through
            from marts.relative_performance
            where pair_id = {pair} and session_date <= {day}
            union all
            select 2, 'flows', max(session_date), null from marts.fund_flows_daily where session_date < {day}
            union all
            select 3, 'rates', max(watch_date), null from marts.rate_expectations where watch_date <= {day}
            union all
            select 4, 'fundamentals', max(as_of_date), max(valid_through)
            from marts.relative_valuation
            where cast(available_at_utc as date) <= {day}
        ),

        -- What services did not give shows in the domain as a whole only on the last day.
        of_services as (
            select told.domain, told.status, told.reason
            from meta.freshness as told
            cross join meta.build
            where build.source_mode = 'live' and build.data_through = {day}
                and told.status in ('stale', 'refused', 'not configured')
        )

        select
            domains.domain, domains.through, domains.valid_through, count(calendar.session_date) as behind,
            max(of_services.status) as of_services, max(of_services.reason) as reason
        from domains
        left join of_services on domains.domain = of_services.domain
        left join marts.dim_calendar as calendar
            on domains.through < calendar.session_date and calendar.session_date <= {day}
        group by domains.position, domains.domain, domains.through, domains.valid_through
        order by domains.position
        """
    )
    return tuple(
        Freshness(
            row["domain"],
            row["through"],
            None if row["through"] is None else row["behind"],
            _status(row, day.day),
            row["reason"] or "",
        )
        for row in answer.rows
    )


def _status(row: Record, day: date) -> str:
    if row["through"] is None and not row["reason"]:
        return "missing"
    if row["of_services"] is not None:
        return str(row["of_services"])
    if row["domain"] == "fundamentals":
        return "valid" if row["valid_through"] >= day else "expired"
    return "fresh" if row["behind"] <= LIMIT_SESSIONS[row["domain"]] else "stale"


def freshness_table(rows: tuple[Freshness, ...], day: date) -> Table:
    """The domains of the day."""
    return Table(
        f"Freshness on {day}",
        ("domain", "data through", "sessions behind", "status"),
        tuple(
            (row.domain, str(row.through or number(None)), number(row.sessions_behind, 0), row.reason or row.status)
            for row in rows
        ),
        "Flows of a session are known on the next one. Baskets of fundamentals are valid for 400 days.",
        align="lrrl",
    )


def read_checks(day: Day) -> Checks:
    """Counts of the checks of the build, and the first of those that failed."""
    counts = day.ask(
        """
        select count(*) filter (where passed) as passed, count(*) filter (where not passed) as failed,
            count(*) filter (where not passed and is_blocking) as blocking_failed
        from meta.checks
        """
    ).rows[0]
    failed = day.ask(
        """
        select check_id, asset, severity, failed_rows, message
        from meta.checks
        where not passed
        order by severity, failed_rows desc, check_id
        """
    ).rows
    findings = Table(
        "Checks that failed",
        ("check", "table", "severity", "rows", "first finding"),
        tuple(
            (spoken(row["check_id"]), row["asset"], row["severity"],
             number(row["failed_rows"], 0), row["message"] or number(None))
            for row in failed[:CHECKS_SHOWN]
        ),
        f"{len(failed) - CHECKS_SHOWN} more: select * from meta.checks where not passed"
        if len(failed) > CHECKS_SHOWN
        else "Rows that a contract check names stand in quarantine and in no figure.",
        align="lllrl",
    )  # fmt: skip
    return Checks(counts["passed"], counts["failed"], counts["blocking_failed"], findings if failed else None)


def read_open_findings(day: Day) -> Table | None:
    """Findings of the market checks that nobody has looked at, blocking ones first."""
    rows = day.ask(
        """
        select severity, check_id, day, sentence, count(*) over () as findings
        from marts.data_quality_findings
        where not is_known
        order by severity, day desc, check_id, series
        limit {shown}
        """,
        shown=CHECKS_SHOWN,
    ).rows
    if not rows:
        return None
    more = rows[0]["findings"] - len(rows)
    return Table(
        "Open findings",
        ("severity", "check", "finding"),
        tuple((row["severity"], spoken(row["check_id"]), row["sentence"]) for row in rows),
        (f"{more} more: select * from marts.data_quality_findings where not is_known. " if more else "")
        + "What was looked up is listed with its reason in seed known_faults.",
        align="lll",
    )


def read_known_faults(day: Day) -> Table | None:
    """The faults and events that findings of this build are listed under, with their reasons."""
    rows = day.ask(
        """
        select fault_id, known_kind, check_id, severity, known_reason, count(*) as findings, min(day) as first_day,
            max(day) as last_day, min(series) as first_series, count(distinct series) as series
        from marts.data_quality_findings
        where is_known
        group by fault_id, known_kind, check_id, severity, known_reason
        order by known_kind <> 'fault', check_id, first_day, fault_id
        """
    ).rows
    if not rows:
        return None
    return Table(
        "",
        ("fault", "kind", "check", "series", "days", "findings", "reason"),
        tuple(
            (spoken(row["fault_id"]), row["known_kind"],
             spoken(row["check_id"]) + (" (blocks)" if row["severity"] == "error" else ""),
             row["first_series"] if row["series"] == 1 else f"{row['series']} series",
             str(row["first_day"]) if row["findings"] == 1 else f"{row['first_day']} to {row['last_day']}",
             number(row["findings"], 0), row["known_reason"])
            for row in rows
        ),
        "A fault stands for as many findings as were looked up: one more on the same days is open.",
        align="llllrrl",
    )  # fmt: skip


def read_missing_days(day: Day) -> Table | None:
    """Series that lack days they should have, those that lack most first."""
    rows = day.ask(
        """
        select table_name, series, sum(days_due)::bigint as days_due, sum(days_missing)::bigint as days_missing,
            string_agg(
                calendar_year || case when days_missing = days_due then ' (all)' else ' (' || days_missing || ')' end,
                ', ' order by calendar_year
            ) filter (where days_missing > 0) as years
        from marts.data_quality_coverage
        where days_due is not null
        group by table_name, series
        having sum(days_missing) > 0
        order by sum(days_missing) desc, table_name, series
        """
    ).rows
    if not rows:
        return None
    return Table(
        "Days missing",
        ("series", "table", "missing", "due", "years"),
        tuple(
            (spoken(row["series"]), spoken(row["table_name"]), number(row["days_missing"], 0),
             number(row["days_due"], 0), row["years"])
            for row in rows[:CHECKS_SHOWN]
        ),
        f"{len(rows) - CHECKS_SHOWN} more: marts.data_quality_coverage" if len(rows) > CHECKS_SHOWN else "",
        align="llrrl",
    )  # fmt: skip


def read_reconciliation(day: Day) -> tuple[str, Table | None]:
    """Published figures beside computed ones: a sentence, and those outside tolerance or without computation."""
    rows = day.ask("select * from marts.reconciliation where as_of <= {day} order by as_of, topic, source").rows
    if not rows:
        return "", None
    decided = [row for row in rows if row["within_tolerance"] is not None]
    within = sum(row["within_tolerance"] for row in decided)
    told = (
        f"Of {len(rows)} published figures {len(decided)} can be computed here; {within} of them agree within their "
        "tolerance."
    )
    shown = [row for row in decided if not row["within_tolerance"]]
    if not shown:
        return told, None
    table = Table(
        "Figures outside their tolerance",
        ("figure", "day", "published", "computed", "unit", "why"),
        tuple(
            (row["topic"].replace("_", " "), str(row["as_of"]), number(row["published_value"]),
             number(row["computed_value"]), row["unit"].replace("usd_m", f"m{HELD}USD"), row["explanation"])
            for row in shown
        ),
        align="lrrrll",
    )  # fmt: skip
    return told, table
