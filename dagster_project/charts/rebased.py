"""Both sides of a pair set to 100 on a day, with their ratio below.

Belongs here: the specification, which rebases what it is given to its first day on or after parameter `base`, so that
a page can change pair and range without a new chart; and the words of the finding.
"""

from datetime import date
from typing import TYPE_CHECKING, Any

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Row, Rows, Spec, Words, in_milliseconds, milliseconds, missing
from dagster_project.charts.theme import INK, LABEL_SIZE, WIDTH
from dagster_project.charts.words import percent

if TYPE_CHECKING:
    import altair as alt

NAME = "rebased"
HEIGHT, RATIO_HEIGHT = 214, 70


def chart(levels: Rows, returns: Row | None, names: tuple[str, str], basis: str, range_words: str) -> Chart:
    """The chart of one pair over one range.

    Args:
        levels: date, small, large (levels in any unit), in order.
        returns: base_session_date, session_date, small_return_pct, large_return_pct, gap_pp, relative_pct of the
            range, as in mart relative_performance_horizons; none where the pair has none.
        names: small and large side.
        basis: price or total.
        range_words: The range in words, such as `since the election`.
    """
    if returns is None or not levels:
        return missing(NAME, f"{names[0]} and {names[1]} have no common sessions for the range {range_words}")
    return Chart(
        NAME,
        words(returns, names, basis, range_words),
        specification(returns["base_session_date"]),
        {"pair": in_milliseconds(levels, "date")},
    )


def words(returns: Row, names: tuple[str, str], basis: str, range_words: str) -> Words:
    """What is said about a pair over a range; arguments as in `chart`."""
    base: date = returns["base_session_date"]
    return Words(
        finding(returns, range_words),
        f"{names[0]} and {names[1]}, {basis} return ({'with' if basis == 'total' else 'without'} dividends), 100 at "
        f"the close of {base}, to {returns['session_date']}. Below: small over large, likewise.",
        f"Lines of {names[0]} ({percent(returns['small_return_pct'])}) and {names[1]} "
        f"({percent(returns['large_return_pct'])}) from {base} to {returns['session_date']}, and of their ratio "
        f"({percent(returns['relative_pct'])}).",
    )


def finding(returns: Row, range_words: str) -> str:
    """Who gained what, and who leads by how much."""
    small, large, relative = returns["small_return_pct"], returns["large_return_pct"], returns["relative_pct"]
    lead = f"small caps {'trail' if relative < 0 else 'lead'} by {percent(abs(relative), signed=False)}"
    if abs(relative) < 0.05:
        lead = "neither leads"
    return f"{range_words[:1].upper()}{range_words[1:]}: small {percent(small)}, large {percent(large)}; {lead}"


def specification(base: date | None = None) -> Spec:
    """Vega-Lite specification over data set `pair` (date in ms, small, large) with parameter `base` in ms."""
    import altair as alt

    since = (
        alt.Chart(marks.named_data())
        .transform_filter("datum.date >= base && datum.small != null && datum.large != null")
        .transform_window(
            small_base="first_value(small)", large_base="first_value(large)", sort=[alt.SortField("date")],
            frame=[None, None],
        )
        .transform_calculate(
            Small="100 * datum.small / datum.small_base",
            Large="100 * datum.large / datum.large_base",
            ratio="100 * datum.Small / datum.Large",
        )
    )  # fmt: skip
    sides = since.transform_fold(list(marks.SIDES), as_=["side", "index"])
    above = marks.days(labels=False)
    lines = sides.mark_line().encode(above, _index("index"), marks.side_colour())
    ends = (
        sides.transform_joinaggregate(last="max(date)")
        .transform_filter("datum.date == datum.last")
        .transform_calculate(
            is_upper="datum.index >= (datum.side == 'Small' ? datum.Large : datum.Small)",
            label=f"[datum.side, {marks.signed('datum.index - 100', '+.1f')} + ' %']",
        )
    )
    # two lines of text: the upper one ends above its line, the lower one begins below, so that they never meet
    labels = [
        ends.transform_filter(f"{'' if is_upper else '!'}datum.is_upper")
        .mark_text(align="left", dx=6, baseline="bottom" if is_upper else "top", dy=-LABEL_SIZE if is_upper else 1,
                   lineBreak="\n", fontWeight=600)
        .encode(above, _index("index"), alt.Text("label:N"), marks.side_text_colour())
        for is_upper in (True, False)
    ]  # fmt: skip
    nearest = alt.selection_point(
        name="touched", nearest=True, on="pointerover", fields=["date"], empty=False, clear="pointerout"
    )
    # of a nearest mark Vega-Lite takes formatted fields only, not the text of a day
    day = alt.Tooltip("utcyearmonthdate(date):T", title="day", format=marks.DAY)
    touch = (
        since.mark_rule(color=INK, strokeWidth=1)
        .encode(
            above,
            opacity=alt.condition(nearest, alt.value(0.35), alt.value(0)),
            tooltip=[day, *marks.tips(small="Small|.1f", large="Large|.1f", ratio="ratio|.1f")],
        )
        .add_params(nearest)
    )
    upper = alt.layer(lines, marks.rule_at(100), *labels, touch).properties(width=WIDTH, height=HEIGHT)
    ratio = since.mark_line(color=INK, strokeWidth=1.5).encode(
        marks.days(), _index("ratio", title="small / large", count=3)
    )
    lower = alt.layer(ratio, marks.rule_at(100)).properties(width=WIDTH, height=RATIO_HEIGHT)
    start = alt.param(name="base", value=milliseconds(base) if base else 0)
    return marks.finished(alt.vconcat(upper, lower).add_params(start))


def _index(field: str, title: str | None = None, count: int = 5) -> "alt.Y":
    import altair as alt

    place: dict[str, Any] = {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleX": 0, "titleY": -4}
    axis = alt.Axis(tickCount=count, title=title, **(place if title else {}))
    return alt.Y(f"{field}:Q", scale=alt.Scale(zero=False, nice=True), axis=axis)
