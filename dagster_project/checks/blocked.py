"""What a build says that its checks stopped: what failed, where the rows are, what to do. Three lines.

Belongs here: the words. Does not belong here: deciding whether a build is stopped (`warehouse.check_results.audit`).
"""

from collections.abc import Sequence

from dagster_project.checks.results import CheckResult

OTHERS_NAMED = 4


def blocked_message(failed: Sequence[CheckResult], source: str, sql_file: str = "", skipped: int = 0) -> str:
    """Three lines about the blocking checks that failed.

    Args:
        failed: at least one; the first market check among them is told of, because its rows say what to do.
        source: source mode of the warehouse, sample or files.
        sql_file: compiled query of the first check where it is no market check.
        skipped: models and checks that did not run because of them.
    """
    first = next((check for check in failed if check.family == "market"), failed[0])
    others = [f"{check.check_id} ({check.failed_rows} rows)" for check in failed if check is not first]
    more = f", and {len(others) - OTHERS_NAMED} more" if len(others) > OTHERS_NAMED else ""
    also = f" Also failed: {', '.join(others[:OTHERS_NAMED])}{more}." if others else ""
    left_out = f" {skipped} models and checks that depend on them did not run." if skipped else ""
    what = f"blocking check {first.check_id} failed on {first.failed_rows} rows: {first.message or first.asset}"
    names = [check.check_id for check in failed]
    return "\n".join(
        (
            f"{what.rstrip('.')}.{also}{left_out}",
            f"Rows: {where_rows_are(first, source, sql_file)}",
            "Nothing was published; the published build stays. Mend the input and run `smallcap build` again"
            + ("." if skipped else f", or publish with a reason: {override_command(names, source)}"),
        )
    )


def where_rows_are(check: CheckResult, source: str, sql_file: str = "") -> str:
    """A command that shows the failing rows in the working file."""
    if check.family == "market":
        sql = f"from marts.data_quality_findings where check_id = '{check.check_id}' and not is_known"
        return f'smallcap query --warehouse {source} "{sql}"'
    if sql_file:
        return f"smallcap query --warehouse {source} - < {sql_file}"
    return "`smallcap build` names them"


def override_command(check_ids: Sequence[str], source: str) -> str:
    """The command that publishes despite these checks."""
    despite = " ".join(f"--publish-despite {check_id}" for check_id in check_ids)
    return f'smallcap build --source {source} {despite} --reason "..."'
