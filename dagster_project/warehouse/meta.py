"""Schema `meta`: what a reader must know about the build that the marts belong to.

Belongs here: the four tables build, freshness, checks, catalogue, written just before publishing.
Does not belong here: the checks themselves, and freshness as a function (`checks.freshness`).
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from dagster_project.checks.freshness import Freshness, domain_freshness
from dagster_project.contracts.model import CONTRACT_VERSION, Contract
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.warehouse.check_results import LATEST_RESULTS
from dagster_project.warehouse.ddl import sql_text

if TYPE_CHECKING:
    import duckdb

META_TABLES = """
create schema if not exists meta;
create or replace table meta.build (
    build_id varchar not null, built_at_utc timestamp not null, source_mode varchar not null,
    is_simulated boolean not null, git_revision varchar, version varchar not null,
    contract_version varchar not null, data_through date
);
create or replace table meta.freshness (
    domain varchar not null, data_through date, expected_through date, stale_sessions bigint, status varchar not null,
    is_simulated boolean not null
);
"""

META_COLUMNS: dict[str, dict[str, str]] = {
    "build": {
        "build_id": "identifier of the build: the UTC instant at which it began",
        "built_at_utc": "when the snapshot was written (UTC)",
        "source_mode": "where raw data came from: sample (simulated) or files",
        "is_simulated": "true when any domain is simulated",
        "git_revision": "revision of the code, with -dirty when it had uncommitted changes",
        "version": "version of the package",
        "contract_version": "version of the raw contracts",
        "data_through": "last session with prices",
    },
    "freshness": {
        "domain": "domain of raw tables",
        "data_through": "last day that every regular table of the domain has",
        "expected_through": "last NYSE session whose rows were due when the build ran; empty without a cadence",
        "stale_sessions": "NYSE sessions between the two",
        "status": "fresh, stale, missing, refused (a delivery broke its contract), irregular or simulated",
        "is_simulated": "true when any domain is simulated",
    },
    "checks": {
        "check_id": "name of the check",
        "asset": "table it speaks about",
        "family": "contract (raw) or dbt (models)",
        "severity": "error or warn",
        "is_blocking": "a failed error keeps the build from being published",
        "passed": "outcome",
        "failed_rows": "rows that broke it",
        "message": "first finding in words",
        "evaluated_at_utc": "when it ran (UTC)",
        "is_simulated": "true when any domain is simulated",
    },
    "catalogue": {
        "table_schema": "schema",
        "table_name": "table",
        "column_name": "column",
        "data_type": "SQL type",
        "description": "meaning, unit and sign",
        "is_simulated": "true when any domain is simulated",
    },
}


def write_meta(
    connection: "duckdb.DuckDBPyConnection",
    build: Mapping[str, Any],
    now_utc: datetime,
    mart_descriptions: Mapping[str, Mapping[str, str]],
) -> list[Freshness]:
    """Write all four tables and the comments of every published column; returns the freshness rows.

    Args:
        build: build_id, source_mode, is_simulated, git_revision, version.
        mart_descriptions: description per mart and column, `""` standing for the mart itself.
    """
    connection.execute(META_TABLES)
    simulated = bool(build["is_simulated"])
    freshness = read_freshness(connection, simulated, now_utc)
    through = next((row.data_through for row in freshness if row.domain == "prices"), None)
    connection.execute(
        "insert into meta.build values (?, ?, ?, ?, ?, ?, ?, ?)",
        [build["build_id"], now_utc, build["source_mode"], simulated, build["git_revision"], build["version"],
         CONTRACT_VERSION, through],
    )  # fmt: skip
    connection.executemany(
        "insert into meta.freshness values (?, ?, ?, ?, ?, ?)",
        [[f.domain, f.data_through, f.expected_through, f.stale_sessions, f.status, simulated] for f in freshness],
    )
    connection.execute(
        f"create or replace table meta.checks as select {', '.join(list(META_COLUMNS['checks'])[:-1])}, "
        f"cast(? as boolean) as is_simulated from ({LATEST_RESULTS}) order by asset, check_id",
        [simulated],
    )
    descriptions = {("marts", table): columns for table, columns in mart_descriptions.items()}
    descriptions |= {("meta", table): columns for table, columns in META_COLUMNS.items()}
    connection.execute(
        "create or replace table meta.catalogue (table_schema varchar, table_name varchar, column_name varchar, "
        "data_type varchar, description varchar, is_simulated boolean)"
    )
    for (schema, table), columns in descriptions.items():
        for column, text in columns.items():
            target = f'column {schema}.{table}."{column}"' if column else f"table {schema}.{table}"
            connection.execute(f"comment on {target} is {sql_text(text)}")
    connection.execute(
        "insert into meta.catalogue select schema_name, table_name, column_name, data_type, comment, ? "
        "from duckdb_columns() where database_name = current_database() and schema_name in ('marts', 'meta') "
        "order by schema_name, table_name, column_index",
        [simulated],
    )
    return freshness


def read_freshness(connection: "duckdb.DuckDBPyConnection", is_simulated: bool, now_utc: datetime) -> list[Freshness]:
    """Freshness of every domain, in the order of the contracts."""
    domains: dict[str, list[Contract]] = {}
    for contract in CONTRACTS.values():
        domains.setdefault(contract.domain, []).append(contract)
    problems = {
        table for (table,) in connection.execute(
            "select table_name from ops.domain_status where len(problems) > 0").fetchall()
    }  # fmt: skip
    through: dict[str, date | None] = {}
    for contract in CONTRACTS.values():
        [(through[contract.table],)] = connection.execute(
            f'select max("{contract.time_column}") from raw.{contract.table} where not is_removed'
        ).fetchall()
    return [
        domain_freshness(domain, contracts, through, any(c.table in problems for c in contracts), is_simulated, now_utc)
        for domain, contracts in domains.items()
    ]
