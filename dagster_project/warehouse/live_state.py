"""What the live source plans with: what is held, what is archived, what is due.

Belongs here: reading the warehouse and the ledger into plain data.
Does not belong here: deciding what to ask for (providers).
"""

from datetime import date, datetime
from typing import TYPE_CHECKING

from dagster_project.checks.freshness import expected_through, last_closed_session
from dagster_project.contracts.model import Contract
from dagster_project.sources.live.provider import PastPayload, Span, State
from dagster_project.warehouse.archive import LedgerEntry

if TYPE_CHECKING:
    import duckdb


def read_state(
    connection: "duckdb.DuckDBPyConnection",
    entries: list[LedgerEntry],
    contract: Contract,
    provider: str,
    now: datetime,
    asked: tuple[date, date] | None = None,
) -> State:
    """State of one table for one provider at `now` (naive UTC); `asked` are days to fetch again."""
    return State(
        now=now,
        asked=Span(*asked) if asked else None,
        due=expected_through(contract, now) or last_closed_session(now),
        spans=_spans(connection, contract),
        payloads={
            entry.name: PastPayload(
                datetime.fromisoformat(entry.observed_at), entry.origin, entry.sha256, entry.response
            )
            for entry in entries
            if (entry.table, entry.provider, entry.kind) == (contract.table, provider, "reading")
        },
        tickers=_tickers(connection),
    )


def _spans(connection: "duckdb.DuckDBPyConnection", contract: Contract) -> dict[tuple[str, str], Span]:
    series = f'cast("{contract.series[0]}" as varchar)' if contract.series else "''"
    rows: list[tuple[str, str, date, date]] = connection.execute(
        f'select source, {series}, min("{contract.time_column}"), max("{contract.time_column}") '
        f"from raw.{contract.table} where not is_removed group by all"
    ).fetchall()
    return {(source, name): Span(first, last) for source, name, first, last in rows}


def _tickers(connection: "duckdb.DuckDBPyConnection") -> dict[str, tuple[str, ...]]:
    rows = connection.execute(
        """
        select fund_symbol, list(distinct ticker order by ticker) from (
            select * from raw.fund_holdings where asset_class = 'Equity' and not is_removed
            qualify as_of_date = max(as_of_date) over (partition by fund_symbol))
        group by fund_symbol
        """
    ).fetchall()
    return {fund: tuple(tickers) for fund, tickers in rows}
