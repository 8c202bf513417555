"""The reviewed files of the market checks agree with each other, with the models and with the tests on them."""

import csv
import re
from datetime import date

import pytest

from dagster_project import dbt_rules
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.dbt_runner import ensure_manifest, read_manifest
from dagster_project.settings import Settings
from dagster_project.steps import is_market_check
from tests.helpers import REPO
from tests.parsed_dbt import handed_to

SEEDS = REPO / "dbt" / "seeds"
MODELS = REPO / "dbt" / "models" / "quality"


def rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


CHECKS = {row["check_id"]: row for row in rows("market_checks")}
THRESHOLDS = rows("check_thresholds")
KNOWN = rows("known_faults")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict:
    data = tmp_path_factory.mktemp("manifest")
    handed_to(data, "simulated")
    return read_manifest(ensure_manifest(Settings(_env_file=None, data_dir=data)))


def test_every_check_has_a_test_of_its_name_and_severity(manifest: dict) -> None:
    tests = {
        node["name"]: (node["test_metadata"]["kwargs"]["check_id"], node["config"]["severity"].lower())
        for node in manifest["nodes"].values()
        if is_market_check(node)
    }
    assert tests == {check_id: (check_id, row["severity"]) for check_id, row in CHECKS.items()}


def test_every_check_is_made_somewhere() -> None:
    """Named in the SQL that makes its findings, and nothing else is."""
    sql = "\n".join(path.read_text() for path in MODELS.glob("*.sql"))
    made = set(
        re.findall(r"'((?:prices|flows|futures|rates|holdings|facts|index|published|membership|marts)_\w+)'", sql)
    )
    assert set(CHECKS) <= made
    assert made - set(CHECKS) == {"index_by_session", "index_pe"}  # of claims and of figures


def test_every_limit_is_used_and_every_used_limit_is_there() -> None:
    """A limit that is missing would switch its check off without a word."""
    asked = set()
    for path in MODELS.glob("*.sql"):
        for names in re.findall(r"check_limits\(\[(.*?)\]\)", path.read_text(), re.DOTALL):
            asked |= set(re.findall(r"'([\w.]+)'", names))
        used = set(re.findall(r"limits\.(\w+__\w+)", path.read_text()))
        assert used <= {name.replace(".", "__") for name in asked}, path.name
    assert asked == {f"{row['check_id']}.{row['parameter']}" for row in THRESHOLDS}


def test_every_limit_has_a_value_a_date_and_figures() -> None:
    for row in THRESHOLDS:
        assert row["check_id"] in CHECKS
        assert float(row["value"]) >= 0
        assert date.fromisoformat(row["set_on"]) >= date(2026, 11, 1)
        assert row["unit"]
        assert len(row["reason"]) > 10
    assert len({(row["check_id"], row["parameter"]) for row in THRESHOLDS}) == len(THRESHOLDS)


def test_checks_say_what_to_do_in_whole_sentences() -> None:
    for row in CHECKS.values():
        assert row["table_name"] in {*CONTRACTS, "marts"}
        assert row["what_to_do"][0].isupper()
        assert row["what_to_do"][-1] not in ".;,"
        assert row["what_it_catches"]


def test_every_table_has_a_market_check() -> None:
    assert set(CONTRACTS) <= {row["table_name"] for row in CHECKS.values()}


def test_listed_faults_name_checks_and_days(manifest: dict) -> None:
    tests = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"}
    contract_checks = {f"{contract.table}__{name}" for contract in CONTRACTS.values() for name in contract.checks}
    for row in KNOWN:
        assert date.fromisoformat(row["first_day"]) <= date.fromisoformat(row["last_day"]), row["fault_id"]
        assert row["reason"], row["fault_id"]
        if row["findings"]:
            assert row["check_id"] in CHECKS, row["fault_id"]
            assert int(row["findings"]) > 0
            assert row["table_name"] == CHECKS[row["check_id"]]["table_name"], row["fault_id"]
        else:
            assert row["check_id"] in (tests | contract_checks) - set(CHECKS), row["fault_id"]
    assert len({row["fault_id"] for row in KNOWN}) == len(KNOWN)


