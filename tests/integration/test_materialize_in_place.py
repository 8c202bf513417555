"""Tables and views replaced in place: what fails leaves the old one whole, and nothing stays beside them."""

import json
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest

from tests.helpers import PROGRAM, REPO, clean_environment

PROJECT = """
name: in_place
version: "1.0.0"
config-version: 2
profile: in_place
flags: {send_anonymous_usage_stats: false, version_check: false}
"""
PROFILE = "in_place: {target: it, outputs: {it: {type: duckdb, path: made.duckdb, threads: 2}}}\n"
FAILS = """
select cast({{ var('value') }} as integer) as value
{% if var('fails') %} union all select cast(error('no') as integer) as value {% endif %}
"""
MODELS = {
    "plain.sql": "{{ config(materialized='table') }}" + FAILS,
    "agreed.sql": "{{ config(materialized='table') }}" + FAILS,
    "turned.sql": "{{ config(materialized=var('kind')) }} select {{ var('value') }} as value",
    "switch.sql": "select {{ var('value') }} as value, {{ var('fails') }} as fails",
    "python.py": """
def model(dbt, session):
    dbt.config(materialized="table")
    switch = dbt.ref("switch").df()
    if switch["fails"].all():
        raise ValueError("no")
    return switch[["value"]]
""",
    "models.yml": """
models:
  - name: agreed
    config: {contract: {enforced: true}}
    columns:
      - {name: value, data_type: integer, constraints: [{type: not_null}]}
""",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("in_place")
    (home / "dbt_project.yml").write_text(PROJECT)
    (home / "profiles.yml").write_text(PROFILE)
    for folder in ("models", "macros"):
        (home / folder).mkdir()
    for name, text in MODELS.items():
        (home / "models" / name).write_text(text)
    shutil.copy(REPO / "dbt" / "macros" / "materialize_in_place.sql", home / "macros")
    return home


def run(project: Path, **values: object) -> dict[str, str]:
    """Run the models; the status of each."""
    subprocess.run(
        [PROGRAM.with_name("dbt"), "run", "--profiles-dir", ".", "--vars", json.dumps(values)],
        cwd=project, env=clean_environment(), capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    results = json.loads((project / "target" / "run_results.json").read_text())["results"]
    return {row["unique_id"].split(".")[2]: row["status"] for row in results if not row["unique_id"].endswith("switch")}


def held(project: Path) -> dict[str, tuple[str, list[int]]]:
    """Every relation: its kind and what it holds."""
    with duckdb.connect(str(project / "made.duckdb"), read_only=True) as connection:
        tables = "select table_name, table_type from information_schema.tables where table_name <> 'switch'"
        found = connection.execute(tables).fetchall()
        return {
            name: (kind, [int(value) for (value,) in connection.execute(f"select value from {name}").fetchall()])
            for name, kind in found
        }


def test_a_replacement_is_whole_or_did_not_happen(project: Path) -> None:
    assert set(run(project, value=1, fails=False, kind="view").values()) == {"success"}
    table = {name: ("BASE TABLE", [1]) for name in ("plain", "agreed", "python")}
    assert held(project) == {**table, "turned": ("VIEW", [1])}

    statuses = run(project, value=2, fails=True, kind="table")
    assert statuses == {"plain": "error", "agreed": "error", "python": "error", "turned": "success"}
    assert held(project) == {**table, "turned": ("BASE TABLE", [2])}

    assert set(run(project, value=3, fails=False, kind="view").values()) == {"success"}
    assert held(project) == {**{name: ("BASE TABLE", [3]) for name in table}, "turned": ("VIEW", [3])}


def test_a_contract_is_still_enforced(project: Path) -> None:
    model = project / "models" / "agreed.sql"
    kept = model.read_text()
    run(project, value=4, fails=False, kind="view")
    try:
        model.write_text("{{ config(materialized='table') }} select 'text' as value")
        assert run(project, value=4, fails=False, kind="view")["agreed"] == "error"
        assert held(project)["agreed"] == ("BASE TABLE", [4])
        model.write_text("{{ config(materialized='table') }} select cast(null as integer) as value")
        assert run(project, value=4, fails=False, kind="view")["agreed"] == "error"
        assert held(project)["agreed"] == ("BASE TABLE", [4])
    finally:
        model.write_text(kept)
