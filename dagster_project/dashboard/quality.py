"""How fresh the data of a day are, and what the checks of the build say.

Belongs here: the last day of every domain as it was known on the day; counts and findings of checks; published figures
beside computed ones.
Does not belong here: judging (the contracts and dbt tests do).

Checks, deliveries and reconciliation speak of the build and not of the day: they stand apart, and those that would tell
of later data stand only on the page of the last session.
"""

from dataclasses import dataclass
from datetime import date

from dagster_project.brief.model import Record, Table
from dagster_project.charts.words import HELD, number
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
        )

        select domains.domain, domains.through, domains.valid_through, count(calendar.session_date) as behind
        from domains
        left join marts.dim_calendar as calendar
            on domains.through < calendar.session_date and calendar.session_date <= {day}
        group by domains.position, domains.domain, domains.through, domains.valid_through
        order by domains.position
        """
    )
    return tuple(
        Freshness(
            row["domain"], row["through"], None if row["through"] is None else row["behind"], _status(row, day.day)
        )
        for row in answer.rows
    )


def _status(row: Record, day: date) -> str:
    if row["through"] is None:
        return "missing"
    if row["domain"] == "fundamentals":
        return "valid" if row["valid_through"] >= day else "expired"
    return "fresh" if row["behind"] <= LIMIT_SESSIONS[row["domain"]] else "stale"


def freshness_table(rows: tuple[Freshness, ...], day: date) -> Table:
    """The domains of the day."""
    return Table(
        f"Freshness on {day}",
        ("domain", "data through", "sessions behind", "status"),
        tuple(
            (row.domain, str(row.through or number(None)), number(row.sessions_behind, 0), row.status) for row in rows
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
            (row["check_id"].replace("__", ": ").replace("_", " "), row["asset"], row["severity"],
             number(row["failed_rows"], 0), row["message"] or number(None))
            for row in failed[:CHECKS_SHOWN]
        ),
        f"{len(failed) - CHECKS_SHOWN} more: select * from meta.checks where not passed"
        if len(failed) > CHECKS_SHOWN
        else "Rows that a contract check names stand in quarantine and in no figure.",
        align="lllrl",
    )  # fmt: skip
    return Checks(counts["passed"], counts["failed"], counts["blocking_failed"], findings if failed else None)


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
