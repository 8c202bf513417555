"""How good the odds were: share of decisions that came against the odds given the day before.

Belongs here: one point for each outcome and bin; the words of the finding.
"""

from typing import TYPE_CHECKING

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Rows, Spec, Words, missing
from dagster_project.charts.theme import INK, LINE, WIDTH, colour

if TYPE_CHECKING:
    import altair as alt

NAME = "calibration"
HEIGHT = 260
OUTCOMES = {"hike": "rise", "hold": "no change", "cut": "cut"}
COLOURS = (colour("third"), INK, colour("other"))
SURE_PCT = 90.0


def chart(bins: Rows) -> Chart:
    """The chart of one day convention.

    Args:
        bins: outcome, bin_lower_pct, decisions, hits, mean_probability_pct, hit_share_pct, decisions_through, as in
            mart rate_odds_calibration; rows without odds have no bin_lower_pct and are left out.
    """
    known = [row for row in bins if row["bin_lower_pct"] is not None]
    if not known:
        return missing(NAME, "No decision with odds the day before lies in the data")
    return Chart(
        NAME,
        Words(
            finding(known),
            "Odds of an outcome before the decision (mean of a bin, %) against the share of decisions that had it "
            "(%); size: number of decisions. On the line the odds were right. Decisions through "
            f"{known[0]['decisions_through']}.",
            f"Points near the diagonal. {finding(known)}.",
        ),
        specification(known),
    )


def finding(known: Rows) -> str:
    """What became of the sure things."""
    sure = [row for row in known if row["bin_lower_pct"] >= SURE_PCT]
    given, came = sum(row["decisions"] for row in sure), sum(row["hits"] for row in sure)
    if not given:
        return f"Futures never gave an outcome odds of {SURE_PCT:.0f} % or more"
    return f"Of {given} outcomes that futures gave {SURE_PCT:.0f} % or more, {came} came"


def specification(known: Rows) -> Spec:
    """Vega-Lite specification with the rows inside."""
    import altair as alt

    rows = [
        {
            "outcome": OUTCOMES[row["outcome"]],
            "odds": round(row["mean_probability_pct"], 1),
            "came": round(row["hit_share_pct"], 1),
            "decisions": row["decisions"],
            "hits": row["hits"],
        }
        for row in known
    ]
    axis = alt.Axis(values=[0, 25, 50, 75, 100], grid=True)
    scale = alt.Scale(domain=[0, 100])
    points = (
        alt.Chart(marks.named_data("bins"))
        .mark_point(filled=True, opacity=0.85, stroke=None)
        .encode(
            alt.X("odds:Q", scale=scale, axis=alt.Axis(values=[0, 25, 50, 75, 100], title="odds given, %")),
            alt.Y("came:Q", scale=scale, axis=axis),
            alt.Size("decisions:Q", scale=alt.Scale(type="sqrt", range=[30, 500]), legend=None),
            alt.Shape("outcome:N", legend=_legend(), scale=alt.Scale(domain=list(OUTCOMES.values()))),
            alt.Color(
                "outcome:N", legend=_legend(), scale=alt.Scale(domain=list(OUTCOMES.values()), range=list(COLOURS))
            ),
            tooltip=marks.tips(outcome="outcome", odds="odds|.1f", came="came|.1f", decisions="decisions", hits="hits"),
        )
    )
    diagonal = (
        alt.Chart(marks.values([{"odds": 0, "came": 0}, {"odds": 100, "came": 100}]))
        .mark_line(color=LINE, strokeWidth=1, strokeDash=[4, 3])
        .encode(alt.X("odds:Q"), alt.Y("came:Q"))
    )
    return marks.finished(alt.layer(points, diagonal).properties(width=WIDTH, height=HEIGHT), bins=rows)


def _legend() -> "alt.Legend":
    import altair as alt

    return alt.Legend(orient="top", title=None, labelFontSize=11, labelColor=INK, symbolSize=60)
