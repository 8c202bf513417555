"""What the market checks found, and whether anybody has looked at it.

Belongs here: one point for each check and year; the words of the finding.
Does not belong here: the reasons (seed known_faults, shown in a table).
"""

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Rows, Spec, Words, missing
from dagster_project.charts.theme import INK, LARGE, MUTED, SMALL, WIDTH
from dagster_project.charts.words import spoken

NAME = "data_findings"
ROW_HEIGHT = 18
SEVERITIES = {"error": "checks that block", "warn": "checks that warn"}
KINDS = {"open": SMALL, "listed fault of the input": LARGE, "listed, no fault": MUTED}


def chart(found: Rows, checks: int) -> Chart:
    """The chart of a build.

    Args:
        found: check_id, severity, is_known, known_kind, calendar_year, findings, in order.
        checks: market checks that there are.
    """
    if not found:
        return missing(NAME, f"None of {checks} market checks found anything")
    return Chart(
        NAME,
        Words(
            finding(found),
            f"Findings of the {checks} market checks by year of the day they name; size: how many. Listed ones were "
            "looked up and have a reason below; no fault are days on which the market did it, holidays and rounding.",
            f"Points by check and year. {finding(found)}.",
        ),
        specification(found),
    )


def finding(found: Rows) -> str:
    """What is open, and what stands behind a green run."""
    listed = sum(row["findings"] for row in found if row["is_known"])
    faults = sum(row["findings"] for row in found if row["known_kind"] == "fault")
    reasons = f"{listed:,} listed with a reason, {faults:,} of them faults of the input"
    unread = [row for row in found if not row["is_known"]]
    if not unread:
        return f"No finding is open; {reasons}"
    count = sum(row["findings"] for row in unread)
    blocking = sum(row["findings"] for row in unread if row["severity"] == "error")
    return (
        f"{count:,} {'finding is' if count == 1 else 'findings are'} open, {blocking or 'none'} in checks that block; "
        f"{reasons}"
    )


def specification(found: Rows) -> Spec:
    """Vega-Lite specification with the rows inside."""
    import altair as alt

    points = [
        {
            "row": marks.row_key(SEVERITIES[row["severity"]], spoken(row["check_id"])),
            "group": SEVERITIES[row["severity"]],
            "check": spoken(row["check_id"]),
            "year": row["calendar_year"],
            "findings": row["findings"],
            "kind": _kind(row["is_known"], row["known_kind"]),
        }
        for row in found
    ]
    rows = marks.grouped_rows((point["group"], point["check"]) for point in points)
    years = alt.X(
        "year:Q", scale=alt.Scale(zero=False, nice=False, padding=12),
        axis=alt.Axis(format="d", tickMinStep=1, tickCount=8, grid=True),
    )  # fmt: skip
    drawn = (
        alt.Chart(marks.named_data("found"))
        .mark_point(filled=True, opacity=0.8, stroke=None)
        .encode(
            years,
            marks.grouped_axis("row", rows, width=170),
            alt.Size("findings:Q", scale=alt.Scale(type="sqrt", range=[40, 420], domainMin=1), legend=None),
            alt.Color(
                "kind:N",
                scale=alt.Scale(domain=list(KINDS), range=list(KINDS.values())),
                legend=alt.Legend(orient="top", title=None, labelFontSize=11, labelColor=INK, symbolSize=60),
            ),
            tooltip=marks.tips(check="check", year="year", findings="findings", state="kind"),
        )
    )
    return marks.finished(drawn.properties(width=WIDTH, height=ROW_HEIGHT * len(rows)), found=points)


def _kind(is_known: bool, known_kind: str | None) -> str:
    if not is_known:
        return "open"
    return "listed fault of the input" if known_kind == "fault" else "listed, no fault"
