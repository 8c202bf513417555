"""Rows that are kept out of every figure, by the rule they broke.

Belongs here: one bar for each table and rule; the words of the finding.
"""

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Rows, Spec, Words, missing
from dagster_project.charts.theme import INK, LARGE, SMALL, WIDTH
from dagster_project.charts.words import spoken

NAME = "quarantined"
ROW_HEIGHT = 20
JUDGES = {"contract": "broke a contract", "warehouse": "does not fit other rows"}


def chart(rules: Rows) -> Chart:
    """The chart of a build.

    Args:
        rules: table_name, rule, judged_by, open_rows, as in meta.quarantine, in order.
    """
    if not rules:
        return missing(NAME, "No row is in quarantine")
    return Chart(
        NAME,
        Words(
            finding(rules),
            "Rows not decided upon, by table and rule. A row that broke a contract never came in; one that does not "
            "fit other rows is held and counted in no figure. The command smallcap quarantine list names them.",
            f"Bars by rule. {finding(rules)}.",
        ),
        specification(rules),
    )


def finding(rules: Rows) -> str:
    """How many rows are kept out, and by whom."""
    rows = {judge: sum(rule["open_rows"] for rule in rules if rule["judged_by"] == judge) for judge in JUDGES}
    total = sum(rows.values())
    return (
        f"{total:,} {'row is' if total == 1 else 'rows are'} kept out of every figure: {rows['contract']:,} for "
        f"breaking a contract, {rows['warehouse']:,} for not fitting other rows"
    )


def specification(rules: Rows) -> Spec:
    """Vega-Lite specification with the rows inside."""
    import altair as alt

    bars = [
        {
            "row": marks.row_key(spoken(rule["table_name"]), spoken(rule["rule"])),
            "table": spoken(rule["table_name"]),
            "rule": spoken(rule["rule"]),
            "rows": rule["open_rows"],
            "judge": JUDGES[rule["judged_by"]],
        }
        for rule in rules
    ]
    rows = marks.grouped_rows((bar["table"], bar["rule"]) for bar in bars)
    base = alt.Chart(marks.named_data("rules"))
    place = marks.grouped_axis("row", rows, width=180)
    count = alt.X("rows:Q", axis=alt.Axis(grid=True, tickCount=min(4, max(bar["rows"] for bar in bars)), format=",d"))
    drawn = base.mark_bar(height=12).encode(
        count,
        place,
        alt.Color(
            "judge:N",
            scale=alt.Scale(domain=list(JUDGES.values()), range=[SMALL, LARGE]),
            legend=alt.Legend(orient="top", title=None, labelFontSize=11, labelColor=INK, symbolType="square"),
        ),
        tooltip=marks.tips(table="table", rule="rule", rows="rows", judged="judge"),
    )
    told = base.mark_text(align="left", dx=5, fill=INK).encode(count, place, alt.Text("rows:Q", format=",d"))
    return marks.finished(alt.layer(drawn, told).properties(width=WIDTH, height=ROW_HEIGHT * len(rows)), rules=bars)
