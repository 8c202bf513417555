"""`make superset`: a Superset home below the data directory, the assets of this folder in it, and the server.

Belongs here: making the home, its secrets, its administrator and its assets, as often as one likes with the same
result, and starting the server. Runs in `.venv-superset`, which has Superset and not this project's packages.
Does not belong here: how DuckDB is opened (`superset_config.py`); what is shown (`assets/`).
"""

import argparse
import hashlib
import io
import json
import logging
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from flask import Flask

HERE = Path(__file__).resolve().parent
ASSETS = HERE / "assets"
ADMIN = "admin"
TYPES_OF_TIME = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")


def say(message: str) -> None:
    """Tell whoever started this; not by a logger, for Superset and alembic set theirs up anew on the way."""
    sys.stdout.write(message + "\n")
    sys.stdout.flush()


class BootstrapError(Exception):
    """Something that whoever starts Superset can put right; the message says how."""


def main() -> None:
    """Read the command line, prepare, serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, default=HERE.parent / "data", help="SMALLCAP_DATA_DIR of the builds")
    parser.add_argument("--port", type=int, default=8088, help="local port of the server")
    parser.add_argument("--only-prepare", action="store_true", help="make the home and stop")
    options = parser.parse_args()
    data_dir = options.data_dir.expanduser().resolve()
    try:
        environment = child_environment(data_dir)
        prepare(data_dir, environment)
    except BootstrapError as error:
        sys.exit(str(error))
    if not options.only_prepare:
        serve(options.port, environment)


def child_environment(data_dir: Path) -> dict[str, str]:
    """What Superset reads from the environment, for `data_dir`."""
    return {
        "SMALLCAP_DATA_DIR": str(data_dir),
        "SUPERSET_HOME": str(data_dir / "superset"),
        "SUPERSET_CONFIG_PATH": str(HERE / "superset_config.py"),
        "SCARF_ANALYTICS": "false",
        "DO_NOT_TRACK": "1",
        "FLASK_APP": "superset.app:create_app()",
    }


def prepare(data_dir: Path, environment: dict[str, str]) -> None:
    """Bring the home below `data_dir` to what this folder says; changes nothing when it is there already.

    Raises:
        BootstrapError: nothing is published, or the published build lacks a table that a dataset needs.
    """
    contents = assets(read_catalogue(data_dir / "published" / "current" / "market.duckdb"))
    wanted = {"superset": installed_version(), "assets": digest(contents)}
    home = Path(environment["SUPERSET_HOME"])
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_secret(home / "secret_key", secrets.token_urlsafe(48))
    state_file = home / "state.json"
    state = json.loads(state_file.read_text(encoding="utf-8")) if state_file.exists() else {}
    if state == wanted:
        return
    os.environ.update(environment)  # noqa: TID251 - Superset reads its configuration when it is imported
    with application() as app:
        if state.get("superset") != wanted["superset"]:
            migrate(app)
        ensure_admin(app, home / "admin_password")
        import_assets(app, contents)
    state_file.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")


def read_catalogue(published: Path) -> dict[str, list[tuple[str, str, str | None]]]:
    """Column name, type and description of every published relation, by `schema.table`, in their order.

    Raises:
        BootstrapError: nothing is published.
    """
    if not published.exists():
        raise BootstrapError(f"{published} is not there: nothing is published yet. Run `make build` first.")
    import duckdb

    relations: dict[str, list[tuple[str, str, str | None]]] = {}
    with duckdb.connect(str(published.resolve()), read_only=True) as connection:  # noqa: TID251 - not the package's
        for relation, *column in connection.execute(
            "select c.schema_name || '.' || c.table_name, c.column_name, c.data_type, m.description "
            "from duckdb_columns() as c left join meta.catalogue as m "
            "on c.schema_name = m.table_schema and c.table_name = m.table_name and c.column_name = m.column_name "
            "where not c.internal order by c.schema_name, c.table_name, c.column_index"
        ).fetchall():
            relations.setdefault(relation, []).append(tuple(column))
    return relations


def assets(relations: dict[str, list[tuple[str, str, str | None]]]) -> dict[str, str]:
    """The files of `assets/` as Superset imports them, every dataset with the columns of its relation.

    The key `columns_from` of a dataset names the relation; it is ours and goes no further.

    Raises:
        BootstrapError: the published build lacks a relation.
    """
    contents = {}
    for file in sorted(ASSETS.rglob("*.yaml")):
        name = file.relative_to(ASSETS).as_posix()
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        if name.startswith("datasets/"):
            relation = content.pop("columns_from")
            if relation not in relations:
                raise BootstrapError(
                    f"The published build has no {relation}, which superset/assets/{name} reads. "
                    "It was made by an earlier version: run `make build` again."
                )
            content["columns"] = [dataset_column(*column) for column in relations[relation]]
        contents[name] = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    return contents


def dataset_column(name: str, data_type: str, description: str | None) -> dict[str, Any]:
    """A column of a dataset as Superset imports it."""
    return {
        "column_name": name,
        "type": data_type,
        "is_dttm": data_type in TYPES_OF_TIME,
        "is_active": True,
        "groupby": True,
        "filterable": True,
        "description": description,
    }


def digest(contents: dict[str, str]) -> str:
    """One value for all asset files: another one means that something is to be imported."""
    return hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()


def installed_version() -> str:
    """Version of Superset."""
    from importlib.metadata import version

    return version("apache-superset")


def write_secret(file: Path, value: str) -> bool:
    """Write `value` for the eyes of the owner alone, unless the file is there; returns whether it was written."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(value)
    return True


