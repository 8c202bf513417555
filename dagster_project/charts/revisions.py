"""How many rows were told again with other values.

Belongs here: one bar for each table; the words of the finding.
"""

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Rows, Spec, Words, missing
from dagster_project.charts.theme import LARGE, MUTED, WIDTH
from dagster_project.charts.words import spoken

NAME = "revisions"
ROW_HEIGHT = 30


def chart(tables: Rows) -> Chart:
    """The chart of a build.

    Args:
        tables: table_name, rows_told, revisions, removals of each table, in order.
    """
    if not tables:
        return missing(NAME, "No table holds any row")
    return Chart(
        NAME,
        Words(
            finding(tables),
            "Vintages beyond the first of a row, percent of the rows of the table; a removal is one. Figures of a past "
            "day use the vintage known on that day.",
            f"Bars by table. {finding(tables)}.",
        ),
        specification(tables),
    )


def finding(tables: Rows) -> str:
    """How much was revised, and where."""
    rows = sum(row["rows_told"] for row in tables)
    revised = sum(row["revisions"] for row in tables)
    if not revised:
        return f"Nothing was revised: each of {rows:,} rows has been told once"
    most = max(tables, key=lambda row: row["revisions"])
    return f"{revised:,} revisions of {rows:,} rows, {most['revisions']:,} of them in {spoken(most['table_name'])}"


def specification(tables: Rows) -> Spec:
    """Vega-Lite specification with the rows inside."""
    import altair as alt

    rows = [
        {
            "table": spoken(row["table_name"]),
            "percent": round(100 * row["revisions"] / row["rows_told"], 2) if row["rows_told"] else 0.0,
            "told": f"{row['revisions']:,} of {row['rows_told']:,}",
            "removals": row["removals"],
        }
        for row in tables
    ]
    table = alt.Y("table:N", sort=None, axis=alt.Axis(grid=False, labelLimit=150, offset=2))
    # without any revision the axis still begins at the left
    most = max(1.0, *(row["percent"] for row in rows))
    share = alt.X(
        "percent:Q",
        scale=alt.Scale(domain=[0, most]),
        axis=alt.Axis(grid=True, tickCount=5, labelExpr="datum.label + ' %'"),
    )
    base = alt.Chart(marks.named_data("tables"))
    tips = marks.tips(table="table", revisions="told", percent="percent|.2f", removals="removals")
    bars = base.mark_bar(height=9, color=LARGE, yOffset=5).encode(share, table, tooltip=tips)
    told = base.mark_text(align="left", dy=-7, fill=MUTED).encode(alt.XDatum(0), table, alt.Text("told:N"))
    return marks.finished(alt.layer(bars, told).properties(width=WIDTH, height=ROW_HEIGHT * len(rows)), tables=rows)
