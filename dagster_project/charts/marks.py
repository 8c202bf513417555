"""Pieces that several charts share.

Belongs here: axes of days and of rows in groups, the rule at a reference value, colours of the two sides, tooltips.
Does not belong here: a whole chart.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dagster_project.charts.model import Rows, Spec
from dagster_project.charts.theme import INK, LARGE, LARGE_TEXT, LINE, MUTED, SMALL, SMALL_TEXT

if TYPE_CHECKING:
    import altair as alt
    from altair.typing import ChartType

SIDES = ("Small", "Large")
DAY = "%Y-%m-%d"
SHORT_DATES = {"year": "%Y", "quarter": "%b", "month": "%b", "week": "%b %d", "date": "%b %d", "day": "%b %d"}
"""Formats of a tick by what it begins."""


def named_data(name: str = "pair") -> "alt.NamedData":
    """A data set that comes later, with dates in milliseconds: nothing is parsed."""
    import altair as alt

    return alt.NamedData(name=name, format=alt.JsonDataFormat(parse=None))


def values(rows: Rows) -> "alt.InlineData":
    """A few rows inside a layer; longer ones are named and handed to `finished`, which copies nothing."""
    import altair as alt

    return alt.InlineData(values=[dict(row) for row in rows], format=alt.JsonDataFormat(parse=None))


def finished(chart: "ChartType", **rows: Rows) -> Spec:
    """The specification with the data sets that it names; the tests validate it, a build need not do it again."""
    spec: Spec = chart.to_dict(validate=False)
    for left_to_theme in ("config", "$schema"):
        spec.pop(left_to_theme, None)
    if rows:
        spec.setdefault("datasets", {}).update({name: [dict(row) for row in found] for name, found in rows.items()})
    return spec


def days(field: str = "date", **axis: Any) -> "alt.X":
    """A horizontal axis of days in UTC."""
    import altair as alt

    options = {"tickCount": 6, "labelOverlap": True, "labelSeparation": 8, "format": SHORT_DATES, **axis}
    return alt.X(f"{field}:T", scale=alt.Scale(type="utc"), axis=alt.Axis(**options))


def side_colour(field: str = "side") -> "alt.Color":
    """Colours of the small and the large side, without a legend: labels in the same colours say which is which."""
    import altair as alt

    return alt.Color(f"{field}:N", scale=alt.Scale(domain=list(SIDES), range=[SMALL, LARGE]), legend=None)


def side_text_colour(field: str = "side") -> "alt.Color":
    """The same for text, which needs more contrast."""
    import altair as alt

    return alt.Color(f"{field}:N", scale=alt.Scale(domain=list(SIDES), range=[SMALL_TEXT, LARGE_TEXT]), legend=None)


def signed_axis(unit: str = "", **options: Any) -> "alt.Axis":
    """An axis of signed numbers: a true minus sign, no sign at zero."""
    import altair as alt

    return alt.Axis(labelExpr=f"datum.value == 0 ? '0{unit}' : {signed('datum.value', '+,')} + '{unit}'", **options)


def signed(field: str, layout: str) -> str:
    """A Vega expression for a number with a true minus sign."""
    return f"replace(format({field}, '{layout}'), '-', '\N{MINUS SIGN}')"


def rule_at(value: float, axis: str = "y") -> "alt.Chart":
    """A thin line at a reference value, such as 0 or 100. Not the first layer, which decides about the grid."""
    import altair as alt

    datum = alt.YDatum(value) if axis == "y" else alt.XDatum(value)
    rule: alt.Chart = alt.Chart(values([{}])).mark_rule(color=LINE, strokeWidth=1).encode(datum)
    return rule


def tips(**fields: str) -> "list[alt.Tooltip]":
    """Tooltip lines: title=`field` or title=`field|format`; underscores of a title become spaces."""
    import altair as alt

    found = []
    for title, described in fields.items():
        field, _, layout = described.partition("|")
        options: dict[str, Any] = {"format": layout} if layout else {}
        found.append(alt.Tooltip(f"{field}:{'Q' if layout else 'N'}", title=title.replace("_", " "), **options))
    return found


GROUP_MARK = "|"
"""Between group and name in the key of a row; the heading of a group has no name after it."""


def row_key(group: str, name: str = "") -> str:
    """Key of a row on an axis of rows in groups; without a name that of the group's heading."""
    return f"{group}{GROUP_MARK}{name}"


def grouped_rows(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Keys of the rows in their order, a heading before each group; a row named twice stands once."""
    groups: dict[str, dict[str, None]] = {}
    for group, name in rows:
        groups.setdefault(group, {})[name] = None
    return [key for group, names in groups.items() for key in (row_key(group), *(row_key(group, n) for n in names))]


def grouped_axis(field: str, rows: list[str], width: int = 150) -> "alt.Y":
    """A vertical axis of the keys of `grouped_rows`: names, and headings in bold."""
    import altair as alt

    is_heading = f"indexof(datum.value, '{GROUP_MARK}') == length(datum.value) - 1"
    axis = alt.Axis(
        grid=False,
        labelExpr=f"{is_heading} ? slice(datum.value, 0, -1) : split(datum.value, '{GROUP_MARK}')[1]",
        labelFontWeight=alt.condition(is_heading, alt.value("bold"), alt.value("normal")),
        labelColor=alt.condition(is_heading, alt.value(INK), alt.value(MUTED)),
        labelLimit=width,
    )
    return alt.Y(f"{field}:N", sort=None, scale=alt.Scale(domain=rows, paddingInner=0.08), axis=axis)