@contextmanager
def application() -> "Iterator[Flask]":
    """Superset in this process, with nothing but errors in its log: migrations alone write a thousand lines."""
    logging.disable(logging.WARNING)
    from superset.app import create_app

    app = create_app()
    with app.app_context():
        yield app


def migrate(app: "Flask") -> None:
    """Make or update the tables of Superset, its permissions and its roles."""
    import flask_migrate
    from superset.extensions import appbuilder

    say("Making the home of Superset (once, and after an update; a minute or two)")
    with redirect_stdout(io.StringIO()):  # some migrations print, and the password would drown
        flask_migrate.upgrade(directory=str(Path(app.root_path) / "migrations"))
    appbuilder.add_permissions(update_perms=True)
    appbuilder.sm.sync_role_definitions()


def ensure_admin(app: "Flask", password_file: Path) -> None:
    """Make the administrator with a password of its own, unless there is one; the password is shown this once."""
    from superset.extensions import security_manager

    if security_manager.find_user(ADMIN):
        return
    password_file.unlink(missing_ok=True)
    password = secrets.token_urlsafe(15)
    write_secret(password_file, password)
    role = security_manager.find_role(app.config["AUTH_ROLE_ADMIN"])
    security_manager.add_user(ADMIN, "Smallcap", "Watch", "admin@localhost", role, password=password)
    say(f"User {ADMIN}, password {password} (also in {password_file})")


def import_assets(app: "Flask", contents: dict[str, str]) -> None:
    """Import by Superset's own command: what has the same uuid is overwritten, what else is there stays."""
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.extensions import security_manager
    from superset.utils.core import override_user

    with override_user(security_manager.find_user(ADMIN)):
        ImportAssetsCommand(contents).run()
    say(f"Imported {len(contents)} asset files")


def serve(port: int, environment: dict[str, str]) -> None:
    """Become the server, on this machine only; ends with Ctrl-C."""
    say(f"http://127.0.0.1:{port}/superset/dashboard/smallcap-watch/ (Ctrl-C ends it)")
    # One process with threads: the DuckDB file is opened once, and pages ask for a dozen charts at a time.
    options = ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--worker-class", "gthread", "--threads", "8"]
    command = [sys.executable, "-m", "gunicorn", *options, "--timeout", "120", "--log-level", "warning"]
    os.execve(sys.executable, [*command, "superset.app:create_app()"], {**os.environ, **environment})  # noqa: TID251


if __name__ == "__main__":
    main()
