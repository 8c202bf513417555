"""Dagster's run history in a real PostgreSQL that the test starts; skipped where none is installed."""

import json
import os
import shutil
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests import market
from tests.helpers import REPO, clean_environment, smallcap

PASSWORD = "planted-password-0815"


def binaries() -> Path:
    """Folder with initdb and postgres."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin"), *(Path(p) for p in os.get_exec_path())]
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    pytest.skip("no PostgreSQL here (looked for initdb in /usr/lib/postgresql and PATH): install postgresql")


@pytest.fixture(scope="module")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own on the loopback interface, with a password."""
    folder = binaries()
    directory = tmp_path_factory.mktemp("postgres")
    run_as: Sequence[str] = ()
    if os.getuid() == 0:  # the server refuses to run as root
        if not shutil.which("runuser"):
            pytest.skip("PostgreSQL refuses root, and there is no runuser to start it as another user")
        run_as = ("runuser", "-u", "postgres", "--")
        directory = Path("/var/lib/postgresql") / directory.name
        subprocess.run([*run_as, "mkdir", "-p", directory], check=True)
    password = directory / "password"
    subprocess.run([*run_as, "sh", "-c", f"printf %s {PASSWORD} > {password}"], check=True)
    data = directory / "data"
    subprocess.run(
        [*run_as, folder / "initdb", "-D", data, "-U", "smallcap", "--auth=scram-sha-256", f"--pwfile={password}"],
        check=True, capture_output=True,
    )  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={directory}"
    control = [*run_as, folder / "pg_ctl", "-D", data, "-w", "-l", directory / "log", "-o", options]
    subprocess.run([*control, "start"], check=True, capture_output=True)
    yield f"postgresql://smallcap:{PASSWORD}@127.0.0.1:{port}/postgres"
    subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True)
    subprocess.run([*run_as, "rm", "-rf", directory], check=True)


# One asset: each event of a whole build costs a connection with a password exchange, minutes in all.
MATERIALIZE = textwrap.dedent("""
    import json
    import dagster as dg
    from dagster_project.settings import load_settings
    settings = load_settings()
    settings.apply_child_environment()
    from dagster_project.orchestration.instance import open_instance, prepare_instance
    prepare_instance(settings)
    with open_instance(settings) as instance:
        from dagster_project.definitions import defs
        key = dg.AssetKey(["raw", "daily_bars"])
        job = defs.resolve_implicit_global_asset_job_def()
        job.execute_in_process(instance=instance, asset_selection=[key])
        [run] = instance.get_runs()
        event = instance.get_latest_materialization_event(key)
        years = sorted(instance.get_materialized_partitions(key))
        told = [type(instance.event_log_storage).__name__, run.status.value, event is not None, years]
        print(json.dumps(told), flush=True)
""")


def test_runs_are_written_to_postgres_and_no_password_to_a_file(tmp_path: Path, postgres_url: str):
    inbox, data = tmp_path / "inbox", tmp_path / "data"
    market.deliver(inbox, market.bars())
    environment = clean_environment(
        SMALLCAP_DATA_DIR=data, SMALLCAP_SOURCE="files", SMALLCAP_INBOX=inbox, SMALLCAP_POSTGRES_URL=postgres_url
    )
    done = subprocess.run(
        [sys.executable, "-c", MATERIALIZE], env=environment, capture_output=True, text=True, cwd=REPO, timeout=600
    )
    assert done.returncode == 0, done.stderr
    storage, status, is_materialized, years = json.loads(done.stdout.splitlines()[-1])
    assert (storage, status, is_materialized) == ("PostgresEventLogStorage", "SUCCESS", True)
    assert "2017" in years
    assert not list((data / "dagster_home").glob("history/**/*.db"))
    holding = [file for file in data.rglob("*") if file.is_file() and PASSWORD.encode() in file.read_bytes()]
    assert holding == []
    assert PASSWORD not in done.stdout + done.stderr


def test_a_server_that_is_not_there_is_told_of_without_the_password(tmp_path: Path):
    url = f"postgresql://smallcap:{PASSWORD}@127.0.0.1:9/postgres"
    done = smallcap(tmp_path, "build", "--source", "sample", "--quiet", SMALLCAP_POSTGRES_URL=url)
    assert done.code == 1
    assert "Dagster's run history cannot be opened" in done.err
    assert "Traceback" not in done.err and PASSWORD not in done.err


def test_a_home_with_another_history_is_refused_in_words(tmp_path: Path):
    home = tmp_path / "dagster_home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    url = f"postgresql://smallcap:{PASSWORD}@127.0.0.1:9/postgres"
    done = smallcap(tmp_path, "build", "--source", "sample", "--quiet", SMALLCAP_POSTGRES_URL=url)
    assert done.code == 1
    assert f"{home / 'dagster.yaml'} keeps the run history in SQLite" in done.err
