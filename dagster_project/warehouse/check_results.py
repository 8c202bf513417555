"""Results of checks as the warehouse keeps them, and the audit before a build is published.

Belongs here: writing results, what the rows behind a failure say, asking whether a build may be published, and the
override with which a person publishes despite a failure.
Does not belong here: running checks (`checks`, dbt).
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagster_project.checks.blocked import override_command, where_rows_are
from dagster_project.checks.results import CheckResult
from dagster_project.errors import AuditError, SmallcapError
from dagster_project.warehouse.archive import utc_now

if TYPE_CHECKING:
    import duckdb

LATEST_RESULTS = """
    select * from ops.check_results
    qualify row_number() over (partition by check_id order by evaluated_at_utc desc) = 1
"""
"""One row per check: its last evaluation, whichever run made it."""

HISTORY_BUILDS = 30
"""Builds whose results are kept, failed ones included: six weeks of trading days."""

FAILING_ROWS_SHOWN = 5


@dataclass(frozen=True)
class Override:
    """Checks that a person publishes despite of, and why."""

    check_ids: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Overridden:
    """A failed blocking check that the build was published despite of."""

    check_id: str
    failed_rows: int
    message: str
    reason: str

    @property
    def text(self) -> str:
        return f"{self.check_id} failed on {self.failed_rows} rows and was overridden: {self.reason}"


def record_check_results(
    connection: "duckdb.DuckDBPyConnection", build_id: str, results: Iterable[CheckResult]
) -> None:
    """Append results under a build."""
    now = utc_now()
    rows = [
        [build_id, r.check_id, r.asset, r.family, r.severity, r.is_blocking, r.passed, r.failed_rows, r.message, now]
        for r in results
    ]
    if rows:
        connection.executemany("insert into ops.check_results values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def prune_check_results(connection: "duckdb.DuckDBPyConnection") -> None:
    """Forget results of builds before the last `HISTORY_BUILDS`; the last one of a check always stays."""
    connection.execute(
        f"""
        delete from ops.check_results where build_id not in (
            select build_id from ops.check_results group by build_id order by max(evaluated_at_utc) desc, build_id desc
            limit {HISTORY_BUILDS})
        and (check_id, evaluated_at_utc) not in (select (check_id, evaluated_at_utc) from ({LATEST_RESULTS}))
        """
    )


def failing_rows(connection: "duckdb.DuckDBPyConnection", sql: str, failures: int) -> tuple[str, str]:
    """What the rows of a failed test say: the first one in words, and some as a Markdown table.

    Args:
        sql: the compiled query of the test, which gives one row per failure.
    """
    query = sql.strip().rstrip(";")
    cursor = connection.execute(f"select * from (\n{query}\n) limit {FAILING_ROWS_SHOWN}")
    names = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    if not rows:
        return "", ""
    more = f" ({failures} in all)" if failures > 1 else ""
    words = str(rows[0].get("sentence") or ", ".join(f"{name} {_shown(value)}" for name, value in rows[0].items()))
    table = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    table += ["| " + " | ".join(_shown(value).replace("|", "\\|") for value in row.values()) + " |" for row in rows]
    return words + more, "\n".join(table)


def check_override(override: Override, blocking_ids: Sequence[str]) -> None:
    """Say early that an override cannot be meant.

    Raises:
        SmallcapError: it gives no reason, or names what is no blocking check.
    """
    if override.check_ids and not override.reason.strip():
        raise SmallcapError("An override needs a reason: give --reason with what you looked at and why it is right.")
    if override.reason.strip() and not override.check_ids:
        raise SmallcapError("--reason goes with --publish-despite CHECK_ID.")
    for check_id in override.check_ids:
        if check_id not in blocking_ids:
            near = difflib.get_close_matches(check_id, blocking_ids, n=3, cutoff=0.5)
            raise SmallcapError(
                f"{check_id} is no check that blocks"
                + (f"; did you mean {' or '.join(near)}?" if near else ".")
                + " `smallcap query \"from meta.checks where severity = 'error'\"` names them."
            )


def audit(
    connection: "duckdb.DuckDBPyConnection", check_ids: Iterable[str], override: Override | None = None
) -> list[Overridden]:
    """Let a build pass only when every blocking check has run on what is there now, and none failed.

    Args:
        check_ids: checks that must have a result; a check that vanished is not a passed one.

    Returns:
        The failures that `override` lets through.

    Raises:
        AuditError: names the checks that failed, never ran, or ran before the last delivery came in.
    """
    expected = set(check_ids)
    latest = {row[0]: (CheckResult(*row[:-1]), row[-1]) for row in connection.execute(
        f"""
        select check_id, asset, family, severity, is_blocking, passed, failed_rows, message,
            family <> 'contract' and evaluated_at_utc < (select max(observed_at) from ops.payload_log)
        from ({LATEST_RESULTS})
        """
    ).fetchall() if row[0] in expected}  # fmt: skip
    failed = [latest[check_id][0] for check_id in sorted(latest) if latest[check_id][0].blocks]
    chosen = override or Override()
    stopping = [check for check in failed if check.check_id not in chosen.check_ids]
    # A failure is named first: what depends on it has not run either.
    for words, found in (
        ("have not run", set() if stopping else expected - set(latest)),
        ("ran before the last delivery came in", {check for check, (_, is_older) in latest.items() if is_older}),
    ):
        if found:
            raise AuditError(
                f"{len(found)} checks {words}, for example {min(found)}. Nothing was published. Run `smallcap build`."
            )
    if stopping:
        [(source,)] = connection.execute("select source_mode from raw.warehouse_mode").fetchall()
        told = "; ".join(
            f"{check.check_id} ({check.failed_rows} rows{': ' + check.message if check.message else ''})"
            for check in stopping[:5]
        )
        raise AuditError(
            f"{len(stopping)} blocking checks failed: {told.rstrip('.')}. Nothing was published.\n"
            f"Rows: {where_rows_are(stopping[0], source)}\n"
            "The published build stays. Mend the data or the model and run `smallcap build` again, or publish with a "
            f"reason: {override_command([check.check_id for check in stopping], source)}"
        )
    return [Overridden(check.check_id, check.failed_rows, check.message, chosen.reason) for check in failed]


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
