"""Which session a day that a person names means.

Belongs here: reading a date of the command line against a published build.
Does not belong here: what is told of that session.
"""

from datetime import date
from typing import TYPE_CHECKING

from dagster_project.errors import SmallcapError

if TYPE_CHECKING:
    import duckdb

_SESSIONS = "from marts.relative_performance inner join marts.dim_pair using (pair_id) where is_headline"


def session_of(reader: "duckdb.DuckDBPyConnection", as_of: str) -> date:
    """The last session of the headline pair up to `as_of`, an ISO date or `latest`.

    Raises:
        SmallcapError: the date is none, or lies outside the data; the message gives the range.
    """
    [(first, last)] = reader.execute(f"select min(session_date), max(session_date) {_SESSIONS}").fetchall()
    if last is None:
        raise SmallcapError(
            "The published build has no prices of the headline pair, so no day of it can be told. "
            "Build again with daily_bars of both symbols."
        )
    try:
        asked = last if as_of == "latest" else date.fromisoformat(as_of)
    except ValueError as error:
        raise SmallcapError(f"--as-of {as_of!r} is not a date; expected YYYY-MM-DD or latest.") from error
    if not first <= asked <= last:
        raise SmallcapError(f"--as-of {asked} lies outside the data, which runs from {first} to {last}.")
    [(day,)] = reader.execute(f"select max(session_date) {_SESSIONS} and session_date <= ?", [asked]).fetchall()
    return day  # type: ignore[no-any-return]
