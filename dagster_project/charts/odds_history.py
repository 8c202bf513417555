"""How the odds of the next meeting came about: both day conventions as a band.

Belongs here: one line with its band over the watch dates; the words of the finding.
"""

from datetime import date

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Rows, Spec, Words, in_milliseconds, missing
from dagster_project.charts.theme import LARGE, WIDTH
from dagster_project.charts.words import span

NAME = "odds_history"
HEIGHT = 180
DAYS_COMPARED = 30
OUTCOMES = {"hike": "a rise", "hold": "no change", "cut": "a cut"}


def chart(odds: Rows, meeting: date | None, outcome: str) -> Chart:
    """The chart of one meeting.

    Args:
        odds: watch_date, post_pct, pre_pct (probability of the outcome under each convention), in order.
        meeting: Day of the meeting; none without settlements.
        outcome: hike, hold or cut.
    """
    known = [row for row in odds if row["post_pct"] is not None or row["pre_pct"] is not None]
    if meeting is None or not known:
        return missing(NAME, "No odds of the next meeting were known on this day")
    first, last = known[0], known[-1]
    words = OUTCOMES[outcome]
    month_ago = max(
        (row for row in known if (last["watch_date"] - row["watch_date"]).days >= DAYS_COMPARED),
        key=lambda row: row["watch_date"],
        default=first,
    )
    return Chart(
        NAME,
        Words(
            f"Odds of {words} on {meeting}: {span(last['pre_pct'], last['post_pct'])}, after "
            f"{span(month_ago['pre_pct'], month_ago['post_pct'])} on {month_ago['watch_date']}",
            f"Probability of {words} in % at the meeting on {meeting}, against the range in force on each day. Line: "
            "announcement day at the new rate (post); band: to the same day at the old rate (pre).",
            f"Line of the odds of {words} from {first['watch_date']} to {last['watch_date']}, ending at "
            f"{span(last['pre_pct'], last['post_pct'])}.",
        ),
        specification(known),
    )


def specification(odds: Rows) -> Spec:
    """Vega-Lite specification with the rows inside."""
    import altair as alt

    rows = [
        {"date": row["watch_date"], "day": str(row["watch_date"]), "post": _short(row["post_pct"]),
         "pre": _short(row["pre_pct"])}
        for row in odds
    ]  # fmt: skip
    base = alt.Chart(marks.named_data("odds"))
    percent = alt.Y("post:Q", scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(values=[0, 25, 50, 75, 100]))
    band = base.mark_area(color=LARGE, opacity=0.25).encode(marks.days(), percent, alt.Y2("pre:Q"))
    line = base.mark_line(color=LARGE).encode(marks.days(), percent)
    points = base.mark_point(color=LARGE, opacity=0, size=80).encode(
        marks.days(), percent, tooltip=marks.tips(day="day", post="post|.1f", pre="pre|.1f")
    )
    chart = alt.layer(band, line, points).properties(width=WIDTH, height=HEIGHT)
    return marks.finished(chart, odds=in_milliseconds(rows, "date"))


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
