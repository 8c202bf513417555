"""DuckDB of three versions opens the published file: Python, command line, pandas, polars, Arrow, SQLAlchemy.

What a client says is compared with what the project's own DuckDB reads from the marts.
"""

import csv
import io
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.warehouse.views import COLUMNS_LIKE
from tests.clients.environments import Client

pytestmark = pytest.mark.scenario("sample_twice")
ASK_MARKET = Path(__file__).with_name("ask_market.py")
RECENT = "from v_claims_wide where as_of_date >= '2017-05-01'"


@cache
def seen_by(python: Path, database: Path) -> dict[str, Any]:
    """Everything that the Python client saw in the published file."""
    done = subprocess.run(
        [python, "-I", ASK_MARKET, database], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture
def seen(client: Client, build: Path) -> dict[str, Any]:
    return seen_by(client.python, build / "market.duckdb")


@pytest.fixture
def ours(build: Path):
    """Rows as the project's own DuckDB reads them."""
    with duckdb.connect(str(build / "market.duckdb"), read_only=True) as connection:
        yield lambda sql: connection.execute(sql).fetchall()


def test_client_is_the_version_it_says(client: Client, seen):
    assert seen["duckdb"].startswith(f"{client.version}.")
    assert seen["sqlalchemy"].startswith("2.0.")
    assert "smallcap-watch/clients" in seen["pandas"], "the client took its libraries from elsewhere"


def test_every_relation_has_its_rows(seen, ours):
    relations = ours(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_schema in ('main', 'marts', 'meta')"
    )
    assert seen["rows"] == {name: ours(f"select count(*) from {name}")[0][0] for (name,) in relations}
    assert {f"main.{view}" for view in COLUMNS_LIKE} <= set(seen["rows"])


def test_every_macro_answers(seen, ours):
    assert seen["macro_rows"] == {macro: len(ours(f"from {macro}")) for macro in seen["macro_rows"]}
    assert 0 not in seen["macro_rows"].values()


def test_figures_are_the_same(seen, ours):
    [today] = ours(
        "select as_of_date, ytd_gap_pp, net_flow_usd, prob_hike_low_pct, signals_on_ids, is_simulated from v_today"
    )
    assert seen["today"] == seen["sqlalchemy_today"] == [str(value) for value in today]


def test_comments_are_there(seen):
    columns, commented = seen["comments"]
    assert columns == commented > 600


def test_frames_and_arrow(seen, ours):
    [(rows, supported, last)] = ours(f"select count(*), sum(supported), max(as_of_date) {RECENT}")
    assert seen["pandas_frame"] == seen["polars_frame"] == [rows, supported, str(last)]
    assert seen["arrow_rows"] == len(ours("from v_odds where watch_date = '2017-05-26'"))
    assert seen["pandas_sql"] == len(ours("from v_this_week"))


def test_sqlalchemy_reflects_tables_views_columns_and_comments(seen, ours):
    tables = ours("select table_name from duckdb_tables() where schema_name = 'marts' order by 1")
    assert seen["reflected_tables"] == [name for (name,) in tables]
    assert seen["reflected_views"] == sorted(COLUMNS_LIKE)
    columns = ours("select column_name from duckdb_columns() where table_name = 'v_today'")
    assert set(seen["reflected_columns"]) == {name for (name,) in columns}
    assert seen["reflected_columns"]["as_of_date"] == "DATE"
    [(table,)] = ours("select comment from duckdb_tables() where table_name = 'fund_flows_weekly'")
    [(column,)] = ours(
        "select comment from duckdb_columns() where table_name = 'fund_flows_weekly' and column_name = 'net_flow_usd'"
    )
    assert seen["reflected_comments"] == [table, column]
    [(flow,)] = ours(
        "select net_flow_usd from marts.fund_flows_weekly where fund_symbol = 'IWM' and week_ending = '2017-05-24'"
    )
    assert seen["reflected_query"] == flow


def test_client_that_opens_read_only_cannot_write(seen):
    assert seen["write"] == "InvalidInputException"


# --- the command line


@pytest.fixture
def command_line(client: Client) -> Path:
    if client.command_line is None:
        pytest.skip(f"there is no package duckdb-cli {client.version} yet: its newest is 1.5.6")
    return client.command_line


def test_command_line_asks_views_and_macros(command_line: Path, build: Path, ours):
    def ask(sql: str) -> list[list[str]]:
        done = subprocess.run(
            [command_line, "-readonly", "-csv", build / "market.duckdb", sql],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return list(csv.reader(io.StringIO(done.stdout)))

    for relation in ("v_claims_wide", "claims_as_of('2017-05-26')", "marts.fund_flows_weekly"):
        assert ask(f"select count(*) from {relation}")[1] == [str(ours(f"select count(*) from {relation}")[0][0])]
    header, row = ask("select as_of_date, signals_on_ids from v_today")
    assert header == ["as_of_date", "signals_on_ids"]
    assert row == [str(value) for value in ours("select as_of_date, signals_on_ids from v_today")[0]]
