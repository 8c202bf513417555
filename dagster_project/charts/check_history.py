"""What the checks said in the last builds.

Belongs here: one cell for each build and check that ever failed in them; the words of the finding.
"""

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Row, Rows, Spec, Words, missing
from dagster_project.charts.theme import INK, LARGE, WIDTH, colour
from dagster_project.charts.words import spoken

NAME = "check_history"
ROW_HEIGHT = 20
WIDTH_OF_A_COUNT = 30
OTHERS = "every other check"
STRENGTH = {"passed": 0.35, "warned": 0.45, "blocked": 0.6}
"""Pale enough for a number on it in both themes."""
STATES = {"passed": LARGE, "warned": colour("third"), "blocked": colour("other")}


def chart(builds: Rows, failures: Rows) -> Chart:
    """The chart of the last builds.

    Args:
        builds: build_id (an instant such as 20170526T130000000Z), checks, never_failed of each build, oldest first;
            never_failed counts its checks that failed in none of the builds.
        failures: build_id, check_id, is_blocking, passed, failed_rows of the checks that failed in one of them.
    """
    if not builds:
        return missing(NAME, "No build has been checked")
    return Chart(
        NAME,
        Words(
            finding(builds, failures),
            "The last builds of this warehouse, published or not, oldest first; the number is rows that broke the "
            "check. No cell: it did not run, because something before it failed, or there was no such check yet.",
            f"Cells by check and build. {finding(builds, failures)}.",
        ),
        specification(builds, failures),
    )


def finding(builds: Rows, failures: Rows) -> str:
    """What failed in the last build, and what is new in it."""
    last = builds[-1]
    failed = {row["check_id"]: row["is_blocking"] for row in failures if _is_of(row, last) and not row["passed"]}
    blocked = sum(failed.values())
    told = (
        f"Of {last['checks']} checks {len(failed) - blocked or 'none'} warned and {blocked or 'none'} blocked in the "
        "last build"
    )
    if len(builds) == 1:
        return told
    before = {row["check_id"] for row in failures if _is_of(row, builds[-2]) and not row["passed"]}
    new, gone = sorted(failed.keys() - before), sorted(before - failed.keys())
    if not new and not gone:
        return f"{told}, as in the build before"
    changes = [f"{words} {', '.join(map(spoken, names))}" for words, names in (("new", new), ("gone", gone)) if names]
    return f"{told}; {'; '.join(changes)}"


def specification(builds: Rows, failures: Rows) -> Spec:
    """Vega-Lite specification with the rows inside."""
    import altair as alt

    cells = [
        {"check": f"{build['never_failed']:,}", "check_id": OTHERS, "build": build["build_id"], "state": "passed",
         "rows": None}
        for build in builds
    ]  # fmt: skip
    cells += [
        {
            "check": "",
            "check_id": spoken(row["check_id"]),
            "build": row["build_id"],
            "state": "passed" if row["passed"] else "blocked" if row["is_blocking"] else "warned",
            "rows": None if row["passed"] else row["failed_rows"],
        }
        for row in failures
    ]
    for cell in cells:
        cell["strength"] = STRENGTH[cell["state"]]
    rows = list(dict.fromkeys(cell["check_id"] for cell in cells))
    base = alt.Chart(marks.named_data("cells"))
    build = alt.X(
        "build:O", sort=None, scale=alt.Scale(domain=[build["build_id"] for build in builds], paddingInner=0.06),
        axis=alt.Axis(
            orient="top", labelAngle=0, labelOverlap=True, labelSeparation=5, ticks=False, domain=False,
            labelExpr=" + ".join(
                f"slice(datum.value, {start}, {start + 2})" + (f" + '{after}'" if after else "")
                for start, after in ((4, "-"), (6, " "), (9, ":"), (11, ""))
            ),
        ),
    )  # fmt: skip
    check = alt.Y(
        "check_id:N", sort=None, scale=alt.Scale(domain=rows, paddingInner=0.08),
        axis=alt.Axis(grid=False, labelLimit=190),
    )  # fmt: skip
    squares = base.mark_rect(stroke=None).encode(
        build,
        check,
        alt.Color(
            "state:N",
            scale=alt.Scale(domain=list(STATES), range=list(STATES.values())),
            legend=alt.Legend(orient="top", title=None, labelFontSize=11, labelColor=INK, symbolType="square"),
        ),
        alt.Opacity("strength:Q", scale=None),
        tooltip=marks.tips(check="check_id", build="build", state="state", rows="rows"),
    )
    counts = (
        base.transform_calculate(told="datum.rows != null ? format(datum.rows, ',') : datum.check")
        .mark_text(fontSize=10, fill=INK)
        .encode(
            build,
            check,
            alt.Text("told:N"),
            opacity=alt.condition(f"width >= {WIDTH_OF_A_COUNT * len(builds)}", alt.value(1), alt.value(0)),
        )
    )
    layered = alt.layer(squares, counts).properties(width=WIDTH, height=ROW_HEIGHT * len(rows))
    return marks.finished(layered, cells=cells)


def _is_of(row: Row, build: Row) -> bool:
    return bool(row["build_id"] == build["build_id"])
