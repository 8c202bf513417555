"""Results of the checks that a contract declares, read from what ingestion wrote down.

Belongs here: one result per name in `Contract.checks`. A row rule fails when rows of the payloads in
force broke it; those rows are in quarantine, so a failure warns. A refused payload is an error that
leaves the last good rows: it does not block the other domains.
"""

from typing import TYPE_CHECKING

from dagster_project.checks.results import CheckResult
from dagster_project.contracts.model import BATCH_RULES, Contract
from dagster_project.warehouse.check_results import failing_rows
from dagster_project.warehouse.quarantine import open_rows_sql

if TYPE_CHECKING:
    import duckdb


def contract_check_results(
    connection: "duckdb.DuckDBPyConnection", contract: Contract, problems: list[str], cut_off: list[str]
) -> list[CheckResult]:
    """Evaluate every check of one table.

    Args:
        problems: payloads on offer now that could not be used, in words.
        cut_off: those of them that were refused for the rows they lost.
    """
    [(rows,)] = connection.execute(f"select count(*) from raw.{contract.table} where not is_removed").fetchall()
    broken = {
        rule: (count, f"{name} line {line}: {reason}")
        for rule, count, name, line, reason in connection.execute(
            f"""
            select rule, count(distinct (payload_seq, line)), arg_min(name, (payload_seq, line)), min(line),
                arg_min(reason, (payload_seq, line))
            from ({open_rows_sql(contract.table)}) group by rule
            """,
        ).fetchall()
    }
    results = []
    for name in contract.checks:
        if name == "has_rows":
            results.append(_result(contract, name, "warn", int(rows == 0), f"raw.{contract.table} has no rows"))
        elif name in BATCH_RULES:
            found = [p for p in problems if (p in cut_off) == (name == "removals_explained")]
            results.append(_result(contract, name, "error", len(found), "; ".join(found)))
        else:
            count, message = broken.get(name, (0, ""))
            shown = _failing_rows(connection, contract, name, count) if count else ""
            results.append(_result(contract, name, "warn", count, message, shown))
    return results


def _failing_rows(connection: "duckdb.DuckDBPyConnection", contract: Contract, rule: str, count: int) -> str:
    sql = f"""
        select name as file, line, column_name, value, reason, row_json as row_as_read
        from ({open_rows_sql(contract.table)}) where rule = '{rule}' order by payload_seq, line
    """
    return failing_rows(connection, sql, count)[1]


def _result(contract: Contract, name: str, severity: str, failed: int, message: str, rows: str = "") -> CheckResult:
    return CheckResult(
        check_id=f"{contract.table}__{name}",
        asset=f"raw/{contract.table}",
        family="contract",
        severity="error" if severity == "error" else "warn",
        is_blocking=False,
        passed=failed == 0,
        failed_rows=failed,
        message=message if failed else "",
        rows=rows,
    )
