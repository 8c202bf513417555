"""Logs: valid JSON lines, secrets nowhere."""

import json
import logging
from datetime import datetime
from pathlib import Path

import pytest

from dagster_project.build_log import build_log
from dagster_project.settings import Settings

SECRET = "s3cr3t-t0ken"
LOGGER = logging.getLogger("smallcap.test")


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_lines_are_json_with_time_level_and_logger(tmp_path: Path):
    with build_log(tmp_path / "logs", "20260105T120000000Z", (), terminal=False) as path:
        LOGGER.info('quotes " and\nnew lines, %s', "Москва")
        LOGGER.warning("careful")
    assert path == tmp_path / "logs" / "20260105T120000000Z.jsonl"
    first, second = lines(path)
    assert first["message"] == 'quotes " and\nnew lines, Москва'
    assert (first["level"], first["logger"], second["level"]) == ("info", "smallcap.test", "warning")
    assert datetime.fromisoformat(first["time_utc"]).utcoffset().total_seconds() == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: LOGGER.info(f"key={SECRET}"),
        lambda: LOGGER.info("key=%s", SECRET),
        lambda: LOGGER.info("%s", {"url": f"https://x/?apikey={SECRET}&b=1"}),
        lambda: LOGGER.error("%(key)s", {"key": SECRET}),
    ],
)
@pytest.mark.parametrize("terminal", [True, False])
def test_secrets_are_masked_in_message_and_arguments(tmp_path: Path, capsys, call, terminal):
    with build_log(tmp_path, "b", (SECRET,), terminal) as path:
        call()
    assert SECRET not in path.read_text()
    assert "***" in lines(path)[0]["message"]
    shown = capsys.readouterr()
    assert SECRET not in shown.out + shown.err


def test_secrets_are_masked_in_exceptions(tmp_path: Path):
    with build_log(tmp_path, "b", (SECRET,), terminal=False) as path:
        try:
            raise ValueError(f"401 for https://x/?apikey={SECRET}")
        except ValueError:
            LOGGER.exception("fetch failed")
    assert "ValueError" in lines(path)[0]["exception"]
    assert SECRET not in path.read_text()


def test_longer_secret_is_masked_before_the_one_it_contains(tmp_path: Path):
    with build_log(tmp_path, "b", ("secret", "secret-longer"), terminal=False) as path:
        LOGGER.info("secret-longer and secret")
    assert lines(path)[0]["message"] == "*** and ***"


def test_secrets_are_taken_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FRED_API_KEY", "abcdef123456")
    monkeypatch.setenv("MY_PASSWORD", "hunter2hunter2")
    monkeypatch.setenv("SOME_TOKEN", "short")
    found = Settings(_env_file=None, data_dir=tmp_path).secrets
    assert {"abcdef123456", "hunter2hunter2"} <= set(found)
    assert "short" not in found


def test_log_ends_with_its_build(tmp_path: Path):
    with build_log(tmp_path, "one", (), terminal=False) as path:
        LOGGER.info("inside")
    LOGGER.info("outside")
    assert [line["message"] for line in lines(path)] == ["inside"]
    assert logging.getLogger("smallcap").handlers == []


def test_terminal_shows_markup_as_it_is(tmp_path: Path, capsys):
    with build_log(tmp_path, "b", (), terminal=True):
        LOGGER.info("column [bold]close[/bold] in [/path]")
    assert "column [bold]close[/bold] in [/path]" in capsys.readouterr().err


def test_a_warning_is_said_once_and_progress_every_time(tmp_path: Path):
    with build_log(tmp_path, "b", (), terminal=False) as path:
        for table in ("daily_bars", "fed_funds_futures"):
            LOGGER.info("extracting")
            LOGGER.error("https://host: not asked any more")
            LOGGER.error("%s lacks rows", table)
    assert [line["message"] for line in lines(path)] == [
        "extracting", "https://host: not asked any more", "daily_bars lacks rows", "extracting",
        "fed_funds_futures lacks rows",
    ]  # fmt: skip
