"""The warehouse built once from the real input, for every test that compares with known answers.

The input lies outside the project (terms of its publishers); without it these tests are skipped.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import HANGS_AFTER_SECONDS
from tests.made_once import made_once

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
INBOX = SHARED / "realdata" / "inbox"


@pytest.fixture(scope="session")
def real_data_dir(shared: Path) -> Path:
    """Data directory of a whole `smallcap build` on the real input."""
    if not INBOX.is_dir():
        pytest.skip(f"{INBOX} is not there: the real input is not part of the project")
    return made_once(shared / "real", _built)


def _built(data: Path) -> Path:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SMALLCAP_")}
    smallcap = Path(sys.executable).with_name("smallcap")
    done = subprocess.run(
        [smallcap, "build", "--source", "files", "--inbox", INBOX],
        env=environment | {"SMALLCAP_DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        check=False,
        timeout=HANGS_AFTER_SECONDS,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return data


@pytest.fixture(scope="session")
def real_build(real_data_dir: Path) -> Path:
    """Published database of the real input."""
    return real_data_dir / "published" / "current" / "market.duckdb"
