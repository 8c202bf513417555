"""Every setting, from the environment or `.env`: the only module that reads or sets the environment.

Belongs here: paths, source mode, secrets, and the environment that child libraries expect.
Does not belong here: thresholds of checks and definitions of numbers.
"""

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dagster_project.errors import SmallcapError
from dagster_project.sources.live.config import LiveConfig
from dagster_project.warehouse.resources import Resources

PROJECT_ROOT = Path(__file__).resolve().parent.parent

SourceMode = Literal["sample", "files", "live"]


class Settings(BaseSettings):
    """Settings of one process; every path is absolute."""

    model_config = SettingsConfigDict(
        env_prefix="SMALLCAP_", env_file=PROJECT_ROOT / ".env", env_ignore_empty=True, extra="ignore", frozen=True,
        env_nested_delimiter="__",
    )  # fmt: skip

    data_dir: Path = Field(PROJECT_ROOT / "data", description="everything the program writes")
    source: SourceMode = Field("sample", description="where raw data comes from")
    inbox: Path | None = Field(None, description="inbox of the `files` source; default DATA_DIR/inbox")
    live: LiveConfig = Field(LiveConfig(), description="the live source: addresses, keys, manners")
    memory_limit: str = Field(
        "80%",
        pattern=r"^\d+(\.\d+)? ?([KMGT]i?B|%)$",
        description="memory that DuckDB may take, 8GB or 50%; rows beyond it are spilled to disk",
    )
    threads: int = Field(2, ge=1, description="models that dbt builds at a time, each with one thread of DuckDB")
    temp_dir: Path | None = Field(None, description="folder for spilled rows; default DATA_DIR/temp")
    builds_kept: int = Field(5, ge=1, description="published builds that stay on disk")
    runs_kept_days: int = Field(90, ge=1, description="days that Dagster's runs and the logs stay")
    postgres_url: SecretStr | None = Field(
        None,
        description="PostgreSQL for Dagster's run history (postgresql://user:password@host/database); default SQLite",
    )
    alert_webhook: SecretStr | None = Field(None, description="address that gets a JSON POST when a build fails")
    alert_smtp: str | None = Field(None, description="mail server, HOST or HOST:PORT, for the same by mail")
    alert_smtp_starttls: bool = Field(False, description="encrypt the connection to the mail server")
    alert_smtp_user: str | None = Field(None, description="user at the mail server")
    alert_smtp_password: SecretStr | None = Field(None, description="password at the mail server")
    alert_from: str = Field("smallcap-watch@localhost", description="sender of the mail")
    alert_to: str | None = Field(None, validate_default=True, description="receivers of the mail, separated by commas")

    @field_validator("data_dir", "inbox", "temp_dir")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser().resolve()

    @field_validator("alert_to")
    @classmethod
    def _mail_has_a_receiver(cls, receivers: str | None, others: ValidationInfo) -> str | None:
        if others.data.get("alert_smtp") and not receivers:
            raise ValueError("SMALLCAP_ALERT_SMTP is set, so somebody must be named here who gets the mail")
        return receivers

    @property
    def mode(self) -> Literal["simulated", "real"]:
        """Which warehouse and archive this source mode belongs to."""
        return "simulated" if self.source == "sample" else "real"

    @property
    def inbox_dir(self) -> Path:
        return self.inbox or self.data_dir / "inbox"

    @property
    def archive_dir(self) -> Path:
        return self.data_dir / "archive" / self.mode

    @property
    def warehouse_file(self) -> Path:
        return self.data_dir / "warehouse" / f"{self.mode}.duckdb"

    @property
    def resources(self) -> Resources:
        """What a build may take of the machine; the folder for spilled rows belongs to this program alone."""
        folder = (self.temp_dir or self.data_dir / "temp") / f"smallcap_{self.mode}"
        return Resources(self.memory_limit, self.threads, folder)

    @property
    def lock_file(self) -> Path:
        return self.data_dir / "warehouse" / "build.lock"

    @property
    def builds_dir(self) -> Path:
        return self.data_dir / "builds"

    @property
    def current_link(self) -> Path:
        return self.data_dir / "published" / "current"

    @property
    def published_file(self) -> Path:
        return self.current_link / "market.duckdb"

    @property
    def replays_dir(self) -> Path:
        return self.data_dir / "replays"

    @property
    def yfinance_dir(self) -> Path:
        """Files that yfinance keeps for itself; can be removed at any time."""
        return self.data_dir / "yfinance"

    @property
    def logs_dir(self) -> Path:
        return self.data_dir / "logs"

    @property
    def dagster_home(self) -> Path:
        return self.data_dir / "dagster_home"

    @property
    def spark_dir(self) -> Path:
        """Inputs and results of a build on Spark (docs/scale.md)."""
        return self.data_dir / "spark" / self.mode

    @property
    def dbt_project_dir(self) -> Path:
        return PROJECT_ROOT / "dbt"

    @property
    def dbt_parsed_dir(self) -> Path:
        """What dbt keeps of its last parsing, one per mode: the database name is part of every relation."""
        return self.data_dir / "dbt_target" / self.mode

    @property
    def dbt_target_dir(self) -> Path:
        """Compiled SQL, beside what is kept of the parsing."""
        return self.dbt_parsed_dir

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """Values that must never reach a log: the secret settings, and what the environment names like one."""
        declared = [v.get_secret_value() for _, v in [*self, *self.live] if isinstance(v, SecretStr)]
        named_so = [
            value
            for name, value in os.environ.items()
            if len(value) >= 6 and any(word in name.upper() for word in ("KEY", "TOKEN", "SECRET", "PASSWORD"))
        ]
        return tuple(dict.fromkeys([*filter(None, declared), *named_so]))

    def child_environment(self) -> dict[str, str]:
        """Environment for dagster and dbt: their homes inside `data_dir`, their telemetry off."""
        # Named with its driver: SQLAlchemy 2.1 would take another one, which dagster-postgres does not bring.
        address = self.postgres_url.get_secret_value() if self.postgres_url else ""
        postgres = (
            {"SMALLCAP_POSTGRES_URL": address.replace("postgresql://", "postgresql+psycopg2://")} if address else {}
        )
        return postgres | {
            "DAGSTER_HOME": str(self.dagster_home),
            "DAGSTER_DISABLE_TELEMETRY": "1",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
            "DBT_PROJECT_DIR": str(self.dbt_project_dir),
            "DBT_PROFILES_DIR": str(self.dbt_project_dir),
            "DBT_TARGET_PATH": str(self.dbt_target_dir),
            "DBT_LOG_PATH": str(self.logs_dir),
            "SMALLCAP_DATA_DIR": str(self.data_dir),
            "SMALLCAP_SOURCE": self.source,
            "SMALLCAP_INBOX": str(self.inbox_dir),
            "SMALLCAP_WAREHOUSE_FILE": str(self.warehouse_file),
            "SMALLCAP_MEMORY_LIMIT": self.memory_limit,
            "SMALLCAP_THREADS": str(self.threads),
            "SMALLCAP_SPILL_DIR": str(self.resources.spill_dir),
        }

    def apply_child_environment(self) -> None:
        """Set `child_environment` in this process, for libraries that read it themselves."""
        os.environ.update(self.child_environment())


class ReplaySettings(Settings):
    """Settings under which a replay is made: all as it is, but for the warehouse and the folder of compiled SQL."""

    @property
    def replay_partial_dir(self) -> Path:
        """Where a replay grows until it is whole."""
        return self.replays_dir / ".partial"

    @property
    def warehouse_file(self) -> Path:
        return self.replay_partial_dir / f"{self.mode}.duckdb"

    @property
    def dbt_target_dir(self) -> Path:
        return self.data_dir / "dbt_target" / f"replay_{self.mode}"


def load_settings(overrides: Mapping[str, object] | None = None) -> Settings:
    """Read the settings; `overrides` are command line options that were given.

    Raises:
        SmallcapError: a setting is not valid; the message names it and its variable.
    """
    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        problems = "; ".join(
            f"{'SMALLCAP_' + '__'.join(map(str, item['loc'])).upper()}={item['input']!r}: {item['msg']}"
            for item in error.errors()
        )
        raise SmallcapError(
            f"Setting not valid: {problems}. Change it in the environment, in .env or on the command line."
        ) from error
