"""What tests of replays share: an input cut at a day, and the marts of two files side by side.

The cut is made here from the dates of the rows alone, by rules written anew: it is the answer that a replay is
compared with, so nothing of the program says what was known.
"""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd

from tests.helpers import differing_rows


def _index_months(rows: pd.DataFrame, day: str) -> pd.Series:
    """The month of the workbook is over; without one a month is known 31 days after it began."""
    if "vintage" in rows:
        return pd.to_datetime(rows["vintage"]) + pd.offsets.MonthEnd(0) <= pd.Timestamp(day)
    return pd.to_datetime(rows["month"]) + pd.Timedelta(days=31) <= pd.Timestamp(day)


KNOWN_AT_THE_END_OF: dict[str, Callable[[pd.DataFrame, str], pd.Series]] = {
    "daily_bars": lambda rows, day: rows["session_date"] <= day,
    "fed_funds_futures": lambda rows, day: rows["session_date"] <= day,
    "treasury_yields": lambda rows, day: rows["rate_date"] <= day,
    # on the next session: at the end of a session that is every earlier day
    "policy_rates": lambda rows, day: rows["rate_date"] < day,
    "fund_nav_shares": lambda rows, day: rows["as_of_date"] < day,
    "fund_holdings": lambda rows, day: rows["as_of_date"] < day,
    "published_figures": lambda rows, day: pd.to_datetime(rows["as_of"]) + pd.Timedelta(days=2) <= pd.Timestamp(day),
    "company_facts": lambda rows, day: rows["available_at" if "available_at" in rows else "filed_date"] <= day,
    "index_fundamentals": _index_months,
    "index_membership": lambda rows, day: rows["valid_from"] <= day,
    "security_identifiers": lambda rows, day: rows["valid_from"] <= day,
}
"""Which rows of a file (texts) were known at the end of a session, by the table's lag."""


def cut_inbox(inbox: Path, cut: Path, day: str) -> None:
    """Write the files of `inbox` to `cut` without what became known after the session `day`; none that is empty."""
    for file in sorted(path for path in inbox.glob("*/*") if path.is_file()):
        rows = pd.read_csv(file, dtype=str, keep_default_na=False)
        known = rows[KNOWN_AT_THE_END_OF[file.parent.name](rows, day)]
        if len(known):
            (cut / file.parent.name).mkdir(parents=True, exist_ok=True)
            known.to_csv(cut / file.parent.name / file.name, index=False)


def marts(database: Path) -> list[str]:
    """Every table of schema `marts`, whatever there is."""
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute("select table_name from duckdb_tables() where schema_name = 'marts' order by 1")
        return [f"marts.{table}" for (table,) in found.fetchall()]


def differing_marts(one: Path, other: Path) -> dict[str, tuple[int, int]]:
    """Marts that are not equal cell by cell, with the number of rows that only one side has."""
    assert marts(one) == marts(other) != []
    with duckdb.connect(str(one), read_only=True) as connection:
        return differing_rows(connection, other, marts(one))
