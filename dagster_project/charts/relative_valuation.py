"""The multiple of small caps over that of large caps, over the dates that were known, by treatment of losses.

Belongs here: one line for each method; the words of the finding.
"""

from typing import Any

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Rows, Spec, Words, in_milliseconds, milliseconds, missing
from dagster_project.charts.theme import INK, LARGE, SMALL, WIDTH, colour
from dagster_project.charts.valuation import METHODS, method_name
from dagster_project.charts.words import number

NAME = "relative_valuation"
HEIGHT = 220
COLOURS = (SMALL, LARGE, colour("good"), colour("other"))
DATES_NAMED = 6


def chart(ratios: Rows) -> Chart:
    """The chart of one pair of baskets.

    Args:
        ratios: as_of_date, method, ratio, small_basket, large_basket, as in mart relative_valuation with measure
            pe_ttm, all dates known, in order.
    """
    known = [row for row in ratios if row["ratio"] is not None]
    if not known:
        return missing(NAME, "No ratio of price to earnings was known on this day")
    dates = sorted({row["as_of_date"] for row in known})
    days = f"on {dates[0]}" if len(dates) == 1 else f"on {len(dates)} days from {dates[0]} to {dates[-1]}"
    return Chart(
        NAME,
        Words(
            finding(known),
            f"Price to trailing earnings of {known[0]['small_basket']} over that of {known[0]['large_basket']}, "
            f"{days}; above 1 small caps are dearer.",
            f"Lines by method. {finding(known)}.",
        ),
        specification(known),
    )


def finding(known: Rows) -> str:
    """From which to which ratio the methods went."""
    ends = {
        method: [row["ratio"] for row in known if row["method"] == method] for method in ("incl_losses", "excl_losses")
    }
    told = [
        f"{'with' if method == 'incl_losses' else 'without'} losses {number(values[0])} to {number(values[-1])}"
        if len(values) > 1 else f"{'with' if method == 'incl_losses' else 'without'} losses {number(values[0])}"
        for method, values in ends.items() if values
    ]  # fmt: skip
    return f"Small over large multiple: {', '.join(told)}" if told else "Small over large multiple, by method"


def specification(known: Rows) -> Spec:
    """Vega-Lite specification with the rows inside."""
    import altair as alt

    rows = [
        {"date": row["as_of_date"], "day": str(row["as_of_date"]), "ratio": round(row["ratio"], 3),
         "method": method_name(row["method"])}
        for row in known
    ]  # fmt: skip
    names = list(METHODS.values())
    dates = sorted({milliseconds(row["date"]) for row in rows})
    axis: dict[str, Any] = {"values": dates, "format": "%Y-%m"} if len(dates) <= DATES_NAMED else {}
    legend = alt.Legend(
        orient="top", title=None, columns=2, labelColor=INK, labelFontSize=11, labelLimit=200, symbolSize=60
    )
    lines = (
        alt.Chart(marks.named_data("ratios"))
        .mark_line(strokeWidth=1.5, point=alt.OverlayMarkDef(filled=True, size=50, opacity=1))
        .encode(
            marks.days(**axis),
            alt.Y("ratio:Q", scale=alt.Scale(nice=True), axis=alt.Axis(format=".1f")),
            alt.Color("method:N", scale=alt.Scale(domain=names, range=list(COLOURS)), legend=legend),
            tooltip=marks.tips(baskets_of="day", method="method", ratio="ratio|.2f"),
        )
    )
    chart = alt.layer(lines, marks.rule_at(1)).properties(width=WIDTH, height=HEIGHT)
    return marks.finished(chart, ratios=in_milliseconds(rows, "date"))
