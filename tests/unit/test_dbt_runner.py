"""The manifest of dbt: used while it is whole and as new as the project, made again otherwise."""

import json
import os
from pathlib import Path

import pytest
from dbt.contracts.graph.manifest import Manifest

from dagster_project import dbt_runner
from dagster_project.dbt_runner import ensure_manifest
from dagster_project.settings import Settings
from tests.helpers import files_settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings under which `dbt parse` writes a manifest of one word."""
    made = files_settings(tmp_path)
    made.dbt_parsed_dir.mkdir(parents=True)

    def parse(settings: Settings, arguments: list[str]) -> None:
        assert arguments == ["parse", "--target-path", str(settings.dbt_parsed_dir)]
        (settings.dbt_parsed_dir / "manifest.json").write_text(json.dumps({"parsed": True}))

    monkeypatch.setattr(dbt_runner, "invoke_dbt", parse)
    return made


@pytest.mark.parametrize("left", ["", '{"nodes": {"model.a": {'])
def test_part_of_a_manifest_is_made_again(settings: Settings, left: str):
    """What a killed build leaves is newer than the project."""
    (settings.dbt_parsed_dir / "manifest.json").write_text(left)
    assert json.loads(ensure_manifest(settings).read_text()) == {"parsed": True}


def test_whole_manifest_is_used(settings: Settings):
    (settings.dbt_parsed_dir / "manifest.json").write_text('{"nodes": {}}')
    assert json.loads(ensure_manifest(settings).read_text()) == {"nodes": {}}


def test_manifest_older_than_the_project_is_made_again(settings: Settings):
    manifest = settings.dbt_parsed_dir / "manifest.json"
    manifest.write_text('{"nodes": {}}')
    os.utime(manifest, (0, 0))
    assert json.loads(ensure_manifest(settings).read_text()) == {"parsed": True}


@pytest.mark.parametrize("age", ["as new as the project", "older"])
def test_half_or_old_parsing_of_dbt_is_not_used(settings: Settings, age: str):
    (settings.dbt_parsed_dir / "manifest.json").write_text('{"nodes": {}}')
    kept = settings.dbt_parsed_dir / "partial_parse.msgpack"
    kept.write_bytes(b"\x81\xa5nodes" if age == "as new as the project" else Manifest().to_msgpack())
    if age == "older":
        os.utime(kept, (0, 0))
    assert dbt_runner._parsed(settings) is None


def test_whole_parsing_of_dbt_is_used(settings: Settings):
    (settings.dbt_parsed_dir / "manifest.json").write_text('{"nodes": {}}')
    (settings.dbt_parsed_dir / "partial_parse.msgpack").write_bytes(Manifest().to_msgpack())
    assert isinstance(dbt_runner._parsed(settings), Manifest)
