"""The range of days that a run is about, given once for all raw tables.

Belongs here: reading it from run configuration or from the partitions of the run.
Does not belong here: what a source does with it.
"""

from datetime import date

import dagster as dg
from pydantic import Field

from dagster_project.orchestration.partitions import days_of


class Days(dg.ConfigurableResource[None]):
    """Days to fetch again, both included; without any, each source asks for what is new."""

    since: str | None = Field(None, description="first day, YYYY-MM-DD")
    until: str | None = Field(None, description="last day, YYYY-MM-DD")

    def asked(self, context: dg.AssetExecutionContext) -> tuple[date, date] | None:
        """First and last day: those of the run configuration, else the years of the run's partitions.

        Raises:
            Failure: a day is no date, one is missing, or they are in the wrong order.
        """
        if self.since is None and self.until is None:
            return days_of(context)
        try:
            first, last = date.fromisoformat(self.since or ""), date.fromisoformat(self.until or "")
        except ValueError as error:
            raise self._failure() from error
        if first > last:
            raise self._failure()
        return first, last

    def _failure(self) -> dg.Failure:
        return dg.Failure(
            f"Days from {self.since!r} to {self.until!r}: expected two dates YYYY-MM-DD, the first one not after the "
            "second. Give both, or none, in resources: {days: {config: {since: ..., until: ...}}}.",
            allow_retries=False,
        )
