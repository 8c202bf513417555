"""Leverage of small companies as a multiple of that of large ones, by sums and by medians.

Belongs here: the last baskets known; the words of the finding.
"""

from datetime import date

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Row, Rows, Spec, Words, missing
from dagster_project.charts.theme import INK, MUTED, SMALL, WIDTH
from dagster_project.charts.words import expired, number

NAME = "leverage"
ROW_HEIGHT = 42
MEASURES = {
    "debt_to_assets": "debt to assets",
    "debt_to_equity": "debt to equity",
    "net_debt_to_ebitda": "net debt to EBITDA",
    "share_interest_not_covered": "interest not covered",
    "ebit_to_interest": "EBIT to interest",
}


def chart(debts: Rows, day: date) -> Chart:
    """The chart of the last baskets known on a day.

    Args:
        debts: measure, small_aggregate, large_aggregate, small_median, large_median, small_basket, large_basket,
            as_of_date, valid_through, from mart leverage, one date.
    """
    ratios = [row for row in map(_ratios, debts) if row["sums"] is not None or row["medians"] is not None]
    if not ratios:
        return missing(NAME, "No pair of baskets with debts was known on this day")
    first = debts[0]
    title = finding(debts)
    if first["valid_through"] < day:
        title = expired(first["as_of_date"], first["valid_through"])
    return Chart(
        NAME,
        Words(
            title,
            f"Leverage of {first['small_basket']} over that of {first['large_basket']} on {first['as_of_date']}, "
            "without financials, log scale; right of 1 small companies have more. For EBIT to interest more is "
            "stronger.",
            f"Points by measure. {finding(debts)}.",
        ),
        specification(ratios),
    )


def finding(debts: Rows) -> str:
    """Debt to assets by sums and by median: the article's percentage of debt."""
    found = next((row for row in debts if row["measure"] == "debt_to_assets"), None)
    if found is None or found["small_aggregate"] is None or found["large_aggregate"] is None:
        return "No debt to assets on both sides"
    sums = f"{number(found['small_aggregate'])} against {number(found['large_aggregate'])} by sums"
    if found["small_median"] is None or found["large_median"] is None:
        return f"Debt to assets of small against large companies: {sums}"
    agree = (found["small_aggregate"] > found["large_aggregate"]) == (found["small_median"] > found["large_median"])
    medians = f"{number(found['small_median'])} against {number(found['large_median'])} by median"
    decides = "" if agree else ": the definition decides"
    return f"Debt to assets of small against large companies: {sums}, {medians}{decides}"


def specification(ratios: Rows) -> Spec:
    """Vega-Lite specification with the rows inside."""
    import altair as alt

    order = [row["label"] for row in ratios]
    rows = [
        {"measure": row["label"], "way": way, "ratio": round(row[way], 3), "small": row[f"small_{way}"],
         "large": row[f"large_{way}"]}
        for row in ratios
        for way in ("sums", "medians")
        if row[way] is not None
    ]  # fmt: skip
    legend = alt.Legend(orient="top", title=None, labelColor=INK, labelFontSize=11, symbolSize=70)
    ways = alt.Scale(domain=["sums", "medians"], range=["circle", "diamond"])
    base = alt.Chart(marks.named_data("ratios"))
    ratio = alt.X(
        "ratio:Q", scale=alt.Scale(type="log", nice=False, padding=24),
        axis=alt.Axis(grid=True, values=[0.25, 0.5, 1, 2, 4, 8], format="~g"),
    )  # fmt: skip
    measure = alt.Y("measure:N", sort=order, axis=alt.Axis(labelLimit=170))
    dots = base.mark_point(filled=True, size=90, opacity=1, color=SMALL).encode(
        ratio, measure, alt.Shape("way:N", scale=ways, legend=legend),
        tooltip=marks.tips(measure="measure", by="way", small="small|.2f", large="large|.2f", ratio="ratio|.2f"),
    )  # fmt: skip
    labels = [
        base.transform_filter(f"datum.way == '{way}'")
        .mark_text(dy=shift, fill=MUTED)
        .encode(ratio, measure, alt.Text("ratio:Q", format=".2f"))
        for way, shift in (("sums", -11), ("medians", 13))
    ]
    chart = alt.layer(dots, *labels, marks.rule_at(1, "x")).properties(width=WIDTH, height=ROW_HEIGHT * len(order))
    return marks.finished(chart, ratios=rows)


def _ratios(row: Row) -> Row:
    return {
        "label": MEASURES.get(row["measure"], row["measure"].replace("_", " ")),
        "sums": _over(row["small_aggregate"], row["large_aggregate"]),
        "medians": _over(row["small_median"], row["large_median"]),
        "small_sums": row["small_aggregate"],
        "large_sums": row["large_aggregate"],
        "small_medians": row["small_median"],
        "large_medians": row["large_median"],
    }


def _over(small: float | None, large: float | None) -> float | None:
    """A ratio for a log scale: none where a side is missing or not above zero."""
    return small / large if small is not None and large is not None and small > 0 and large > 0 else None
