"""Configuration of the optional Superset: what it stores, and the only way in which it opens DuckDB.

Belongs here: settings that Superset reads (`SUPERSET_CONFIG_PATH` points here), and the connection.
Does not belong here: datasets and charts (`assets/`), users and the start (`bootstrap.py`).
"""

import os
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.url import URL

# An environment of its own, without dagster_project.settings: `bootstrap.py` hands the directories over.
DATA_DIR = Path(os.environ["SMALLCAP_DATA_DIR"])  # noqa: TID251
HOME = Path(os.environ["SUPERSET_HOME"])  # noqa: TID251

APP_NAME = "Smallcap Watch"
SECRET_KEY = (HOME / "secret_key").read_text(encoding="utf-8")
SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME / 'superset.db'}?check_same_thread=false"
PREVENT_UNSAFE_DB_CONNECTIONS = True
LOG_LEVEL = "ERROR"  # below it every page says that no spinner of its sources was found

# An answer that is kept would outlive the build it came from, and DuckDB answers faster than the page draws.
CACHE_CONFIG = {"CACHE_TYPE": "NullCache", "CACHE_NO_NULL_WARNING": True}
DATA_CACHE_CONFIG = CACHE_CONFIG

# One process on one machine: what the limiter counts may die with it.
RATELIMIT_STORAGE_URI = "memory://"

# The program asks nobody: the addresses of Superset's own list (pixel, maps, fonts) are left out.
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'"],
        "frame-ancestors": ["'self'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}

DUCKDB_CONFIG = {
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "temp_directory": "",
    "memory_limit": "2GB",
    "threads": "2",
}
_OPENING = Lock()
"""Connections of one process to one file share their settings: one of them makes these, the others wait."""


def DB_CONNECTION_MUTATOR(  # noqa: N802 - the name Superset looks for
    url: URL, params: dict[str, Any], username: str | None, security_manager: object, source: object
) -> tuple[URL, dict[str, Any]]:
    """Turn every DuckDB connection into a read-only one on the build that is current now.

    Whatever an administrator enters as address, query or engine parameters of a DuckDB database is left out. The link
    is followed here, on every query: DuckDB gives a process that has the link open the file it had before the switch.

    Raises:
        FileNotFoundError: nothing is published.
    """
    if url.get_backend_name() not in ("duckdb", "motherduck"):
        return url, params
    file = (DATA_DIR / "published" / "current" / "market.duckdb").resolve(strict=True)
    connect_args = {"read_only": True, "config": dict(DUCKDB_CONFIG)}
    return URL.create("duckdb", database=str(file)), {**params, "connect_args": connect_args}


@event.listens_for(Engine, "connect")
def _cut_off(connection: Any, record: object) -> None:
    """Close the file system of a DuckDB connection and lock its settings, unless another connection has done so.

    Without external access DuckDB still lets COPY write to the open file itself. It can be closed only now: opening
    needs it.
    """
    if not type(connection).__module__.startswith("duckdb_engine"):
        return
    cursor = connection.cursor()
    with _OPENING:
        cursor.execute("select current_setting('lock_configuration')")
        [(is_locked,)] = cursor.fetchall()
        if not is_locked:
            cursor.execute("set disabled_filesystems = 'LocalFileSystem'")
            cursor.execute("set lock_configuration = true")
    cursor.close()
