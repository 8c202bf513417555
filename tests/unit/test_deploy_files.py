"""The files of deploy/ call the program as it is: commands, options, settings, paths.

No image can be pulled where the project is built, so the container files are read here and never run.
"""

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from dagster_project.cli import app
from dagster_project.settings import Settings
from dagster_project.sources.live.config import LiveConfig
from tests.helpers import PROGRAM, REPO

DEPLOY = REPO / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
CONTAINERFILE = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
INSTALLED_IN = "/opt/smallcap-watch"


def started_by(unit: Path) -> list[str]:
    [line] = re.findall(r"^ExecStart=(.*)$", unit.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return shlex.split(line)


def parsed(arguments: list[str]) -> None:
    """Let the command line read arguments as it would; raises what it would say of them."""
    group = typer.main.get_command(app)
    with group.make_context("smallcap", list(arguments)) as context:
        rest = [*context._protected_args, *context.args]
        name, command, rest = group.resolve_command(context, rest)  # type: ignore[attr-defined]
        with command.make_context(name, rest, parent=context):
            pass


def commands() -> dict[str, list[str]]:
    found = {unit.name: started_by(unit)[1:] for unit in UNITS}
    found |= {f"compose: {name}": made["command"] for name, made in COMPOSE["services"].items() if "command" in made}
    [default] = re.findall(r"^CMD (.*)$", CONTAINERFILE, flags=re.MULTILINE)
    found["Containerfile"] = yaml.safe_load(default)
    text = (REPO / "docs" / "deploy.md").read_text(encoding="utf-8")
    for said in re.findall(r"`smallcap ([^`]+)`", text):
        found[f"deploy.md: smallcap {said}"] = shlex.split(said)
    return found


@pytest.mark.parametrize("arguments", commands().values(), ids=commands().keys())
def test_every_command_is_one_of_the_program(arguments: list[str]):
    # What a command needs besides is the reader's to add.
    parsed([*arguments, "--known-at", "2017-05-26"] if arguments == ["replay"] else arguments)


@pytest.mark.parametrize("wrong", [["uj"], ["ui", "--only", "everything"], ["ui", "--listen", "3000"]])
def test_a_wrong_command_would_be_noticed(wrong: list[str]):
    with pytest.raises(Exception, match=r"(?i)no such|invalid value|is not one of"):
        parsed(wrong)


def test_every_setting_that_is_named_exists():
    texts = [path.read_text(encoding="utf-8") for path in (*UNITS, *DEPLOY.glob("*.*"), REPO / "docs" / "deploy.md")]
    named = {name for text in [*texts, CONTAINERFILE] for name in re.findall(r"\bSMALLCAP_([A-Z_]+)\b", text)}
    fields = {name.upper() for name in Settings.model_fields}
    fields |= {f"LIVE__{name.upper()}" for name in LiveConfig.model_fields}
    assert len(named) > 8
    assert named - fields == set()


def test_paths_of_units_and_image_agree():
    for unit in UNITS:
        assert started_by(unit)[0] == f"{INSTALLED_IN}/.venv/bin/smallcap"
        text = unit.read_text(encoding="utf-8")
        assert f"WorkingDirectory={INSTALLED_IN}" in text and "ReadWritePaths=/var/lib/smallcap-watch" in text
    assert f"PATH={INSTALLED_IN}/.venv/bin:$PATH SMALLCAP_DATA_DIR=/var/lib/smallcap-watch" in CONTAINERFILE
    ours = [made for made in COMPOSE["services"].values() if "build" in made]
    assert [made["volumes"] for made in ours] == [["warehouse:/var/lib/smallcap-watch"]] * 2


def test_no_service_publishes_a_port_beyond_this_machine():
    ports = [port for made in COMPOSE["services"].values() for port in made.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)


def test_secrets_data_and_the_environment_of_the_host_stay_out_of_the_image():
    left_out = (REPO / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {".env", ".venv*", "data/*", ".git"} <= set(left_out)
    assert "!data/sample" in left_out


@pytest.mark.parametrize("fault", ["", "Restart=sometimes\n"], ids=["as they are", "with a planted fault"])
def test_systemd_accepts_the_units(tmp_path: Path, fault: str):
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here: units are not verified")
    copies = []
    for unit in UNITS:
        copies.append(tmp_path / unit.name)
        text = unit.read_text(encoding="utf-8").replace(f"{INSTALLED_IN}/.venv/bin/smallcap", str(PROGRAM))
        text = text.replace(INSTALLED_IN, str(REPO))
        copies[-1].write_text(text.replace("[Service]\n", f"[Service]\n{fault}"), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", *copies], capture_output=True, text=True)
    complaints = [line for line in done.stderr.splitlines() if "smallcap-" in line]
    assert bool(complaints) == bool(fault), done.stderr
