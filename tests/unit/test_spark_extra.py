"""What the Spark extra says agrees with the project, seen without Spark."""

import re
from pathlib import Path

import pytest

from dagster_project.dbt_runner import ensure_manifest, read_manifest
from dagster_project.settings import PROJECT_ROOT, Settings
from dagster_project.warehouse.spark_exchange import input_tables, tables_of_spark
from tests.parsed_dbt import handed_to

MACROS = {file.name: file.read_text() for file in (PROJECT_ROOT / "dbt" / "macros").glob("*.sql")}
DISPATCHED = sorted(set(re.findall(r"adapter\.dispatch\('(\w+)'\)", "".join(MACROS.values()))))
ENGINE_FILE = "engine_spark.sql"
"""Its macros answer dbt, not models."""


def defined(engine: str) -> dict[str, str]:
    """Arguments of the macros of an engine, by name."""
    project = "".join(text for name, text in MACROS.items() if name != ENGINE_FILE)
    return dict(re.findall(rf"{{% macro {engine}__(\w+)\((.*?)\)", project))


def test_macros_are_dispatched():
    assert {"add_days", "quantile", "joined_text"} <= set(DISPATCHED)


@pytest.mark.parametrize("name", DISPATCHED)
def test_every_dispatched_macro_says_it_for_both_engines(name: str) -> None:
    general, duckdb, spark = defined("default"), defined("duckdb"), defined("spark")
    assert name in spark
    assert name in general or name in duckdb
    for engine in (general, duckdb):
        assert engine.get(name, spark[name]) == spark[name], "other arguments"


def test_no_engine_is_spoken_to_that_no_model_asks() -> None:
    assert {*defined("default"), *defined("duckdb"), *defined("spark")} == set(DISPATCHED)


def test_models_use_no_word_that_one_engine_lacks() -> None:
    """Each of these was found in a model, and means nothing, or something else, to Spark."""
    only_duckdb = {
        r"as varchar\)": "string",
        r"\barg_(min|max)\(": "min_by, max_by",
        r"\bstrftime\(": "substr of the date as string",
        r"\bstring_agg\(": "macro joined_text",
        r"\bconcat\(": "|| or concat_ws: a null counts otherwise",
        r"\bquantile_cont\(": "macro quantile",
        r"\bmedian\([^()]*\) over": "macro quantile",
        r"\brow\(": "macro as_row",
        r"\bunnest\(": "macro explode_list",
        r"100\.0 \*": "100: a decimal of Spark keeps few digits when it is divided",
        r"over \(\w+ (rows|order)": "a window of its own, written in full",
        r"materialized='incremental'(?! if target)": "'incremental' if target.type == 'duckdb' else 'table'",
    }
    found = [
        f"{file.name}: {pattern}, write {instead}"
        for file in sorted((PROJECT_ROOT / "dbt" / "models").rglob("*.sql"))
        for pattern, instead in only_duckdb.items()
        if re.search(pattern, file.read_text())
    ]
    assert found == []


def test_every_table_is_made_once(tmp_path: Path) -> None:
    """Sources, seeds and Python models arrive; SQL models are made; nothing is both, and nothing is left out."""
    handed_to(tmp_path, "simulated")
    manifest = read_manifest(ensure_manifest(Settings(_env_file=None, data_dir=tmp_path)))
    arriving = set(input_tables(manifest))
    made = {(node["schema"], node["name"]) for node in tables_of_spark(manifest)}
    views = {
        (node["schema"], node["name"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["config"]["materialized"] == "view"
    }
    everything = {
        (node["schema"], node["name"])
        for node in [*manifest["nodes"].values(), *manifest["sources"].values()]
        if node["resource_type"] in ("model", "seed", "source")
    }
    assert not arriving & made
    assert arriving | made | views == everything


def test_dbt_is_the_same_in_both_environments() -> None:
    pinned = [
        re.search(r"^dbt-core==([\d.]+)", (PROJECT_ROOT / file).read_text(), re.MULTILINE)
        for file in ("requirements.lock", "spark/requirements.txt")
    ]
    assert all(pinned)
    assert len({found[1] for found in pinned if found}) == 1


def test_the_lock_has_a_hash_for_every_package_and_names_no_host() -> None:
    lock = (PROJECT_ROOT / "spark" / "requirements.txt").read_text()
    packages = re.findall(r"^[a-z].*", lock, re.MULTILINE)
    assert len(packages) > 20
    assert all(line.endswith("\\") for line in packages)
    assert "://" not in lock
