"""Reviewed lists that say too little or too much: the ledger answers with rows that say why."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.helpers import dbt
from tests.scenarios import Scenarios

MODELS = ("fund_flows_weekly", "int_claims__flows", "int_claims__tested", "claims")


@pytest.fixture(scope="module")
def ledger(scenarios: Scenarios, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Claims of the sample with no fund in the universe and with a convention that no model computes."""
    directory = tmp_path_factory.mktemp("ledger_inputs")
    untouched = scenarios["sample_twice"].data / "warehouse" / "simulated.duckdb"
    warehouse = Path(shutil.copyfile(untouched, directory / untouched.name))
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("delete from seeds.fund_universe")
        connection.execute(
            "insert into seeds.claim_conventions select * replace ('by_the_moon' as convention, false as is_headline) "
            "from seeds.claim_conventions where claim_id = 1 and is_headline"
        )
    done = dbt(warehouse, "run", "--quiet", "--select", *MODELS)
    assert done.returncode == 0, done.stdout[-3000:]
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        yield connection


@pytest.mark.scenario("sample_twice")
def test_unknown_convention_is_undecidable_and_says_why(ledger: duckdb.DuckDBPyConnection) -> None:
    rows = ledger.execute(
        "select distinct verdict, value, reason from marts.claims where claim_id = 1 and convention = 'by_the_moon'"
    ).fetchall()
    assert rows == [("undecidable", None, "the input has nothing for this claim that is fresh enough on the day")]


@pytest.mark.scenario("sample_twice")
def test_empty_universe_is_undecidable_and_names_it(ledger: duckdb.DuckDBPyConnection) -> None:
    [(verdict, value, reason)] = ledger.execute(
        "select verdict, value, reason from marts.claims where claim_id = 3 and framing = 'as_written' "
        "and as_of_date = '2017-05-26' and is_headline"
    ).fetchall()
    assert (verdict, value) == ("undecidable", None)
    assert "of 0 funds of no named universe" in reason


@pytest.mark.scenario("sample_twice")
def test_every_claim_keeps_its_headline(ledger: duckdb.DuckDBPyConnection) -> None:
    [(claims, days, headlines)] = ledger.execute(
        "select count(distinct claim_id), count(distinct as_of_date), count(*) from marts.claims "
        "where framing = 'rolling' and is_headline"
    ).fetchall()
    assert claims == 14
    assert headlines == claims * days > 5_000
