"""Settings: defaults, environment, paths, and messages for wrong ones."""

from pathlib import Path

import pytest

from dagster_project.errors import SmallcapError
from dagster_project.settings import Settings, load_settings
from tests.helpers import REPO


@pytest.fixture(autouse=True)
def no_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A `.env` of the developer does not reach these tests."""
    monkeypatch.setitem(Settings.model_config, "env_file", None)


def test_defaults(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SMALLCAP_DATA_DIR")
    settings = load_settings()
    assert (settings.data_dir, settings.source, settings.mode) == (REPO / "data", "sample", "simulated")
    assert settings.inbox_dir == REPO / "data" / "inbox"
    assert settings.builds_kept == 5


def test_environment_and_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SMALLCAP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SMALLCAP_SOURCE", "files")
    monkeypatch.setenv("SMALLCAP_INBOX", str(tmp_path / "mine"))
    settings = load_settings({"source": None, "inbox": None})
    assert (settings.data_dir, settings.mode, settings.inbox_dir) == (tmp_path, "real", tmp_path / "mine")
    settings = load_settings({"source": "sample", "inbox": tmp_path / "other"})
    assert (settings.mode, settings.inbox_dir) == ("simulated", tmp_path / "other")


def test_paths_are_absolute_and_below_the_data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    settings = load_settings({"data_dir": "here"})
    paths = [
        settings.inbox_dir, settings.archive_dir, settings.warehouse_file, settings.lock_file, settings.builds_dir,
        settings.current_link, settings.published_file, settings.logs_dir, settings.dagster_home,
        settings.dbt_target_dir,
    ]  # fmt: skip
    assert all(path.is_relative_to(tmp_path / "here") for path in paths)


def test_simulated_and_real_share_no_warehouse_archive_or_parse_cache(tmp_path: Path):
    sample, files = (load_settings({"data_dir": tmp_path, "source": source}) for source in ("sample", "files"))
    for name in ("warehouse_file", "archive_dir", "dbt_target_dir"):
        assert getattr(sample, name) != getattr(files, name)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("SMALLCAP_SOURCE", "bloomberg"), ("SMALLCAP_BUILDS_KEPT", "0"), ("SMALLCAP_BUILDS_KEPT", "many")],
)
def test_wrong_setting_names_itself_and_its_value(monkeypatch: pytest.MonkeyPatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SmallcapError) as caught:
        load_settings()
    assert f"{variable}='{value}'" in str(caught.value)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("name", ["SMALLCAP_INBOX", "SMALLCAP_DATA_DIR"])
def test_empty_variable_is_an_unset_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, "")
    settings = load_settings()
    assert tmp_path not in (settings.data_dir, settings.inbox_dir)


def test_child_environment_keeps_libraries_inside_the_data_directory(tmp_path: Path):
    settings = load_settings({"data_dir": tmp_path, "source": "files"})
    child = settings.child_environment()
    for name in ("DAGSTER_HOME", "DBT_TARGET_PATH", "DBT_LOG_PATH", "SMALLCAP_WAREHOUSE_FILE", "SMALLCAP_INBOX"):
        assert Path(child[name]).is_relative_to(tmp_path)
    assert (child["DAGSTER_DISABLE_TELEMETRY"], child["DBT_SEND_ANONYMOUS_USAGE_STATS"]) == ("1", "false")
