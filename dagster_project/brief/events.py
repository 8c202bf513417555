"""Events in the brief: what small caps did around the last election, beyond the market model.

Belongs here: mart event_study, rows whose window had ended on the day.
"""

from datetime import date
from typing import TYPE_CHECKING

from dagster_project.brief.model import Record, Section, Table, number, pct, pp, records

if TYPE_CHECKING:
    import duckdb

TITLE = "Events"
MONTH_AFTER = (1, 21)
POOLS = {"elections": "elections", "fomc_rises": "FOMC rises", "fomc_cuts": "FOMC cuts"}


def events(reader: "duckdb.DuckDBPyConnection", day: date) -> Section:
    """The section on the last election known on the day, with the pools of like events for the month after."""
    rows = records(
        reader,
        """
        select study.*, event.name as event_name
        from marts.event_study as study
        inner join marts.dim_pair as pair on study.pair_id = pair.pair_id
        left join marts.dim_event as event on study.event_id = event.event_id
        where pair.is_headline and study.known_on <= ?
            and (study.kind = 'election' or (study.is_pooled and study.window_start_session = ?
                and study.window_end_session = ?))
        qualify study.event_date = max(study.event_date) over (partition by study.kind)
        order by study.is_pooled, study.kind, study.window_start_session, study.window_end_session
        """,
        day, *MONTH_AFTER,
    )  # fmt: skip
    election = [row for row in rows if row["kind"] == "election"]
    pools = [row for row in rows if row["is_pooled"] and row["events_pooled"] > 1]
    if not election:
        return Section(TITLE, (f"No election with the returns around it was known on {day}.",), numbers=tuple(rows))
    first = election[0]
    return Section(
        TITLE,
        (
            f"{first['event_name']} ({first['event_date']}), beyond a market model with beta {first['beta']:.2f}; the "
            "t of a single event is descriptive.",
        ),
        (_windows(election, pools),),
        tuple(rows),
    )


def _windows(election: list[Record], pools: list[Record]) -> Table:
    return Table(
        "Small caps after the event: abnormal return and gap to large caps",
        ("event", "sessions", "known", "abnormal", "t", "gap"),
        tuple(
            (_name(row), _sessions(row), str(row["known_on"]), pct(row["car_pct"]), number(row["car_t"]),
             pp(row["bhar_pct"]))
            for row in (*election, *pools)
        ),
        "Sessions count from the event, 0 is its day. Gap: buy-and-hold return of small minus large. Pools are means; "
        "a t needs 5 events.",
    )  # fmt: skip


def _name(row: Record) -> str:
    if row["is_pooled"]:
        return f"mean of {row['events_pooled']} {POOLS[row['kind']]}"
    return f"election {row['event_date']}"


def _sessions(row: Record) -> str:
    start, end = row["window_start_session"], row["window_end_session"]
    words = [f"{session:+d}" if session else "0" for session in (start, end)]
    return words[0] if start == end else " to ".join(words)
