"""Tables of the warehouse file: those of the contracts, and the few it keeps about itself.

Belongs here: DDL, made from the contracts.
Does not belong here: tables that dbt makes (schemas staging, intermediate, marts).
"""

import hashlib
from typing import TYPE_CHECKING

from dagster_project.contracts.model import CONTRACT_VERSION, Contract
from dagster_project.contracts.tables import CONTRACTS

if TYPE_CHECKING:
    import duckdb

VINTAGE_COLUMNS: dict[str, tuple[str, str]] = {
    "source": ("VARCHAR", "who delivered the row"),
    "observed_at": ("TIMESTAMP", "when the warehouse read it (UTC)"),
    "available_at": ("TIMESTAMP", "when the market could first know it (UTC)"),
    "stated_available_at": ("TIMESTAMP", "available_at as the input itself states it (UTC), empty when it does not"),
    "is_removed": ("BOOLEAN", "tombstone: the input no longer has the row; its values are empty"),
    "is_simulated": ("BOOLEAN", "made by the sample simulation"),
    "is_released": ("BOOLEAN", "a person let the row in although it broke a rule"),
    "payload_seq": ("BIGINT", "entry of the archive's ledger that brought the row"),
    "payload_row": ("BIGINT", "row of that payload, from 0 among the rows as wide as the header; empty for tombstones"),
}
"""Columns that every raw table has after those of its contract."""

OWN_TABLES = """
create schema if not exists raw;
create schema if not exists quarantine;
create schema if not exists ops;
create table if not exists raw.warehouse_mode (is_simulated boolean not null, source_mode varchar not null);
create table if not exists ops.layout (fingerprint varchar not null);
create table if not exists raw.split_events (
    table_name varchar, source varchar, symbol varchar, split_date date, split_ratio double, rows_explained bigint,
    observed_at timestamp, payload_seq bigint
);
create table if not exists ops.payload_log (
    payload_seq bigint primary key, table_name varchar, name varchar, source varchar, origin varchar, sha256 varchar,
    observed_at timestamp, status varchar, rule varchar, reason varchar, rows_read bigint, rows_equal_duplicates bigint,
    rows_quarantined bigint, rows_new bigint, rows_removed bigint, split_events bigint, remarks varchar[]
);
create table if not exists ops.quarantine_decisions (
    table_name varchar, name varchar, row_json varchar, judged_row_id varchar, decision varchar, note varchar,
    decided_at timestamp, payload_seq bigint
);
create table if not exists ops.domain_status (
    table_name varchar primary key, build_id varchar, status varchar, problems varchar[], remarks varchar[],
    skipped varchar[]
);
create table if not exists ops.check_results (
    build_id varchar, check_id varchar, asset varchar, family varchar, severity varchar, is_blocking boolean,
    passed boolean, failed_rows bigint, message varchar, evaluated_at_utc timestamp
)
"""


def sql_text(text: str) -> str:
    """A text as a SQL literal, for statements that take no parameters (comments, attach, copy)."""
    return "'" + text.replace("'", "''") + "'"


def layout_ddl() -> str:
    """Everything that a warehouse file has before dbt; creates what is not there, changes nothing that is."""
    statements = [OWN_TABLES]
    for contract in CONTRACTS.values():
        statements += [raw_table_ddl(contract), quarantine_table_ddl(contract)]
        if contract.has_splits:
            statements.append(on_current_scale_ddl(contract))
    return ";".join(statements)


def layout_fingerprint() -> str:
    """What must be equal for a file to be used: the layout, and the version of the contracts' rules."""
    return hashlib.sha256(f"{CONTRACT_VERSION}{layout_ddl()}".encode()).hexdigest()


def has_other_layout(connection: "duckdb.DuckDBPyConnection") -> bool:
    """Whether the file was made by another version; false for a new one."""
    [(tables,)] = connection.execute(
        "select count(*) from duckdb_tables() where database_name = current_database() and schema_name = 'ops'"
    ).fetchall()
    if not tables:
        return False
    try:
        found = connection.execute("select fingerprint from ops.layout").fetchall()
    except Exception:  # whatever DuckDB raises: the table is not there, so the file is of an older version
        return True
    return found != [(layout_fingerprint(),)]


def create_layout(connection: "duckdb.DuckDBPyConnection") -> None:
    """Lay out a new file; a file that is laid out already is left as it is."""
    connection.execute(layout_ddl())
    connection.execute("insert into ops.layout select ? where not exists (from ops.layout)", [layout_fingerprint()])


def raw_table_ddl(contract: Contract) -> str:
    """DDL of `raw.<table>`: append-only vintages."""
    declared = {column.name: column.sql_type for column in contract.columns}
    declared |= {name: kind for name, (kind, _) in VINTAGE_COLUMNS.items() if name not in declared}
    columns = ", ".join(f'"{name}" {kind}' for name, kind in declared.items())
    return f"create table if not exists raw.{contract.table} ({columns})"


def quarantine_table_ddl(contract: Contract) -> str:
    """DDL of `quarantine.<table>`: one row per problem of a rejected row, with the row as it was read."""
    return (
        f"create table if not exists quarantine.{contract.table} (payload_seq bigint, name varchar, line bigint, "
        "column_name varchar, value varchar, rule varchar, reason varchar, row_json varchar, is_simulated boolean)"
    )


def on_current_scale_ddl(contract: Contract) -> str:
    """DDL of the view that shows every vintage on the scale after all splits that were observed since.

    A split that rescales a history is one row in `raw.split_events`, not a new vintage of every row. The events of a
    symbol are joined as one list: a subquery per row would group tens of millions of rows to find a few splits.
    """
    when = f"vintage.{contract.time_column} < event.split_date and vintage.observed_at < event.observed_at"
    columns = []
    for column in contract.columns:
        name = f'v."{column.name}"'
        if column.split_power == -1:
            name = f'{name} / v.split_factor as "{column.name}"'
        elif column.split_power == 1:
            name = f'{name} * v.split_factor as "{column.name}"'
        columns.append(name)
    columns += [f"v.{name}" for name in VINTAGE_COLUMNS if name not in contract.column] + ["v.split_factor"]
    return f"""
        create view if not exists raw.{contract.current_relation} as
        select {", ".join(columns)}
        from (
            select
                vintage.*,
                coalesce(list_product(list_transform(
                    list_filter(scaled.events, lambda event: {when}), lambda event: event.split_ratio
                )), 1.0) as split_factor
            from raw.{contract.table} as vintage
            left join (
                select source, symbol, list(
                    struct_pack(split_date := split_date, split_ratio := split_ratio, observed_at := observed_at)
                    order by split_date
                ) as events
                from raw.split_events
                where table_name = '{contract.table}'
                group by source, symbol
            ) as scaled on vintage.source = scaled.source and vintage.{contract.series[0]} = scaled.symbol
        ) as v
    """
