"""Environments of other versions of the clients: made once from the locks beside this file, kept in the user's cache.

A client is DuckDB (Python, and the command line where there is one) of one version on top of the libraries that BI
tools and notebooks use. The locks are resolved from the `.in` files beside them with

    uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
      --no-emit-index-url --no-emit-find-links --no-emit-package duckdb NAME.in -o NAME.txt

(without `--no-emit-package` for the DuckDB versions themselves) and installed by venv and pip alone.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from filelock import FileLock

HERE = Path(__file__).resolve().parent
VERSIONS = ("1.4", "1.5", "2.0")
LIBRARIES = "libraries"


@dataclass(frozen=True)
class Client:
    """One installed client."""

    version: str
    directory: Path

    @property
    def python(self) -> Path:
        return self.directory / "bin" / "python"

    @property
    def command_line(self) -> Path | None:
        """The `duckdb` command; none where no package of this version brings one."""
        found = self.directory / "bin" / "duckdb"
        return found if found.exists() else None


@cache
def installed() -> dict[str, Client | str]:
    """The client of every version, or what pip said when its packages could not be had."""
    _cache().mkdir(parents=True, exist_ok=True)
    locks = [HERE / f"{name}.txt" for name in (LIBRARIES, *(f"duckdb-{version}" for version in VERSIONS))]
    with (
        FileLock(_cache() / "installing.lock"),
        ThreadPoolExecutor(2) as pool,
    ):  # the libraries take as long as the three versions together
        made = dict(zip((LIBRARIES, *VERSIONS), pool.map(environment, locks), strict=True))
    libraries = made[LIBRARIES]
    clients: dict[str, Client | str] = {}
    for version in VERSIONS:
        directory = made[version]
        problem = next((found for found in (libraries, directory) if isinstance(found, str)), None)
        if problem is None:
            (_site_packages(directory) / "libraries.pth").write_text(f"{_site_packages(libraries)}\n")
        clients[version] = problem or Client(version, directory)
    return clients


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "smallcap-watch" / "clients"


def _site_packages(environment: Path) -> Path:
    [found] = environment.glob("lib/python*/site-packages")
    return found


def environment(lock: Path) -> Path | str:
    """The environment of a lock file, made when the cache does not have it; pip's words when it cannot be made.

    Raises:
        AssertionError: a package does not match its hash. That is no reason to skip.
    """
    interpreter = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    made = _cache() / f"{lock.stem}-{interpreter}-{digest}"
    complete = made / ".complete"
    if complete.exists():
        return made
    shutil.rmtree(made, ignore_errors=True)
    venv.create(made, with_pip=False, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(made / "bin" / "python")]
    options = [
        "--quiet",
        "--no-deps",
        "--no-compile",
        "--retries",
        "1",
        "--timeout",
        "20",
        "--disable-pip-version-check",
    ]
    done = subprocess.run(
        [*pip, "install", *options, "--require-hashes", "--only-binary", ":all:", "-r", str(lock)],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    if done.returncode:
        assert "DO NOT MATCH THE HASHES" not in done.stderr, done.stderr
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        return f"{lock.name} cannot be installed here: {lines[-1] if lines else 'no pip'}"
    complete.touch()
    return made
