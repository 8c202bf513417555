"""Readers hold the published file over a whole build: neither side fails, and a new reader sees the new build."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.environments import Client, installed
from tests.helpers import smallcap
from tests.scenarios import Run

HOLD_MARKET = Path(__file__).with_name("hold_market.py")


@pytest.mark.scenario("sample_twice")
def test_readers_hold_the_file_over_a_whole_build(run: Run, tmp_path: Path):
    """The project's own Python, and the client of each version that can be had."""
    own_run = Run(shutil.copytree(run.data, tmp_path / "data", symlinks=True), run.inbox)
    clients = [client.python for client in installed().values() if isinstance(client, Client)]
    before = own_run.market_file.resolve()
    [(old,)] = own_run.ask("select build_id from meta.build")
    readers = [
        subprocess.Popen(
            [python, "-I", HOLD_MARKET, before],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for python in (Path(sys.executable), *clients)
    ]
    try:
        assert [reader.stdout.readline() for reader in readers] == ["open\n"] * len(readers)
        built = smallcap(own_run.data, "build", "--quiet")
    finally:
        ended = [reader.communicate(timeout=60) for reader in readers]
    assert built.code == 0, built.err
    for reader, (out, err) in zip(readers, ended, strict=True):
        assert reader.returncode == 0, err
        seen = json.loads(out)
        assert seen["builds"] == [old], "an open reader keeps its build"
        assert seen["answers"] > 5
    assert own_run.market_file.resolve() != before
    [(new,)] = own_run.ask("select build_id from meta.build")
    assert new > old
