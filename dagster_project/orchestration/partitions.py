"""Calendar years: the partitions of the tables that get a row each session.

Belongs here: the definition, and the days that a run with partitions is about.
Does not belong here: fetching. A finer grain would cost one event per day and table in a backfill.
"""

from datetime import date

import dagster as dg

from dagster_project.contracts.model import Contract

FIRST_YEAR = 1927
"""The first session that the contract of prices accepts lies in it."""

years = dg.TimeWindowPartitionsDefinition(
    start=str(FIRST_YEAR), cron_schedule="0 0 1 1 *", fmt="%Y", end_offset=1, timezone="America/New_York"
)


def partitions_of(contract: Contract) -> dg.PartitionsDefinition[str] | None:
    """Years for a table with a row each session, none for the others."""
    return years if contract.cadence == "session" else None


def days_of(context: dg.AssetExecutionContext) -> tuple[date, date] | None:
    """First and last day of the years that a run is about; None for a run without partitions."""
    if not context.has_partition_key_range:
        return None
    asked = context.partition_key_range
    return date(int(asked.start), 1, 1), date(int(asked.end), 12, 31)
