"""Rate expectations in the brief: the odds of the next meeting and the path after it.

Belongs here: queries on the rate marts and the words for their results. Odds are implied by futures
prices and risk-neutral: not a forecast, and the brief says so.
"""

from datetime import date
from typing import TYPE_CHECKING

from dagster_project.brief.model import Record, Section, Table, odds, records

if TYPE_CHECKING:
    import duckdb

TITLE = "Rate expectations"
STALE_AFTER_DAYS = 7
MEETINGS_SHOWN = 6


def rate_expectations(reader: "duckdb.DuckDBPyConnection", day: date) -> Section:
    """The section on the odds of the last watch date up to `day`, both conventions side by side."""
    meetings = records(
        reader,
        """
        with latest as (select max(watch_date) as watch_date from marts.rate_expectations where watch_date <= ?)
        select post.*, pre.prob_hike_pct as pre_hike_pct, pre.prob_cut_pct as pre_cut_pct,
            pre.prob_hold_pct as pre_hold_pct, pre.null_reason as pre_null_reason,
            pre.cumulative_change_bp as pre_cumulative_change_bp
        from marts.rate_expectations as post
        inner join latest on post.watch_date = latest.watch_date
        inner join marts.rate_expectations as pre
            on post.watch_date = pre.watch_date and post.meeting_date = pre.meeting_date and pre.day_convention = 'pre'
        where post.day_convention = 'post'
        order by post.meeting_date
        """,
        day,
    )
    if not meetings:
        return Section(TITLE, ("No fed funds futures are known on this day.",))
    findings = [_next_meeting(meetings[0])]
    age = (day - meetings[0]["watch_date"]).days
    if age > STALE_AFTER_DAYS:
        findings.insert(0, f"STALE: the last settlements are {age} days older than {day}.")
    return Section(TITLE, tuple(findings), (_path(meetings),), tuple(meetings))


def _next_meeting(meeting: Record) -> str:
    when = f"On {meeting['watch_date']}, with the target at {_target(meeting)}"
    if meeting["prob_hike_pct"] is None:
        return f"{when}, the odds of the meeting on {meeting['meeting_date']} are undefined: {meeting['null_reason']}."
    return (
        f"{when}, futures imply odds of {_span(meeting['pre_hike_pct'], meeting['prob_hike_pct'])} for a rise, "
        f"{_span(meeting['pre_hold_pct'], meeting['prob_hold_pct'])} for no change and "
        f"{_span(meeting['pre_cut_pct'], meeting['prob_cut_pct'])} for a cut at the meeting on "
        f"{meeting['meeting_date']} (range of both announcement-day conventions; risk-neutral, not a forecast)."
    )


def _path(meetings: list[Record]) -> Table:
    return Table(
        f"Odds of a higher target than today's, settlements of {meetings[0]['watch_date']}",
        ("meeting", "rise, post", "rise, pre", "cut, post", "expected change, post", "expected change, pre"),
        tuple(
            (str(m["meeting_date"]), odds(m["prob_hike_pct"]), odds(m["pre_hike_pct"]), odds(m["prob_cut_pct"]),
             _bp(m["cumulative_change_bp"]), _bp(m["pre_cumulative_change_bp"]))
            for m in meetings[:MEETINGS_SHOWN]
        ),
        "post: the announcement day counts at the new rate; pre: at the old one. Cumulative over the meetings.",
    )  # fmt: skip


def _target(meeting: Record) -> str:
    lower, upper = meeting["range_lower_pct"], meeting["range_upper_pct"]
    if lower is None:
        return "an unknown level"
    return f"{lower:.2f} %" if lower == upper else f"{lower:.2f}-{upper:.2f} %"


def _span(one: float | None, other: float | None) -> str:
    if one is None or other is None:
        return odds(one if other is None else other)
    low, high = sorted((one, other))
    return odds(low) if f"{low:.1f}" == f"{high:.1f}" else f"{low:.1f}-{odds(high)}"


def _bp(value: float | None) -> str:
    return "-" if value is None else f"{value:+.1f} bp"
