"""Planted faults: every kind is told by the check that names it, at the right rows, and no mart changes silently.

Everything is planted into deliveries of the sample (SIMULATED), or into copies of its relations. The long campaign over
positions, sizes and seeds is tests/soak/planted_faults.py; what is planted where is declared in tests/faults/planted/.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pytest

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.warehouse.connection import open_warehouse
from tests.faults.planted import campaign, contract_rules, tampering
from tests.faults.planted.campaign import KINDS, Case
from tests.faults.planted.kinds import POSITIONS, SIZES, Kind, Named
from tests.faults.planted.staging_rows import COMPARED, clean_rows, raw_behind, silent_changes
from tests.faults.planted.warehouse import Clean, Outcome, made_of
from tests.helpers import REPO, Store

SEED = 7
MARKET_CHECKS = sorted(campaign.table_of())
IN_DELIVERIES = sorted({kind.check for kind in KINDS})
REPORT = REPO / "docs" / "soak_planted_faults.md"
pytestmark = pytest.mark.scenario("sample_twice")


@dataclass
class Planted:
    """The same places twice: with faults, and with what only just is none."""

    expected: dict[Case, Named]
    faults: Outcome
    silent: dict[str, list[tuple[str, str]]]
    changed: set[str]
    """Compared models of which rows changed."""
    touched: dict[Case, set[str]]
    near: Outcome


@pytest.fixture(scope="module")
def clean(scenarios) -> Clean:
    data = scenarios["sample_twice"].data
    return Clean(data / "warehouse" / "simulated.duckdb", data / "dbt_target" / "simulated" / "manifest.json")


@pytest.fixture(scope="module")
def planted(clean: Clean, tmp_path_factory: pytest.TempPathFactory) -> list[Planted]:
    random = np.random.default_rng(SEED)
    wanted = [(kind, POSITIONS[random.integers(3)], SIZES[random.integers(2)]) for kind in KINDS]
    directory = tmp_path_factory.mktemp("planted")
    before = clean_rows(clean)
    found = []
    for cases in campaign.batches(wanted, SEED, most_batches=2):
        delivery, expected = campaign.plant(cases)
        with made_of(delivery, clean, directory) as (connection, faults):
            silent = silent_changes(connection, before, faults, campaign.table_of())
            changed = set(silent_changes(connection, before, Outcome(), campaign.table_of()))
        delivery, touched = campaign.plant_near(cases)
        with made_of(delivery, clean, directory) as (_, near):
            pass
        found.append(Planted(expected, faults, silent, changed, touched, near))
    return found


@pytest.fixture(scope="module")
def reader(clean: Clean) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(clean.warehouse_file), read_only=True) as connection:
        yield connection


def of_kind(planted: list[Planted], kind: Kind) -> tuple[Case, Planted]:
    return next((case, one) for one in planted for case in one.expected if case.kind is kind)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_fault_is_told_by_its_check_at_its_rows_and_no_others(planted: list[Planted], kind: Kind):
    case, one = of_kind(planted, kind)
    assert one.expected[case], "a fault that names no row proves nothing"
    assert campaign.missed({case: one.expected[case]}, one.faults) == {}
    assert campaign.too_much({case: one.expected[case]}, one.faults) == {}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_only_just_is_no_fault_is_not_told(planted: list[Planted], kind: Kind):
    case, one = of_kind(planted, kind)
    assert campaign.false_alarms({case: one.touched[case]}, one.near) == {}
    assert not any(campaign.is_told(kind.check, row, one.near) for row in one.expected[case])


def test_no_mart_changes_silently(planted: list[Planted], clean: Clean):
    assert raw_behind(clean) <= raw_behind(clean, COMPARED), "a mart is made of raw rows that are not compared"
    assert set().union(*(one.changed for one in planted)) == set(COMPARED), (
        "a model without a changed row proves nothing"
    )
    assert [one.silent for one in planted] == [{}] * len(planted)


def test_nothing_else_is_told(planted: list[Planted]):
    assert [campaign.unexplained(list(one.expected), one.faults) for one in planted] == [set()] * len(planted)


@pytest.mark.parametrize("check", IN_DELIVERIES)
def test_without_its_check_a_fault_is_missed(planted: list[Planted], check: str):
    """What the check said is taken away: nothing else may stand in for it, or it would prove nothing."""
    missed: dict[Case, Named] = {}
    for one in planted:
        left = Outcome(
            findings={finding for finding in one.faults.findings if finding[0] != check},
            rejected=[rejected for rejected in one.faults.rejected if rejected[0] != check],
            objections={name: rows for name, rows in one.faults.objections.items() if name != check},
        )
        missed |= campaign.missed(one.expected, left)
    assert {case.kind.name for case in missed} == {kind.name for kind in KINDS if kind.check == check}


def test_places_and_sizes_are_all_there(planted: list[Planted]):
    cases = [case for one in planted for case in one.expected]
    assert {(case.position, case.size) for case in cases} == {(p, s) for p in POSITIONS for s in SIZES}
    assert {case.kind.table for case in cases} == set(CONTRACTS)


@pytest.mark.parametrize("test", [*tampering.ROW_TESTS, *tampering.MART_CHECKS])
def test_changed_relation_is_told(clean: Clean, reader: duckdb.DuckDBPyConnection, test: str):
    change = {**tampering.ROW_TESTS, **tampering.MART_CHECKS}[test]
    assert tampering.objections(reader, clean, test, change.relation, change.fault) > 0
    assert tampering.is_changed(reader, clean, change.relation, change.near)
    assert tampering.objections(reader, clean, test, change.relation, change.near) == 0


def test_every_generic_test_of_dbt_can_fail(clean: Clean, reader: duckdb.DuckDBPyConnection):
    generic = [name for name, node in clean.tests.items() if node.get("test_metadata")]
    assert len(generic) > 100
    assert [name for name in generic if not tampering.generic_objections(reader, clean, name)] == []


@pytest.fixture(scope="module")
def contract_told(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, bool], contract_rules.Told]:
    directory = tmp_path_factory.mktemp("contract_rules")
    with open_warehouse(directory / "real.duckdb", "files", is_simulated=False) as connection:
        store = Store(directory, connection)
        return {
            (table, rule, broken): told
            for table, contract in CONTRACTS.items()
            for (rule, broken), told in contract_rules.exercise(store, contract).items()
        }


@pytest.mark.parametrize(("table", "rule"), contract_rules.ALL)
def test_contract_rule_names_the_lines_that_break_it(contract_told, table: str, rule: str):
    broken, kept = contract_told[table, rule, True], contract_told[table, rule, False]
    assert broken.failed
    assert broken.named == broken.expected
    assert not kept.failed
    assert kept.named == frozenset()


def test_every_check_has_a_planted_fault(clean: Clean):
    told_in_deliveries = set(IN_DELIVERIES)
    assert set(MARKET_CHECKS) - told_in_deliveries - set(tampering.MART_CHECKS) == set(), (
        "market checks without a fault"
    )
    by_contract = {f"{table}__{rule}" for table, rule in contract_rules.ALL}
    declared = {f"{c.table}__{name}" for c in CONTRACTS.values() for name in c.checks}
    assert declared - by_contract - told_in_deliveries == set(), "rules of contracts without a fault"
    singular = {name for name, node in clean.tests.items() if not node.get("test_metadata")}
    assert singular - set(tampering.ROW_TESTS) - told_in_deliveries == set(), "asserts without a fault"


def test_report_names_every_kind():
    """The table of faults and checks is written by the campaign: `make soak` brings it up to date."""
    text = REPORT.read_text(encoding="utf-8")
    assert [kind.name for kind in KINDS if f"| {kind.name} | {kind.table} | {kind.check} |" not in text] == []
