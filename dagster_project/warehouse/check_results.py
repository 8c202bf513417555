"""Results of checks as the warehouse keeps them, and the audit before a build is published.

Belongs here: writing results, and asking whether a build may be published.
Does not belong here: running checks (`checks`, dbt).
"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

from dagster_project.checks.results import CheckResult
from dagster_project.errors import AuditError
from dagster_project.warehouse.archive import utc_now

if TYPE_CHECKING:
    import duckdb

LATEST_RESULTS = """
    select * from ops.check_results
    qualify row_number() over (partition by check_id order by evaluated_at_utc desc) = 1
"""
"""One row per check: its last evaluation, whichever run made it."""


def record_check_results(
    connection: "duckdb.DuckDBPyConnection", build_id: str, results: Iterable[CheckResult]
) -> None:
    """Append results under a build."""
    now = utc_now()
    rows = [[build_id, *asdict(result).values(), now] for result in results]
    if rows:
        connection.executemany("insert into ops.check_results values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def audit(connection: "duckdb.DuckDBPyConnection", check_ids: Iterable[str]) -> None:
    """Let a build pass only when every blocking check has run and none failed.

    Args:
        check_ids: checks that must have a result; a check that vanished is not a passed one.

    Raises:
        AuditError: names the checks that failed or never ran.
    """
    latest = {row[0]: row[1:] for row in connection.execute(
        f"select check_id, is_blocking, severity, passed, failed_rows, message from ({LATEST_RESULTS})"
    ).fetchall()}  # fmt: skip
    missing = sorted(set(check_ids) - set(latest))
    if missing:
        raise AuditError(
            f"{len(missing)} checks have not run, for example {missing[0]}. Nothing was published. "
            "Run `smallcap build`."
        )
    failed = sorted(
        f"{check_id} ({rows} rows{': ' + message if message else ''})"
        for check_id, (is_blocking, severity, passed, rows, message) in latest.items()
        if is_blocking and severity == "error" and not passed
    )
    if failed:
        raise AuditError(
            f"{len(failed)} blocking checks failed: {'; '.join(failed[:5])}. Nothing was published; the published "
            "build stays. Mend the data or the model and run `smallcap build` again."
        )
