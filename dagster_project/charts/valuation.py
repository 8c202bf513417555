"""Price to earnings of the small and the large basket by every treatment of losses.

Belongs here: the last baskets known; the words of the finding.
Does not belong here: the ratio over time (`relative_valuation`).
"""

from datetime import date

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Row, Rows, Spec, Words, missing
from dagster_project.charts.theme import LINE, WIDTH
from dagster_project.charts.words import expired, number

NAME = "valuation"
ROW_HEIGHT = 52
METHODS: dict[str, str] = {
    "incl_losses": "losses included",
    "excl_losses": "loss-makers left out",
    "zero_losses": "losses counted as zero",
    "harmonic_excl_losses_cap60": "harmonic, no losses, cap 60",
}


def chart(prices: Rows, day: date) -> Chart:
    """The chart of the last pair of baskets known on a day.

    Args:
        prices: method, small_value, large_value, ratio, small_basket, large_basket, as_of_date, valid_through, as in
            mart relative_valuation with measure pe_ttm, one date.
    """
    known = [row for row in prices if row["small_value"] is not None or row["large_value"] is not None]
    if not known:
        return missing(NAME, "No pair of baskets with earnings was known on this day")
    first = known[0]
    title = finding(known)
    if first["valid_through"] < day:
        title = expired(first["as_of_date"], first["valid_through"])
    listed = "; ".join(
        f"{method_name(row['method'])}: small {_times(row['small_value'])}, large "
        f"{_times(row['large_value'])}" for row in known
    )  # fmt: skip
    return Chart(
        NAME,
        Words(
            title,
            f"Price to trailing earnings of {first['small_basket']} (small) and {first['large_basket']} (large) on "
            f"{first['as_of_date']}, by treatment of losses.",
            f"Pairs of points by method: {listed}.",
        ),
        specification(known),
    )


def finding(known: Rows) -> str:
    """Whether small caps are dearer, by how many of the methods."""
    ratios = {row["method"]: row["ratio"] for row in known if row["ratio"] is not None}
    if not ratios:
        return "No method gives a price to earnings ratio on both sides"
    dearer = sum(ratio > 1 for ratio in ratios.values())
    told = f"Small caps are {'dearer' if dearer else 'cheaper'} by {dearer or len(ratios)} of {len(ratios)} methods"
    if 0 < dearer < len(ratios):
        told = f"The definition decides: small caps are dearer by {dearer} of {len(ratios)} methods"
    low, high = number(min(ratios.values())), number(max(ratios.values()))
    return f"{told} ({low} to {high} times the multiple of large caps)" if low != high else f"{told} ({low} times)"


def specification(known: Rows) -> Spec:
    """Vega-Lite specification with the rows inside."""
    import altair as alt

    order: list[str] = [method_name(row["method"]) for row in sorted(known, key=_rank)]
    rows = [
        {"method": method_name(row["method"]), "side": side, "multiple": round(row[column], 2),
         "small": row["small_value"], "large": row["large_value"]}
        for row in known
        for side, column in (("Small", "small_value"), ("Large", "large_value"))
        if row[column] is not None
    ]  # fmt: skip
    base = alt.Chart(marks.named_data("multiples"))
    method = alt.Y("method:N", sort=order, axis=alt.Axis(labelLimit=170, grid=False))
    multiple = alt.X(
        "multiple:Q", scale=alt.Scale(zero=True, nice=True), axis=alt.Axis(grid=True, format=",d", tickCount=6)
    )
    between = base.transform_filter("datum.side == 'Small' && datum.large != null").mark_rule(color=LINE, strokeWidth=2)
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(
        multiple, method, marks.side_colour(), alt.Shape("side:N", legend=None, scale=alt.Scale(
            domain=list(marks.SIDES), range=["circle", "square"])),
        tooltip=marks.tips(method="method", side="side", times_earnings="multiple|.1f"),
    )  # fmt: skip
    named = base.transform_calculate(label="datum.side + ' ' + format(datum.multiple, '.1f')")
    labels = [
        named.transform_filter(f"datum.side == '{side}'")
        .mark_text(dy=shift)
        .encode(multiple, method, alt.Text("label:N"), marks.side_text_colour())
        for side, shift in zip(marks.SIDES, (-13, 14), strict=True)
    ]
    chart = alt.layer(between.encode(multiple, alt.X2("large:Q"), method), dots, *labels).properties(
        width=WIDTH, height=ROW_HEIGHT * len(order)
    )
    return marks.finished(chart, multiples=rows)


def method_name(method: str) -> str:
    """A treatment of losses in words; one without words of its own keeps its name."""
    return METHODS.get(method, method)


def _rank(row: Row) -> int:
    methods = list(METHODS)
    return methods.index(row["method"]) if row["method"] in methods else len(methods)


def _times(value: float | None) -> str:
    return "none" if value is None else f"{number(value, 1)} times earnings"
