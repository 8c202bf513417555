"""The brief of a day, put together from what the ledger and each domain have to say.

Belongs here: which day is meant, which sections there are, what must be warned of.
Does not belong here: the sections themselves, and layout (`render`).
"""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.brief.claims import ledger_sentence, read_claims
from dagster_project.brief.events import events
from dagster_project.brief.flows import fund_flows, last_week
from dagster_project.brief.history import own_past
from dagster_project.brief.later import what_happened_next
from dagster_project.brief.model import Brief, records
from dagster_project.brief.prices import headline, performance, read_prices
from dagster_project.brief.rates import rates
from dagster_project.brief.signals import signals
from dagster_project.brief.valuation import valuation
from dagster_project.warehouse.connection import open_reader
from dagster_project.warehouse.sessions import session_of

if TYPE_CHECKING:
    import duckdb


def read_brief(database: Path, as_of: str = "latest", framing: str | None = None) -> Brief:
    """Read the brief of a day from a published database.

    Args:
        as_of: ISO date, or `latest`; a day without a session means the last session before it.
        framing: as_written (the sentences with the dates of the article) or rolling (re-anchored to the day); none
            means as_written on the day of the article and rolling on every other.

    Raises:
        SmallcapError: the date is none, or lies outside the data; the message gives the range. Or the framing cannot
            be read on that day.
    """
    with open_reader(database) as reader:
        day = session_of(reader, as_of)
        [build] = records(reader, "select * from meta.build")
        framing, claims, left_behind = read_claims(reader, day, framing)
        prices, weeks = read_prices(reader, day), last_week(reader, day)
        return Brief(
            as_of=day,
            framing=framing,
            build=build,
            headline=f"{headline(prices, left_behind)} {ledger_sentence(claims, framing)}",
            claims=claims,
            sections=(
                own_past(reader, day, prices.head, weeks),
                performance(prices),
                fund_flows(weeks, day),
                rates(reader, day),
                events(reader, day),
                signals(reader, day),
                valuation(reader, day),
            ),
            later=what_happened_next(reader, day, framing, prices.names),
            warnings=tuple(_warnings(reader)),
        )


def _behind(late: int | None, expected: date | None) -> str:
    """How far a domain is behind, in words; one can be whole by its days and still lack what a service did not give."""
    return f"{late} sessions behind {expected}" if late else "not all of it could be brought up to date"


def _warnings(reader: "duckdb.DuckDBPyConnection") -> list[str]:
    found = [
        f"{domain}: {'a delivery was refused, ' if status == 'refused' else ''}"
        + (f"data through {through}, {reason or _behind(late, expected)}" if through else reason or "no data")
        for domain, through, expected, late, status, reason in reader.execute(
            "select domain, data_through, expected_through, stale_sessions, status, reason from meta.freshness "
            "where status in ('stale', 'missing', 'refused', 'not configured')"
        ).fetchall()
    ]
    found += [
        f"check {check_id} on {asset}: {message or str(rows) + ' rows'}"
        for check_id, asset, rows, message in reader.execute(
            "select check_id, asset, failed_rows, message from meta.checks where not passed "
            "and not check_id like '%\\_\\_has\\_rows' escape '\\' order by severity, asset, check_id"
        ).fetchall()
    ]
    return found
