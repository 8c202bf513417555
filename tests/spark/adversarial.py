"""A warehouse to compare engines on: the sample cut short, spoiled by rule, and members of tests/members.py.

Belongs here: what is wrong with the rows. Clean rows pass with the bugs in: engines differ on nulls, ties, zeros,
conflicting vintages and holes. Nothing here is a fact; all of it is simulated.

Rows to spoil are drawn by a hash of their grain, so one seed gives one warehouse.
"""

from pathlib import Path

import duckdb

from dagster_project.contracts.model import Contract
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.dbt_runner import invoke_dbt
from dagster_project.settings import Settings
from dagster_project.steps import extract, warehouse
from tests.members import load, members

MEMBER_ROWS = 12_000
FIRST_DAY = {
    "daily_bars": "2012-01-03", "fed_funds_futures": "2016-10-03", "fund_holdings": "2016-12-01",
}  # fmt: skip
"""Rows of the sample before these days are left out; windows of a year and the election of 2016 stay."""
COMPANIES = 60


def make(directory: Path, seed: int) -> Settings:
    """Fill a warehouse and build it with DuckDB; returns its settings."""
    settings = Settings(_env_file=None, data_dir=directory / "data", source="sample")
    made = members(MEMBER_ROWS, seed, directory / "members", payloads=4)
    for contract in CONTRACTS.values():
        extract(settings, contract, "adversarial")
    with warehouse(settings) as connection:
        connection.execute(f"create macro chance(name, row_text) as hash(name, row_text, {seed}) % 1000003 / 1000003.0")
        for contract in CONTRACTS.values():
            cut(connection, contract)
            spoil(connection, contract)
        spoil_together(connection)
        load(connection, made, 0, made.payloads)
        connection.execute("drop macro chance")
    nodes = invoke_dbt(settings, ["build", "--exclude-resource-type", "test", "unit_test"])
    broken = [node for node in nodes if not node.is_ok]
    if broken:
        raise RuntimeError(f"DuckDB could not make {broken[0].name}: {broken[0].message}")
    return settings


def cut(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Leave out old rows, and most companies."""
    if first := FIRST_DAY.get(contract.table):
        connection.execute(f"delete from raw.{contract.table} where {contract.time_column} < date '{first}'")
    if contract.table == "company_facts":
        connection.execute(
            f"delete from raw.company_facts where company_id not in "
            f"(select distinct company_id from raw.company_facts order by hash(company_id) limit {COMPANIES})"
        )


def spoil(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Vintages that conflict, revise, repeat and withdraw; values that are missing or zero; holes."""
    table, grain = f"raw.{contract.table}", " || ' ' || ".join(f"coalesce({n}::varchar, '')" for n in contract.grain)
    numbers = [column for column in contract.values if column.kind == "number"]
    if not numbers:
        return
    optional = [c.name for c in numbers if not c.required]
    main = numbers[min(3, len(numbers) - 1)].name if contract.table == "daily_bars" else numbers[0].name

    def add(name: str, share: float, changes: str) -> None:
        connection.execute(
            f"insert into {table} by name select * replace ({changes}) from {table} "
            f"where payload_seq < 1000 and chance('{name}', {grain}) < {share}"
        )

    connection.execute(f"delete from {table} where chance('hole', {grain}) < 0.01")
    add("conflict", 0.01, f"{main} * 1.01 as {main}")
    add("again", 0.01, "payload_seq + 1000 as payload_seq, observed_at + interval 1 day as observed_at")
    add(
        "revised", 0.01,
        f"{main} * 0.98 as {main}, payload_seq + 2000 as payload_seq, observed_at + interval 3 day as observed_at, "
        "available_at + interval 3 day as available_at",
    )  # fmt: skip
    add("second", 0.02, f"'yahoo' as source, {main} * 1.003 as {main}, payload_seq + 3000 as payload_seq")
    add("first", 0.005, f"'files' as source, {main} * 0.999 as {main}, payload_seq + 3000 as payload_seq")
    nothing = ", ".join(f"null as {column.name}" for column in numbers)
    add(
        "withdrawn", 0.005,
        f"{nothing}, true as is_removed, payload_seq + 4000 as payload_seq, available_at + interval 9 day as "
        "available_at, observed_at + interval 9 day as observed_at",
    )  # fmt: skip
    for column in optional:
        connection.execute(f"update {table} set {column} = null where chance('null {column}', {grain}) < 0.03")
    for column in numbers:
        if column.above is None and (column.minimum is None or float(column.minimum) <= 0):
            connection.execute(
                f"update {table} set {column.name} = 0 where chance('zero {column.name}', {grain}) < 0.01"
            )


def spoil_together(connection: duckdb.DuckDBPyConnection) -> None:
    """What needs more than one row: splits, months without a bar, equal flows and weights, unchanged runs."""
    statements = [
        "update raw.daily_bars set split_ratio = 2 where chance('split', symbol || session_date) < 0.001",
        "update raw.daily_bars set dividend = close * 0.01 where chance('dividend', symbol || session_date) < 0.005",
        # a month without bars of one symbol in three
        "delete from raw.daily_bars where hash(symbol) % 3 = 0 and session_date between '2015-07-01' and '2015-07-31'",
        # runs of equal bars: moves of nothing, deviations of nothing
        "update raw.daily_bars set open = 50, high = 51, low = 49, close = 50 "
        "where hash(symbol) % 4 = 1 and session_date between '2016-02-01' and '2016-02-12'",
        # two funds with the figures of a third: equal flows, equal ranks
        "update raw.fund_nav_shares as twin set nav_usd = one.nav_usd, shares_outstanding = one.shares_outstanding "
        "from raw.fund_nav_shares as one where one.as_of_date = twin.as_of_date and one.source = twin.source "
        "and one.payload_seq = twin.payload_seq and month(twin.as_of_date) in (3, 9) "
        "and one.fund_symbol = (select min(first.fund_symbol) from raw.fund_nav_shares as first)",
        "update raw.fund_holdings set weight_pct = round(weight_pct, 1) where month(as_of_date) = 6",
        "update raw.fund_holdings set price_usd = null, market_value_usd = 0 where chance('worth', ticker) < 0.02",
        "update raw.company_facts set value = -value where chance('sign', company_id || concept || period_end) < 0.01",
        "update raw.company_facts set value = value * 1000 "
        "where chance('unit', company_id || concept || period_end) < 0.01",
        "update raw.fed_funds_futures set settle = null "
        "where chance('no settle', contract_month || session_date) < 0.01",
    ]
    for statement in statements:
        connection.execute(statement)
