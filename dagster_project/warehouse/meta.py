"""Schema `meta`: what a reader must know about the build that the marts belong to.

Belongs here: the tables build, freshness, checks, check_history, quarantine, catalogue, written just before
publishing.
Does not belong here: the checks themselves, and freshness as a function (`checks.freshness`).
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from dagster_project.checks.freshness import Freshness, domain_freshness
from dagster_project.contracts.model import CONTRACT_VERSION, Contract
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.warehouse.check_results import HISTORY_BUILDS, LATEST_RESULTS
from dagster_project.warehouse.connection import transaction
from dagster_project.warehouse.ddl import sql_text
from dagster_project.warehouse.quarantine import open_counts_sql

if TYPE_CHECKING:
    import duckdb

META_TABLES = """
create schema if not exists meta;
create or replace table meta.build (
    build_id varchar not null, built_at_utc timestamp not null, source_mode varchar not null,
    is_simulated boolean not null, git_revision varchar, version varchar not null,
    contract_version varchar not null, data_through date, known_at_utc timestamp, overrides varchar
);
create or replace table meta.freshness (
    domain varchar not null, data_through date, expected_through date, stale_sessions bigint, status varchar not null,
    reason varchar, is_simulated boolean not null
);
"""

META_TABLE_COMMENTS = {
    "build": "The build that the marts belong to: one row.",
    "freshness": "How fresh each domain of raw data was when the build was published: one row per domain.",
    "checks": "Outcome of every check of the build: one row per check.",
    "check_history": "Outcomes of the checks in the last builds, failed ones included: one row per check and build.",
    "quarantine": "Rows kept out and not yet decided upon: one row per table, rule and who judged.",
    "catalogue": "What every column means: one row per schema, table or view, and column.",
}

META_COLUMNS: dict[str, dict[str, str]] = {
    "build": {
        "build_id": "identifier of the build: the UTC instant at which it began",
        "built_at_utc": "when the snapshot was written (UTC)",
        "source_mode": "where raw data came from: sample (simulated), files or live",
        "is_simulated": "true when any domain is simulated",
        "git_revision": "revision of the code, with -dirty when it had uncommitted changes",
        "version": "version of the package",
        "contract_version": "version of the raw contracts",
        "data_through": "last session with prices",
        "known_at_utc": "of a replay: the instant (UTC) after which nothing is known in it; null for a build",
        "overrides": "blocking checks that failed and that a person published despite of, with the reason; null when "
        "none",
    },
    "freshness": {
        "domain": "domain of raw tables",
        "data_through": "last day that every regular table of the domain has",
        "expected_through": "last NYSE session whose rows were due when the build ran (for a replay: at its instant); "
        "empty without a cadence",
        "stale_sessions": "NYSE sessions between the two",
        "status": "fresh, stale, missing, refused (a delivery broke its contract), irregular, simulated or not "
        "configured (a service is not asked for want of a setting)",
        "reason": "what to set where it is not configured; null otherwise",
        "is_simulated": "true when any domain is simulated",
    },
    "checks": {
        "check_id": "name of the check",
        "asset": "table it speaks about",
        "family": "contract (raw), dbt (models) or market (dim_check)",
        "severity": "error or warn",
        "is_blocking": "a failed error keeps the build from being published",
        "passed": "outcome",
        "failed_rows": "rows that broke it",
        "message": "first finding in words",
        "evaluated_at_utc": "when it ran (UTC)",
        "is_simulated": "true when any domain is simulated",
    },
    "check_history": {
        "check_id": "name of the check",
        "build_id": "build that evaluated it, published or not",
        "evaluated_at_utc": "when it ran (UTC)",
        "asset": "table it speaks about",
        "family": "contract (raw), dbt (models) or market (dim_check)",
        "severity": "error or warn",
        "is_blocking": "a failed error keeps the build from being published",
        "passed": "outcome",
        "failed_rows": "rows that broke it",
        "is_simulated": "true when any domain is simulated",
    },
    "quarantine": {
        "table_name": "raw table",
        "rule": "rule that the rows broke",
        "judged_by": "contract (the row by itself: it never came into raw) or warehouse (against other rows: it is in "
        "raw and in no figure)",
        "open_rows": "rows not decided upon by `smallcap quarantine`",
        "first_row": "first of them in words",
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
    """Write all tables and the comments of every published column; returns the freshness rows.

    Args:
        build: build_id, source_mode, is_simulated, git_revision, version, known_at_utc (None unless a replay),
            overrides (texts).
        mart_descriptions: description per mart and column, `""` standing for the mart itself.
    """
    connection.execute(META_TABLES)
    simulated = bool(build["is_simulated"])
    freshness = read_freshness(connection, simulated, build["known_at_utc"] or now_utc)
    through = next((row.data_through for row in freshness if row.domain == "prices"), None)
    connection.execute(
        "insert into meta.build values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [build["build_id"], now_utc, build["source_mode"], simulated, build["git_revision"], build["version"],
         CONTRACT_VERSION, through, build["known_at_utc"], "; ".join(build["overrides"]) or None],
    )  # fmt: skip
    connection.executemany(
        "insert into meta.freshness values (?, ?, ?, ?, ?, ?, ?)",
        [
            [f.domain, f.data_through, f.expected_through, f.stale_sessions, f.status, f.reason or None, simulated]
            for f in freshness
        ],
    )
    connection.execute(
        f"create or replace table meta.checks as select {', '.join(list(META_COLUMNS['checks'])[:-1])}, "
        f"cast(? as boolean) as is_simulated from ({LATEST_RESULTS}) order by asset, check_id",
        [simulated],
    )
    connection.execute(
        f"""
        create or replace table meta.check_history as
        select {", ".join(list(META_COLUMNS["check_history"])[:-1])}, cast(? as boolean) as is_simulated
        from ops.check_results
        where build_id in (
            select build_id from ops.check_results group by build_id order by max(evaluated_at_utc) desc, build_id desc
            limit {HISTORY_BUILDS})
        qualify row_number() over (partition by check_id, build_id order by evaluated_at_utc desc) = 1
        order by check_id, build_id
        """,
        [simulated],
    )
    connection.execute(
        f"create or replace table meta.quarantine as select *, cast(? as boolean) as is_simulated "
        f"from ({open_counts_sql(connection)}) order by table_name, rule, judged_by",
        [simulated],
    )
    descriptions = {("marts", table): columns for table, columns in mart_descriptions.items()}
    descriptions |= {("meta", table): {"": META_TABLE_COMMENTS[table]} | META_COLUMNS[table] for table in META_COLUMNS}
    connection.execute(
        "create or replace table meta.catalogue (table_schema varchar, table_name varchar, column_name varchar, "
        "data_type varchar, description varchar, is_simulated boolean)"
    )
    with transaction(connection):  # hundreds of comments: one commit each would take seconds
        for (schema, table), columns in descriptions.items():
            for column, text in columns.items():
                target = f'column {schema}.{table}."{column}"' if column else f"table {schema}.{table}"
                connection.execute(f"comment on {target} is {sql_text(text)}")
    fill_catalogue(connection, ("marts", "meta"), simulated)
    return freshness


def fill_catalogue(connection: "duckdb.DuckDBPyConnection", schemas: Sequence[str], is_simulated: bool) -> None:
    """Add every column of the schemas' tables and views in the database in use, with its comment, to the catalogue."""
    connection.execute(
        "insert into meta.catalogue select schema_name, table_name, column_name, data_type, comment, ? "
        "from duckdb_columns() where database_name = current_database() and not internal "
        "and list_contains(?, schema_name) order by schema_name, table_name, column_index",
        [is_simulated, list(schemas)],
    )


def read_freshness(connection: "duckdb.DuckDBPyConnection", is_simulated: bool, now_utc: datetime) -> list[Freshness]:
    """Freshness of every domain, in the order of the contracts."""
    domains: dict[str, list[Contract]] = {}
    for contract in CONTRACTS.values():
        domains.setdefault(contract.domain, []).append(contract)
    tables: dict[str, set[str]] = {"problem": set(), "unreachable": set()}
    unset: dict[str, str] = {}
    for table, status, skipped in connection.execute(
        "select table_name, status, skipped from ops.domain_status"
    ).fetchall():
        tables.setdefault(status, set()).add(table)
        unset |= {table: skipped[0]} if skipped else {}
    through: dict[str, date | None] = {}
    for contract in CONTRACTS.values():
        [(through[contract.table],)] = connection.execute(
            f'select max("{contract.time_column}") from raw.{contract.table} where not is_removed'
        ).fetchall()
    return [
        domain_freshness(
            domain,
            contracts,
            through,
            any(c.table in tables["problem"] for c in contracts),
            is_simulated,
            now_utc,
            any(c.table in tables["unreachable"] for c in contracts),
            next((unset[c.table] for c in contracts if c.table in unset), ""),
        )
        for domain, contracts in domains.items()
    ]
