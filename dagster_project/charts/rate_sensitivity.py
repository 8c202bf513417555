"""How small caps move against large caps when expected rates change: the t of the rolling estimate.

Belongs here: one line with the band within which it says nothing; the words of the finding.
"""

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Rows, Spec, Words, in_milliseconds, missing
from dagster_project.charts.theme import INK, LINE, SMALL, WIDTH
from dagster_project.charts.words import number, percent

NAME = "rate_sensitivity"
HEIGHT = 200
SIGNIFICANT_T = 1.96


def chart(windows: Rows, pair: str) -> Chart:
    """The chart of one pair.

    Args:
        windows: window_end, controlled_t_hac, controlled_coefficient_pct_per_bp of the rolling windows, in order.
        pair: The two sides in words.
    """
    known = [row for row in windows if row["controlled_t_hac"] is not None]
    if not known:
        return missing(NAME, "No full window of rate changes was known on this day")
    first, last = known[0]["window_end"], known[-1]["window_end"]
    return Chart(
        NAME,
        Words(
            finding(known),
            f"t (HAC) of the daily gap {pair} on the change of the expected fed funds rate six months ahead, with the "
            "large-cap return as control, windows of 252 sessions. Above zero small caps gain when expected rates "
            "rise; within the band it says nothing.",
            f"Line from {first} to {last}. {finding(known)}.",
        ),
        specification(known),
    )


def finding(known: Rows) -> str:
    """What the last window says, and how often the earlier ones said which sign."""
    last = known[-1]["controlled_t_hac"]
    values = [row["controlled_t_hac"] for row in known]
    if abs(last) < SIGNIFICANT_T:
        now = f"Rates do not explain the gap now (t {number(last, 1, signed=True)})"
    else:
        now = f"Small caps {'gain' if last > 0 else 'lose'} when expected rates rise (t {number(last, 1, signed=True)})"
    above = 100 * sum(value >= SIGNIFICANT_T for value in values) / len(values)
    below = 100 * sum(value <= -SIGNIFICANT_T for value in values) / len(values)
    return (
        f"{now}; of the weeks so far {percent(above, 0, signed=False)} said gain and "
        f"{percent(below, 0, signed=False)} lose"
    )


def specification(known: Rows) -> Spec:
    """Vega-Lite specification with the rows inside."""
    import altair as alt

    rows = [
        {"date": row["window_end"], "day": str(row["window_end"]), "t": round(row["controlled_t_hac"], 2),
         "slope": round(row["controlled_coefficient_pct_per_bp"], 4)}
        for row in known
    ]  # fmt: skip
    base = alt.Chart(marks.named_data("windows"))
    t = alt.Y("t:Q", axis=marks.signed_axis())
    band = (
        alt.Chart(marks.values([{"low": -SIGNIFICANT_T, "high": SIGNIFICANT_T}]))
        .mark_rect(color=LINE, opacity=0.22)
        .encode(alt.Y("low:Q"), alt.Y2("high:Q"))
    )
    line = base.mark_line(color=INK, strokeWidth=1.5).encode(marks.days(), t)
    touch = base.mark_point(color=INK, opacity=0, size=60).encode(
        marks.days(), t, tooltip=marks.tips(window_ends="day", t="t|+.2f", percent_per_bp="slope|+.4f")
    )
    last = base.transform_filter(f"datum.day == '{rows[-1]['day']}'").mark_point(
        filled=True, size=60, color=SMALL, opacity=1
    )
    chart = alt.layer(line, band, marks.rule_at(0), touch, last.encode(marks.days(), t)).properties(
        width=WIDTH, height=HEIGHT
    )
    return marks.finished(chart, windows=in_milliseconds(rows, "date"))
