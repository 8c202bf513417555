"""The dbt project parsed once for all processes of a test run: parsing costs more than most of what a test runs.

`handed_to` lays the parsing where a build finds its last one. `python -m tests.parsed_dbt NAME ARGUMENT ...` is `dbt`
with that parsing, on a warehouse of that name; a test that wants dbt to parse calls dbt itself, and the build of the
real input (tests/golden/conftest.py) starts without.
"""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from dagster_project.dbt_runner import ensure_manifest
from dagster_project.settings import Settings
from tests.made_once import made_once

VARIABLE = "TESTS_PARSED_DBT"
"""Directory of the parsings, set by tests/conftest.py; a campaign runs without."""
SOURCES = {"real": "files", "simulated": "sample"}


def parsed(name: str) -> Path | None:
    """Directory of the parsing for warehouses of this name; None outside of a test run."""
    home = os.environ.get(VARIABLE)
    return made_once(Path(home) / name, _parse) if home and name in SOURCES else None


def _parse(directory: Path) -> Path:
    from tests.helpers import clean_environment

    environment = clean_environment(SMALLCAP_DATA_DIR=directory, SMALLCAP_SOURCE=SOURCES[directory.name])
    subprocess.run([sys.executable, "-m", "tests.parsed_dbt"], env=environment, check=True, capture_output=True)
    return directory / "dbt_target" / directory.name


def handed_to(data_dir: Path, name: str) -> None:
    """Lay the parsing into a data directory that has none and can be written to."""
    target = data_dir / "dbt_target" / name
    with suppress(OSError):
        if (found := parsed(name)) and not target.exists():
            shutil.copytree(found, target)


def dbt(name: str, arguments: list[str]) -> int:
    """Run dbt with the parsing; its exit code. Raises what dbt could not go on with."""
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    found = parsed(name)
    assert found is not None
    manifest = Manifest.from_msgpack((found / "partial_parse.msgpack").read_bytes())
    manifest.build_flat_graph()
    outcome = dbtRunner(manifest=manifest).invoke(arguments)
    if outcome.exception is not None:
        raise outcome.exception
    return 0 if outcome.success else 1


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(dbt(sys.argv[1], sys.argv[2:]))
    ensure_manifest(Settings(_env_file=None))
