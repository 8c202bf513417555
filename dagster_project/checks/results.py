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
    family: Literal["contract", "dbt", "market"]
    severity: Literal["error", "warn"]
    is_blocking: bool
    passed: bool
    failed_rows: int
    message: str
    rows: str = ""
    """Some of the failing rows as a Markdown table; shown, and not kept."""

    @property
    def blocks(self) -> bool:
        """Whether it failed and keeps the build from being published."""
        return self.is_blocking and self.severity == "error" and not self.passed
