"""One measure of a mart over time, as Dagster shows it beside the mart.

Belongs here: the specification. Which measure stands in the `plot` of the mart's yml.
"""

from collections.abc import Sequence
from datetime import date

from dagster_project.charts.marks import days, finished, named_data
from dagster_project.charts.model import Chart, Words, in_milliseconds, missing
from dagster_project.charts.theme import SMALL

WIDTH, HEIGHT = 560, 130


def mart_line(name: str, title: str, points: Sequence[tuple[date, float]]) -> Chart:
    """A line through at most a few hundred points, each a day and a value in the unit that the title names."""
    if not points:
        return missing(name, f"No row with a value: {title}")
    import altair as alt

    rows = in_milliseconds([{"date": day, "value": value} for day, value in points], "date")
    line = (
        alt.Chart(named_data())
        .mark_line(color=SMALL, strokeWidth=1.3, point=len(points) < 30)
        .encode(days(), alt.Y("value:Q", title=None, scale=alt.Scale(zero=False)))
        .properties(width=WIDTH, height=HEIGHT)
    )
    subtitle = f"{points[0][0]} to {points[-1][0]}, the last value of each of {len(points)} stretches of rows"
    return Chart(name, Words(title, subtitle, title), finished(line, pair=rows))
