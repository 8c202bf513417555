"""Where futures see the target range after each meeting: a heat map of probabilities.

Belongs here: the map of one watch date; the words of the finding.
Does not belong here: how the odds came about (`odds_history`).
"""

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Row, Rows, Spec, Words, missing
from dagster_project.charts.theme import INK, LARGE, WIDTH, colour
from dagster_project.charts.words import span

NAME = "meeting_odds"
ROW_HEIGHT = 26
LEAST_SHOWN_PCT = 0.05
LEAST_LABELLED_PCT = 1.0


def chart(probabilities: Rows, now: Row | None) -> Chart:
    """The map of one watch date.

    Args:
        probabilities: meeting_date, day_convention, target_lower_bp, target_upper_bp, probability_pct, as in mart
            rate_probabilities, both conventions, one watch date.
        now: watch_date, meeting_date (the next one), range_lower_pct, range_upper_pct; none without settlements.
    """
    if now is None or not probabilities:
        reason = "No fed funds futures were known on this day" if now is None else "The odds are undefined on this day"
        return missing(NAME, reason)
    return Chart(
        NAME,
        Words(
            finding(probabilities, now),
            "Probability in % of each target range after each meeting (announcement day at the new rate), from "
            f"settlements of {now['watch_date']}; the range in force is outlined. Risk-neutral, not a forecast.",
            f"Heat map of meetings and target ranges. {finding(probabilities, now)}.",
        ),
        specification(probabilities, now),
    )


def finding(probabilities: Rows, now: Row) -> str:
    """The likeliest range after the next meeting, under both conventions."""
    following = [row for row in probabilities if row["meeting_date"] == now["meeting_date"]]
    likeliest = max(following, key=lambda row: row["probability_pct"], default=None)
    if likeliest is None:
        return f"The odds of the meeting on {now['meeting_date']} are undefined"
    same = [row["probability_pct"] for row in following if row["target_upper_bp"] == likeliest["target_upper_bp"]]
    return f"Likeliest after {now['meeting_date']}: {_range(likeliest)} %, with odds of {span(min(same), max(same))}"


def specification(probabilities: Rows, now: Row) -> Spec:
    """Vega-Lite specification with the rows inside."""
    import altair as alt

    shown = [
        {
            "meeting": str(row["meeting_date"]),
            "range": _range(row),
            "upper": row["target_upper_bp"],
            "probability": round(row["probability_pct"], 2),
        }
        for row in probabilities
        if row["day_convention"] == "post" and row["probability_pct"] >= LEAST_SHOWN_PCT
    ]
    in_force = _in_force(now)
    ranges = [label for _, label in sorted({(row["upper"], row["range"]) for row in (*shown, *in_force)}, reverse=True)]
    base = alt.Chart(marks.named_data("cells"))
    meeting = alt.X("meeting:O", axis=alt.Axis(labelAngle=0, labelExpr="slice(datum.label, 2)", labelOverlap=True))
    target = alt.Y("range:O", scale=alt.Scale(domain=ranges), axis=alt.Axis(grid=False))
    cells = base.mark_rect(color=LARGE, cornerRadius=2).encode(
        meeting, target,
        alt.Opacity("probability:Q", scale=alt.Scale(domain=[0, 100], range=[0.06, 0.95]), legend=None),
        tooltip=marks.tips(meeting="meeting", range_in_percent="range", probability="probability|.1f"),
    )  # fmt: skip
    outline = (
        alt.Chart(marks.values(in_force))
        .mark_rect(filled=False, stroke=INK, strokeWidth=1, strokeDash=[3, 2])
        .encode(target)
    )
    labelled = base.transform_filter(f"datum.probability >= {LEAST_LABELLED_PCT}")
    labels = labelled.mark_text().encode(
        meeting, target, alt.Text("probability:Q", format=".0f"),
        color=alt.condition("datum.probability > 60", alt.value(colour("paper")), alt.value(INK)),
    )  # fmt: skip
    chart = alt.layer(cells, *([outline] if in_force else []), labels).properties(
        width=WIDTH, height=ROW_HEIGHT * max(len(ranges), 2)
    )
    return marks.finished(chart, cells=shown)


def _in_force(now: Row) -> list[Row]:
    lower, upper = now["range_lower_pct"], now["range_upper_pct"]
    if lower is None or upper is None:
        return []
    band = {"target_lower_bp": 100 * lower, "target_upper_bp": 100 * upper}
    return [{"range": _range(band), "upper": 100 * upper}]


def _range(row: Row) -> str:
    lower, upper = row["target_lower_bp"] / 100, row["target_upper_bp"] / 100
    return f"{upper:.2f}" if lower == upper else f"{lower:.2f}\N{EN DASH}{upper:.2f}"
