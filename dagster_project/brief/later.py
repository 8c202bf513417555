"""What happened after the day of the brief: told last, under a heading of its own.

Belongs here: mart claim_outcomes, which no other module of the brief reads.
Does not belong here: anything that was known on the day.
"""

from datetime import date
from typing import TYPE_CHECKING

from dagster_project.brief.model import Record, Section, Table, basis_points, pct, records

if TYPE_CHECKING:
    import duckdb

RESULTS = {"came_true": "+ came true", "did_not": "- did not", "pending": "~ pending"}
RISE_EXPECTED, FALL, REST_OF_YEAR = 8, 10, 13


def what_happened_next(reader: "duckdb.DuckDBPyConnection", day: date, framing: str, names: tuple[str, str]) -> Section:
    """The outcomes of the forecasts whose horizon ends after `day`; those still running are pending.

    Args:
        names: the small and the large side of the headline pair.
    """
    title = f"What happened next - known later, not on {day}"
    outcomes = records(
        reader,
        """
        select outcomes.* exclude (convention), string_agg(convention, ', ' order by convention) as conventions
        from marts.claim_outcomes as outcomes
        where as_of_date = ? and framing = ? and horizon_end > ?
        group by all
        order by claim_id, horizon_end, conventions
        """,
        day, framing, day,
    )  # fmt: skip
    if not outcomes:
        return Section(title, ("No forecast of this day waits for its outcome.",))
    return Section(title, tables=(_table(outcomes, names),), numbers=tuple(outcomes))


def _table(outcomes: list[Record], names: tuple[str, str]) -> Table:
    details = dict.fromkeys(
        f"Sentence {row['claim_id']}: {row['detail']}."
        for row in outcomes
        if row["detail"] and row["result"] != "pending"
    )
    return Table(
        "Outcomes of the forecasts",
        ("#", "what is measured", "by", "outcome", "result"),
        tuple(
            (str(row["claim_id"]), _measured(row, *names), str(row["horizon_end"]), _outcome(row),
             RESULTS[row["result"]])
            for row in outcomes
        ),
        " ".join(details),
        align="rlrrl",
    )  # fmt: skip


def _measured(row: Record, small: str, large: str) -> str:
    words = str(row["conventions"]).replace("_", " ")
    if row["claim_id"] == RISE_EXPECTED:
        return "change of the target at the meeting"
    if row["claim_id"] == FALL:
        return f"deepest fall of {large}, {words}"
    if row["claim_id"] == REST_OF_YEAR:
        return f"return of {words.replace('large caps', large).replace('small caps', small)}"
    return words


def _outcome(row: Record) -> str:
    return basis_points(row["outcome_value"]) if row["unit"] == "basis points" else pct(row["outcome_value"])
