"""Which revision of the code is running."""

import subprocess

from dagster_project.settings import PROJECT_ROOT


def git_revision() -> str | None:
    """Short commit hash, with `-dirty` when files differ from it; None outside a git checkout."""
    try:
        described = subprocess.run(
            ["git", "-C", str(PROJECT_ROOT), "describe", "--always", "--dirty", "--exclude=*"],
            capture_output=True, text=True, check=True, timeout=10,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip() or None
