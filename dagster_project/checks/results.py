"""The one shape in which every check reports, whoever ran it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class CheckResult:
    """Outcome of one check in one build.

    `severity` is what a failure means: `error` or `warn`. `is_blocking` checks that failed with
    `error` keep the build from being published.
    """

    check_id: str
    asset: str
    family: Literal["contract", "dbt"]
    severity: Literal["error", "warn"]
    is_blocking: bool
    passed: bool
    failed_rows: int
    message: str