# --- rules of the dbt project


def test_rules_of_the_dbt_project_are_kept(manifest: dict) -> None:
    assert dbt_rules.broken_rules(manifest) == []


def model(**changes: object) -> dict:
    node = {
        "unique_id": "model.m.int_prices__x", "name": "int_prices__x", "resource_type": "model",
        "original_file_path": "models/intermediate/int_prices__x.sql",
        "patch_path": "smallcap_watch://models/intermediate/int_prices__x.yml",
        "description": "Something. Grain: one row per day.",
        "columns": {"day": {"description": "Day.", "data_type": "date"}},
        "config": {"contract": {"enforced": False}}, "depends_on": {"nodes": []},
    }  # fmt: skip
    return node | changes


def breaches(*nodes: dict, sources: dict | None = None) -> list[str]:
    found = dbt_rules.broken_rules({"nodes": {n["unique_id"]: n for n in nodes}, "sources": sources or {}})
    return [line for line in found if "WITHOUT_KEY" not in line]


def staged(name: str, **changes: object) -> dict:
    return model(
        unique_id=f"model.m.{name}", name=name, original_file_path=f"models/staging/{name}.sql",
        patch_path=f"smallcap_watch://models/staging/{name}.yml", **changes,
    )  # fmt: skip


def test_a_model_that_keeps_the_rules() -> None:
    assert breaches(model()) == []


@pytest.mark.parametrize(
    ("node", "rule"),
    [
        (model(description=" "), "has no description"),
        (model(description="Something."), "does not say its grain"),
        (model(columns={}), "documents no columns"),
        (model(columns={"day": {"description": "", "data_type": "date"}}), "column day has no description"),
        (model(patch_path="smallcap_watch://models/intermediate/schema.yml"), "is not described in"),
        (model(name="prices_x"), "is not named as models of intermediate are"),
        (model(original_file_path="models/misc/x.sql"), "which is no layer"),
        (staged("stg_prices__x"), "has no unique_grain test"),
        (staged("stg_prices__x", columns={"day": {"description": "Day.", "data_type": None}}), "has no data_type"),
    ],
)
def test_breaches_are_named(node: dict, rule: str) -> None:
    assert any(line.startswith(f"{node['name']}: ") and rule in line for line in breaches(node)), breaches(node)


def test_sources_are_read_in_staging_alone() -> None:
    sources = {"source.m.raw.t": {"name": "daily_bars"}, "source.m.raw.w": {"name": "warehouse_mode"}}
    reader = model(depends_on={"nodes": ["source.m.raw.t", "source.m.raw.w"]})
    assert breaches(reader, sources=sources) == ["int_prices__x: reads source daily_bars: only staging does"]


def test_a_key_is_a_unique_grain_test_on_the_model() -> None:
    node = staged("stg_prices__x")
    test = {
        "unique_id": "test.m.t", "name": "t", "resource_type": "test", "attached_node": node["unique_id"],
        "test_metadata": {"name": "unique_grain"},
    }  # fmt: skip
    assert breaches(node, test) == []


def test_marts_have_a_contract_that_ends_with_is_simulated() -> None:
    mart = model(
        unique_id="model.m.prices", name="prices", original_file_path="models/marts/prices.sql",
        patch_path="smallcap_watch://models/marts/prices.yml",
    )  # fmt: skip
    assert {line.split(": ")[1] for line in breaches(mart)} == {
        "has no unique_grain test", "is a mart without an enforced contract",
        "is a mart whose last column is not is_simulated",
    }  # fmt: skip


def test_an_exception_that_is_not_needed_any_more_is_named() -> None:
    found = dbt_rules.broken_rules({"nodes": {}, "sources": {}})
    assert {line.split(":")[0] for line in found} == set(dbt_rules.WITHOUT_KEY)
