"""Rates in the brief: the odds of the next meeting, the path after it, and how small caps took changes of it.

Belongs here: queries on the rate marts and the words for their results. Odds are implied by futures
prices and risk-neutral: not a forecast, and the brief says so.
"""

from datetime import date
from typing import TYPE_CHECKING

from dagster_project.brief.model import (
    Record,
    Section,
    Table,
    basis_points,
    number,
    odds,
    per_basis_point,
    records,
    sentence,
)

if TYPE_CHECKING:
    import duckdb

TITLE = "Rate expectations and sensitivity"
STALE_AFTER_DAYS = 7
MEETINGS_SHOWN = 4
WINDOWS = {"since_election": "since election", "rolling_252d": "over a year"}


def rates(reader: "duckdb.DuckDBPyConnection", day: date) -> Section:
    """The section on the odds of the last watch date up to `day`, and on the sensitivity of the headline pair."""
    meetings = _meetings(reader, day)
    windows = _windows(reader, day)
    told = [window for window in windows if not window["reason"]]
    tables = (_sensitivity(told),) if told else ()
    missing = [
        f"Sensitivity, {WINDOWS[window['window_id']]}: no figure on {day}, {window['reason']}."
        for window in windows
        if window["reason"]
    ]
    if not meetings:
        none = "no fed funds futures were known"
        return Section(TITLE, (sentence(f"{none} on {day}"), *missing), tables, tuple(windows), stale=none)
    findings = [_next_meeting(meetings[0]), *missing]
    age = (day - meetings[0]["watch_date"]).days
    stale = (
        f"the last settlements are of {meetings[0]['watch_date']}, {age} days before" if age > STALE_AFTER_DAYS else ""
    )
    if stale:
        findings.insert(0, f"STALE on {day}: {stale}.")
    return Section(TITLE, tuple(findings), (_path(meetings), *tables), (*meetings, *windows), stale)


def _windows(reader: "duckdb.DuckDBPyConnection", day: date) -> list[Record]:
    return records(
        reader,
        """
        select sensitivity.*
        from marts.rate_sensitivity as sensitivity
        inner join marts.dim_pair as pair on sensitivity.pair_id = pair.pair_id
        where pair.is_headline and sensitivity.window_end = ? and list_contains(?, sensitivity.window_id)
        order by sensitivity.window_id desc
        """,
        day, list(WINDOWS),
    )  # fmt: skip


def _sensitivity(windows: list[Record]) -> Table:
    return Table(
        f"Gap of small against large caps when the rate expected in six months moves, to {windows[0]['window_end']}",
        ("window", "from", "observations", "controlled", "t", "raw", "t"),
        tuple(
            (WINDOWS[row["window_id"]], str(row["window_start"]), str(row["observations"]),
             per_basis_point(row["controlled_coefficient_pct_per_bp"]), number(row["controlled_t_hac"]),
             per_basis_point(row["coefficient_pct_per_bp"]), number(row["t_hac"]))
            for row in windows
        ),
        "Controlled: large-cap return held fixed. Above zero small caps gain when higher rates are expected. The sign "
        "changes with the regime: a figure speaks for its window.",
    )  # fmt: skip


def _meetings(reader: "duckdb.DuckDBPyConnection", day: date) -> list[Record]:
    return records(
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
             basis_points(m["cumulative_change_bp"]), basis_points(m["pre_cumulative_change_bp"]))
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
