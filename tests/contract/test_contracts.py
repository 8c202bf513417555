"""The declarations themselves: consistent, complete, and what the tables in the file are made of."""

import re

import duckdb
import pytest

from dagster_project.contracts.model import BATCH_RULES, ROW_RULES, Contract
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.contracts.validate import schema
from dagster_project.warehouse.ddl import VINTAGE_COLUMNS, create_layout

every_contract = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda c: c.table)

DESIGN = {
    "daily_bars": "symbol session_date",
    "fund_nav_shares": "fund_symbol as_of_date",
    "fed_funds_futures": "contract_month session_date",
    "policy_rates": "rate_date",
    "treasury_yields": "rate_date tenor",
    "fund_holdings": "fund_symbol as_of_date ticker",
    "company_facts": "company_id concept period_type period_end",
    "published_figures": "topic as_of source",
    "index_fundamentals": "index month",
    "fomc_meetings": "meeting_date",
    "index_membership": "index_id member_id valid_from",
    "security_identifiers": "member_id symbol valid_from",
}
"""Tables and grains of the design's table of sources."""


def test_tables_and_grains_are_those_of_the_design():
    assert {table: " ".join(contract.grain) for table, contract in CONTRACTS.items()} == DESIGN


def test_names_are_unique_and_plain():
    modules = [contract.table for contract in CONTRACTS.values()]
    assert len(modules) == len(set(modules))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", table) for table in modules)


@every_contract
def test_declaration_is_consistent(contract: Contract):
    names = set(contract.names)
    assert len(names) == len(contract.names)
    assert set(contract.grain) <= names
    assert set(contract.series) < set(contract.grain)
    assert contract.time_column in contract.grain
    assert contract.time_column not in contract.series
    assert contract.column[contract.time_column].kind in ("date", "month")
    assert contract.availability.column in names
    assert contract.column[contract.availability.column].required
    assert contract.vintage_column is None or contract.column[contract.vintage_column].kind == "month"
    assert {rule.column for rule in contract.row_rules} <= names
    assert not {"observed_at", "available_at", "is_removed", "payload_seq"} & names


@every_contract
def test_grain_always_has_a_value(contract: Contract):
    for name in contract.grain:
        column = contract.column[name]
        assert column.required or column.default is not None
        assert column.kind != "number"


@every_contract
def test_columns_say_what_they_mean(contract: Contract):
    assert contract.description.startswith("One row per ")
    for column in contract.columns:
        assert column.description
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
        assert column.default is None or not column.required
        assert not column.allowed or column.kind == "text"
        for suffix, unit in (("_pct", "percent"), ("_usd", "usd")):
            if column.name.endswith(suffix):
                assert column.unit.startswith(unit), column.name


@every_contract
def test_checks_have_names_of_their_own(contract: Contract):
    own = [rule.name for rule in contract.row_rules]
    assert len(set(own)) == len(own)
    assert not set(own) & {*BATCH_RULES, *ROW_RULES, "has_rows"}
    assert set(contract.checks) == {*own, *BATCH_RULES, *ROW_RULES} | (set() if contract.may_be_empty else {"has_rows"})
    assert all(contract.checks.values())


@every_contract
def test_pandera_schema_has_the_columns(contract: Contract):
    declared = schema(contract.table)
    assert tuple(declared.columns) == contract.names
    assert {name for name, column in declared.columns.items() if not column.nullable} == set(contract.required_names)


@pytest.fixture(scope="module")
def tables() -> dict[str, dict[str, str]]:
    """Columns and types of every table and view that the DDL makes; made twice, which must not hurt."""
    with duckdb.connect() as connection:
        create_layout(connection)
        create_layout(connection)
        found: dict[str, dict[str, str]] = {}
        for schema_name, table, column, kind in connection.execute(
            "select schema_name, table_name, column_name, data_type from duckdb_columns() where not internal "
            "order by schema_name, table_name, column_index"
        ).fetchall():
            found.setdefault(f"{schema_name}.{table}", {})[column] = kind
    return found


@every_contract
def test_raw_table_has_the_declared_types_and_the_vintage_columns(contract: Contract, tables):
    kinds = {"text": "VARCHAR", "date": "DATE", "month": "DATE", "number": "DOUBLE"}
    columns = tables[f"raw.{contract.table}"]
    assert {name: columns[name] for name in contract.names} == {c.name: kinds[c.kind] for c in contract.columns}
    assert {name: columns[name] for name in VINTAGE_COLUMNS}.items() >= {
        "source": "VARCHAR", "observed_at": "TIMESTAMP", "available_at": "TIMESTAMP",
        "stated_available_at": "TIMESTAMP", "is_removed": "BOOLEAN", "is_simulated": "BOOLEAN", "payload_seq": "BIGINT",
    }.items()  # fmt: skip
    assert set(columns) == {*contract.names, *VINTAGE_COLUMNS}


@every_contract
def test_quarantine_table_names_file_line_column_and_reason(contract: Contract, tables):
    assert list(tables[f"quarantine.{contract.table}"]) == [
        "payload_seq", "name", "line", "column_name", "value", "rule", "reason", "row_json", "is_simulated"
    ]  # fmt: skip


@every_contract
def test_relation_for_readers_has_the_columns_of_the_table(contract: Contract, tables):
    shown = tables[f"raw.{contract.current_relation}"]
    table = tables[f"raw.{contract.table}"]
    assert {name: shown[name] for name in table} == table
    assert contract.has_splits == (contract.current_relation != contract.table)
