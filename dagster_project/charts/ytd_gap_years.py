"""The year-to-date gap of every year by session of the year, with this one marked.

Belongs here: the specification over data set `pair` with parameters `this_year` and `this_session`; the words.
Does not belong here: the rank, which mart relative_performance has.
"""

from typing import TYPE_CHECKING

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Row, Rows, Spec, Words, in_milliseconds, missing
from dagster_project.charts.theme import LINE, MUTED, PAPER, SMALL, SMALL_TEXT, WIDTH
from dagster_project.charts.words import percent, points, worst

if TYPE_CHECKING:
    import altair as alt

NAME = "ytd_gap_years"
HEIGHT = 296
YEARS_FOR_PERCENTILE = 20
"""Below this many years compared people are shown the rank and never a percentile (docs/methodology.md 1)."""


def chart(gaps: Rows, today: Row | None, names: tuple[str, str], basis: str) -> Chart:
    """The chart of one pair.

    Args:
        gaps: date, gap (pp), session (number in its year) of all years up to the day, in order.
        today: session_date, ytd_gap_pp, ytd_gap_rank_from_worst, years_compared, ytd_gap_percentile,
            session_number_of_year of the day, as in mart relative_performance; none where the pair has no row.
        names: small and large side.
        basis: price or total.
    """
    if today is None or today["ytd_gap_pp"] is None:
        return missing(NAME, _absent(names))
    return Chart(
        NAME,
        words(today, names, basis),
        specification(today["session_date"].year, today["session_number_of_year"]),
        {"pair": in_milliseconds(gaps, "date")},
    )


def words(today: Row, names: tuple[str, str], basis: str) -> Words:
    """What is said about a pair; arguments as in `chart`."""
    if today["ytd_gap_pp"] is None:
        return Words(_absent(names), "", _absent(names))
    return Words(
        finding(today),
        f"{names[0]} minus {names[1]} since the last session of the year before, percentage points, {basis} return, by "
        f"session of the year; other years in grey, with a dot at session {today['session_number_of_year']}.",
        f"Lines of the year-to-date gap of {today['years_compared'] + 1} years. {finding(today)}, on "
        f"{today['session_date']}.",
    )


def finding(today: Row) -> str:
    """Gap, rank among the years, and the percentile from enough years on."""
    day, compared = today["session_date"], today["years_compared"]
    told = f"The gap of {day.year} stands at {points(today['ytd_gap_pp'])}"
    if not compared:
        return f"{told}; there is no earlier year to compare with"
    told += f", the {worst(today['ytd_gap_rank_from_worst'])} of {compared + 1} years at this session"
    if compared >= YEARS_FOR_PERCENTILE:
        told += f"; {percent(today['ytd_gap_percentile'], 0, signed=False)} of the years before were worse"
    return told


def _absent(names: tuple[str, str]) -> str:
    return f"{names[0]} and {names[1]} have no year-to-date gap: the end of the year before is missing"


def specification(this_year: int = 0, this_session: int = 0) -> Spec:
    """Vega-Lite specification over data set `pair` (date in ms, gap, session)."""
    import altair as alt

    years = (
        alt.Chart(marks.named_data())
        .transform_filter("datum.gap != null")
        .transform_calculate(year="utcyear(datum.date)", day=f"utcFormat(datum.date, '{marks.DAY}')")
    )
    earlier = years.transform_filter("datum.year < this_year")
    pointed = alt.selection_point(
        name="pointed", on="pointerover", fields=["year"], empty=False, clear="pointerout", nearest=False
    )
    tips = marks.tips(year="year", day="day", gap_in_pp="gap|+.2f", session="session")
    lines = (
        earlier.mark_line(strokeWidth=1, color=LINE)
        .encode(
            _session(), _gap(), alt.Detail("year:N"),
            opacity=alt.condition(pointed, alt.value(1), alt.value(0.45)),
            strokeWidth=alt.condition(pointed, alt.value(2), alt.value(1)),
            tooltip=tips,
        )
        .add_params(pointed)
    )  # fmt: skip
    at_session = (
        earlier.transform_filter("datum.session <= this_session")
        .transform_joinaggregate(last="max(session)", groupby=["year"])
        .transform_filter("datum.session == datum.last")
        .mark_point(filled=True, size=22, color=MUTED, opacity=0.9)
        .encode(_session(), _gap(), tooltip=tips)
    )
    this = years.transform_filter("datum.year == this_year")
    last = this.transform_joinaggregate(last="max(session)").transform_filter("datum.session == datum.last")
    layers = [
        lines,
        marks.rule_at(0),
        at_session,
        *_extremes(earlier),
        this.mark_line(color=SMALL, strokeWidth=2.5).encode(_session(), _gap(), tooltip=tips),
        last.mark_point(filled=True, size=60, color=SMALL, opacity=1).encode(_session(), _gap(), tooltip=tips),
        *(
            last.transform_calculate(label=f"datum.year + '  ' + {marks.signed('datum.gap', '+.1f')} + ' pp'")
            .mark_text(align="left", dx=9, dy=-9, fontWeight=600, fontSize=12, **look)
            .encode(_session(), _gap(), alt.Text("label:N"))
            for look in (
                {"fill": PAPER, "stroke": PAPER, "strokeWidth": 4, "strokeJoin": "round"},
                {"fill": SMALL_TEXT},
            )
        ),
    ]
    chart = (
        alt.layer(*layers)
        .properties(width=WIDTH, height=HEIGHT)
        .add_params(alt.param(name="this_year", value=this_year), alt.param(name="this_session", value=this_session))
    )
    return marks.finished(chart)


def _extremes(earlier: "alt.Chart") -> "list[alt.Chart]":
    """The years that ended best and worst, named at their last session."""
    import altair as alt

    ends = (
        earlier.transform_joinaggregate(last="max(session)", groupby=["year"])
        .transform_filter("datum.session == datum.last")
        .transform_joinaggregate(highest="max(gap)", lowest="min(gap)")
        .transform_filter("datum.gap == datum.highest || datum.gap == datum.lowest")
    )
    return [ends.mark_text(align="left", dx=4, fill=MUTED).encode(_session(), _gap(), alt.Text("year:N"))]


def _session() -> "alt.X":
    import altair as alt

    axis = alt.Axis(
        values=[1, 50, 100, 150, 200, 250], title="session of the year", titleAnchor="start", titlePadding=4
    )
    return alt.X("session:Q", scale=alt.Scale(domain=[1, 253], nice=False), axis=axis)


def _gap() -> "alt.Y":
    import altair as alt

    return alt.Y("gap:Q", scale=alt.Scale(nice=True), axis=marks.signed_axis())
