"""The expected policy rate after each meeting, both day conventions as a band, after the target range so far.

Belongs here: past target and expected path on one axis; the words of the finding.
"""

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Row, Rows, Spec, Words, in_milliseconds, missing
from dagster_project.charts.theme import LARGE, LINE, MUTED, WIDTH
from dagster_project.charts.words import number

NAME = "rate_path"
HEIGHT = 220


def chart(meetings: Rows, targets: Rows) -> Chart:
    """The path of one watch date.

    Args:
        meetings: watch_date, meeting_date, start_pct, post_pct, pre_pct (rate expected before and after the meeting),
            post_cumulative_bp, pre_cumulative_bp, in order.
        targets: rate_date, target_lower_pct, target_upper_pct of the time before, in order; may be empty.
    """
    known = [row for row in meetings if row["post_pct"] is not None]
    if not known:
        return missing(NAME, "No expected path of the policy rate was known on this day")
    return Chart(
        NAME,
        Words(
            finding(known),
            "Effective federal funds rate expected after each meeting, %, from settlements of "
            f"{known[0]['watch_date']}; band: both announcement-day conventions. Grey: target range so far.",
            f"Steps of the expected rate over {len(known)} meetings. {finding(known)}.",
        ),
        specification(known, targets),
    )


def finding(known: Rows) -> str:
    """The change priced to the last meeting, and to the next."""
    first, last = known[0], known[-1]
    told = f"Futures price {_change(first)} at the next meeting"
    return told if len(known) == 1 else f"{told} and {_change(last)} by {last['meeting_date']}"


def specification(known: Rows, targets: Rows) -> Spec:
    """Vega-Lite specification with the rows inside."""
    import altair as alt

    start = {"date": known[0]["watch_date"], "post": known[0]["start_pct"], "pre": known[0]["start_pct"]}
    path = [start if start["post"] is not None else None] + [
        {
            "date": row["meeting_date"],
            "post": row["post_pct"],
            "pre": row["pre_pct"],
            "change": row["post_cumulative_bp"],
        }
        for row in known
    ]
    rows = [{**row, "day": str(row["date"])} for row in path if row is not None]
    expected = alt.Chart(marks.named_data("path"))
    past = alt.Chart(marks.named_data("targets"))
    rate = alt.Y("post:Q", scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(format=".2f"))
    layers = [
        expected.mark_area(color=LARGE, opacity=0.25, interpolate="step-after").encode(
            marks.days(), rate, alt.Y2("pre:Q")
        ),
        expected.mark_line(color=LARGE, interpolate="step-after").encode(marks.days(), rate),
        expected.transform_filter("datum.change != null")
        .mark_point(filled=True, size=36, color=LARGE, opacity=1)
        .encode(
            marks.days(), rate,
            tooltip=marks.tips(meeting="day", post="post|.3f", pre="pre|.3f", change_in_bp="change|+.1f"),
        ),
    ]  # fmt: skip
    if targets:
        # the range has no height where it is a single target, so it has edges as well
        layers += [
            past.mark_area(color=LINE, opacity=0.5, interpolate="step-after").encode(
                marks.days("rate_date"), alt.Y("target_upper_pct:Q"), alt.Y2("target_lower_pct:Q")
            ),
            past.mark_line(color=MUTED, strokeWidth=1, interpolate="step-after").encode(
                marks.days("rate_date"), alt.Y("target_upper_pct:Q")
            ),
        ]
    chart = alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)
    past_rows = {"targets": in_milliseconds(targets, "rate_date")} if targets else {}
    return marks.finished(chart, path=in_milliseconds(rows, "date"), **past_rows)


def _change(row: Row) -> str:
    changes = sorted(bp for bp in (row["post_cumulative_bp"], row["pre_cumulative_bp"]) if bp is not None)
    if not changes:
        return "an unknown change"
    low, high = number(changes[0], 0, signed=True), number(changes[-1], 0, signed=True)
    return f"{low} bp" if low == high else f"{low} to {high} bp"
