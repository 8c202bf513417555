"""Files of the project that must agree with each other."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from dagster_project import __version__, docs
from dagster_project.dbt_runner import ensure_manifest, read_manifest
from dagster_project.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def test_one_version_for_package_and_changelog() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest[1] == __version__ == version("smallcap-watch")


def test_lock_has_hashes_and_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    requirements = re.findall(r"^[a-z0-9][^\n]*==", lock, re.MULTILINE)
    assert len(requirements) > 50
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[a-z0-9])", lock.strip()))


def test_lock_pins_every_dependency_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[\[=<>]", requirement)[0] for requirement in wanted}
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert names <= locked


def test_dbt_sources_are_those_of_the_contracts() -> None:
    assert docs.DBT_SOURCES.read_text() == docs.dbt_sources(), "run `make docs`"


def test_data_dictionary_is_up_to_date(tmp_path: Path) -> None:
    manifest = read_manifest(ensure_manifest(Settings(data_dir=tmp_path)))
    assert docs.DATA_DICTIONARY.read_text() == docs.data_dictionary(manifest), "run `make docs`"


@pytest.mark.parametrize("target", ["build", "test", "check", "ui", "bench", "superset", "soak", "docs", "clean"])
def test_makefile_has_the_targets_of_the_readme(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_nothing_is_named_dbt_as_a_package() -> None:
    """A package in dbt/ would shadow dbt itself."""
    assert not list((ROOT / "dbt").rglob("__init__.py"))
