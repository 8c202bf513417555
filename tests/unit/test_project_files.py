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


def test_the_list_of_settings_is_that_of_the_program() -> None:
    assert docs.ENV_EXAMPLE.read_text() == docs.env_example(), "run `make docs`"


def test_every_listed_setting_is_read(tmp_path: Path) -> None:
    told = re.findall(r"^# (SMALLCAP_\w+)=(.*?)  # ", docs.ENV_EXAMPLE.read_text(), re.MULTILINE)
    assert len(told) > 25
    file = tmp_path / ".env"
    file.write_text("".join(f"{name}={value}\n" for name, value in told))
    read = Settings(_env_file=file, data_dir=tmp_path)
    assert read.live == Settings(_env_file=None).live
    file.write_text("SMALLCAP_LIVE__ATTEMPTS=7\nSMALLCAP_LIVE__FRED_API_KEY=planted-key-4711\n")
    read = Settings(_env_file=file)
    assert read.live.attempts == 7 and "planted-key-4711" in read.secrets
    assert "planted-key-4711" not in repr(read) + str(read.model_dump())


def test_every_symbol_of_the_marts_is_in_the_universe() -> None:
    from dagster_project.sources.live.universe import universe

    seed = (ROOT / "dbt" / "seeds" / "securities.csv").read_text().splitlines()[1:]
    assert {line.split(",")[0] for line in seed} <= {one.symbol for one in universe()}


def test_every_provider_keeps_the_protocol() -> None:
    import inspect

    from dagster_project.contracts.tables import CONTRACTS
    from dagster_project.sources.live.provider import Provider
    from dagster_project.sources.live.registry import PROVIDERS, provider

    for name in PROVIDERS:
        one = provider(name)
        assert name == one.NAME and set(one.TABLES) <= set(CONTRACTS)
        for function in ("plan", "check", "parse", "probe"):
            wanted = list(inspect.signature(getattr(Provider, function)).parameters)[1:]
            assert list(inspect.signature(getattr(one, function)).parameters) == wanted, f"{name}.{function}"


def test_data_dictionary_is_up_to_date(tmp_path: Path) -> None:
    manifest = read_manifest(ensure_manifest(Settings(data_dir=tmp_path)))
    assert docs.DATA_DICTIONARY.read_text() == docs.data_dictionary(manifest), "run `make docs`"


@pytest.mark.parametrize(
    "target",
    ["build", "test", "check", "ui", "bench", "superset", "spark", "test-spark", "soak", "internet", "docs", "clean"],
)
def test_makefile_has_the_targets_of_the_readme(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_nothing_is_named_dbt_as_a_package() -> None:
    """A package in dbt/ would shadow dbt itself."""
    assert not list((ROOT / "dbt").rglob("__init__.py"))


DOCUMENTS = sorted(file for folder in (ROOT, ROOT / "docs") for file in folder.glob("*.md"))


def anchors(text: str) -> set[str]:
    """Anchors of the headings, as they are made from their words."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_links_between_documents_lead_somewhere(document: Path):
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        assert file.exists(), f"{document.name} links to {target}"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{document.name} links to {target}"
