"""Which series hold the days that they should, year by year.

Belongs here: one cell for each series and year; the words of the finding.
Does not belong here: which days are due (mart data_quality_coverage says).
"""

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Row, Rows, Spec, Words, missing
from dagster_project.charts.theme import INK, LARGE, LINE, SMALL, WIDTH
from dagster_project.charts.words import spoken

NAME = "data_coverage"
ROW_HEIGHT = 17
WIDTH_OF_A_COUNT = 17
"""Pixels of a cell that has room for three digits."""
STATES = {"every day due": LARGE, "days missing": SMALL, "no daily rhythm": LINE}


def chart(years: Rows) -> Chart:
    """The chart of a build.

    Args:
        years: table_name, series, calendar_year, days_held, days_due, days_missing, as in mart data_quality_coverage,
            in the order to be shown; days_due and days_missing are empty for tables without a daily rhythm.
    """
    if not years:
        return missing(NAME, "No table holds any row")
    first = _first_year(years)
    cut = sorted({spoken(row["table_name"]) for row in years if row["calendar_year"] < first})
    return Chart(
        NAME,
        Words(
            finding(years),
            "Series by year. Due are NYSE sessions between the first and the last day of a series, for rates without "
            "Columbus Day and Veterans Day; the number is days missing."
            + (f" Years before {first} are not drawn ({', '.join(cut)})." if cut else ""),
            f"Cells by series and year. {finding(years)}.",
        ),
        specification(years),
    )


def finding(years: Rows) -> str:
    """How many series are whole, and which misses most."""
    due: dict[tuple[str, str], int] = {}
    lost: dict[tuple[str, str], int] = {}
    for row in years:
        if row["days_due"] is not None:
            series = row["table_name"], row["series"]
            due[series] = due.get(series, 0) + row["days_due"]
            lost[series] = lost.get(series, 0) + row["days_missing"]
    if not due:
        return "No table with a daily rhythm holds any row"
    whole = sum(not days for days in lost.values())
    if whole == len(due):
        return f"All {whole} daily series have every day that is due"
    table, name = worst = max(lost, key=lambda series: lost[series])
    return (
        f"{whole} of {len(due)} daily series have every day that is due; most are missing in {name} of "
        f"{spoken(table)}: {lost[worst]:,} of {due[worst]:,}"
    )


def specification(years: Rows) -> Spec:
    """Vega-Lite specification with the rows inside."""
    import altair as alt

    first = _first_year(years)
    shown = [row for row in years if row["calendar_year"] >= first]
    cells = [
        {
            "row": marks.row_key(spoken(row["table_name"]), spoken(row["series"])),
            "table": spoken(row["table_name"]),
            "series": spoken(row["series"]),
            "year": row["calendar_year"],
            "held": row["days_held"],
            "due": row["days_due"],
            "missing": row["days_missing"] or None,
            "state": _state(row),
            # pale enough for a number on it in both themes
            "strength": 0.3 + 0.35 * row["days_missing"] / row["days_due"] if row["days_missing"] else 0.5,
        }
        for row in shown
    ]
    rows = marks.grouped_rows((cell["table"], cell["series"]) for cell in cells)
    last = max(row["calendar_year"] for row in shown)
    span = list(range(first, last + 1))
    base = alt.Chart(marks.named_data("cells"))
    year = alt.X(
        "year:O", scale=alt.Scale(domain=span, paddingInner=0.08),
        axis=alt.Axis(orient="top", labelAngle=0, labelOverlap=True, labelSeparation=5, ticks=False, domain=False),
    )  # fmt: skip
    place = marks.grouped_axis("row", rows)
    squares = base.mark_rect(stroke=None).encode(
        year,
        place,
        alt.Color(
            "state:N",
            scale=alt.Scale(domain=list(STATES), range=list(STATES.values())),
            legend=alt.Legend(orient="top", title=None, labelFontSize=11, labelColor=INK, symbolType="square"),
        ),
        alt.Opacity("strength:Q", scale=None),
        tooltip=marks.tips(
            table="table", series="series", year="year", days_held="held", days_due="due", days_missing="missing"
        ),
    )
    counts = (
        base.transform_filter("datum.missing != null")
        .mark_text(fontSize=9, fill=INK)
        .encode(
            year,
            place,
            alt.Text("missing:Q"),
            opacity=alt.condition(f"width >= {WIDTH_OF_A_COUNT * len(span)}", alt.value(1), alt.value(0)),
        )
    )
    layered = alt.layer(squares, counts).properties(width=WIDTH, height=ROW_HEIGHT * len(rows))
    return marks.finished(layered, cells=cells)


def _first_year(years: Rows) -> int:
    """The first year of a daily series: a monthly one of a century would leave no room for the others."""
    daily = [row["calendar_year"] for row in years if row["days_due"] is not None]
    return int(min(daily or [row["calendar_year"] for row in years]))


def _state(row: Row) -> str:
    if row["days_due"] is None:
        return "no daily rhythm"
    return "days missing" if row["days_missing"] else "every day due"
