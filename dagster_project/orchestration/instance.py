"""The Dagster instance inside the data directory, shared by the command line and the UI.

Belongs here: its settings file. Runs are queued one at a time: DuckDB has one writer.
"""

from pathlib import Path

DAGSTER_YAML = """\
# Written by smallcap; edits are kept.
telemetry:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
  pools:
    default_limit: 1
python_logs:
  managed_python_loggers: [smallcap]
"""


def prepare_instance(dagster_home: Path) -> None:
    """Make the home of the instance, with its settings where there are none."""
    dagster_home.mkdir(parents=True, exist_ok=True)
    settings = dagster_home / "dagster.yaml"
    if not settings.exists():
        settings.write_text(DAGSTER_YAML, encoding="utf-8")
