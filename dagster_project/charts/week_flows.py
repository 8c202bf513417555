"""The daily flows of one Lipper week of a fund.

Belongs here: bars as stamped with the sensitivities beside; the words of the finding.
"""

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Row, Rows, Spec, Words, missing
from dagster_project.charts.theme import INK, SMALL, WIDTH
from dagster_project.charts.words import NOTHING, dollars, number, percent

NAME = "week_flows"
HEIGHT = 292


def chart(days: Rows, week: Row | None, fund: str) -> Chart:
    """The chart of one week.

    Args:
        days: session_date, net_flow_usd, net_flow_lag_corrected_usd (null while not known), null_reason, in order.
        week: week_ending, net_flow_usd, net_flow_pct_aum, net_flow_lag_corrected_usd; none when no week was known.
        fund: Symbol of the fund.
    """
    if week is None or not any(day["net_flow_usd"] is not None for day in days):
        return missing(NAME, f"No whole week of flows of {fund} was known on this day")
    title = finding(days, week, fund)
    listed = "; ".join(f"{day['session_date']} {dollars(day['net_flow_usd'])}" for day in days)
    return Chart(
        NAME,
        Words(
            title,
            f"Net flow of {fund} a day in the Lipper week ended {week['week_ending']} (Thursday to Wednesday), m USD, "
            "positive is money coming in. Bars: share counts as stamped. Ticks: the same if counts are stamped one "
            "session late.",
            f"Bars of daily flows: {listed}.",
        ),
        specification(days),
    )


def finding(days: Rows, week: Row, fund: str) -> str:
    """The week's sum and the day that made most of it."""
    known = [day for day in days if day["net_flow_usd"] is not None]
    flow = week["net_flow_usd"]
    if flow is None:
        return f"{fund}: {len(known)} days of the week ended {week['week_ending']} have a flow, which makes no sum"
    direction = "lost" if flow < 0 else "took in"
    largest = max(known, key=lambda day: abs(day["net_flow_usd"]))
    told = (
        f"{fund} {direction} {dollars(abs(flow), signed=False)} in the week "
        f"({percent(week['net_flow_pct_aum'])} of assets)"
    )
    return f"{told}, most on {largest['session_date']:%A}" if largest["net_flow_usd"] * flow > 0 else told


def specification(days: Rows) -> Spec:
    """Vega-Lite specification with the rows inside."""
    import altair as alt

    rows = [
        {
            "day": f"{day['session_date']:%a %m-%d}|{_short(day['net_flow_usd'])}",
            "date": str(day["session_date"]),
            "flow": _millions(day["net_flow_usd"]),
            "late": _millions(day["net_flow_lag_corrected_usd"]),
            "reason": day["null_reason"] or "",
        }
        for day in days
    ]
    base = alt.Chart(marks.named_data("days"))
    day_axis = alt.X(
        "day:O",
        sort=None,
        axis=alt.Axis(labelAngle=0, labelExpr="split(datum.label, '|')", labelLineHeight=15),
        scale=alt.Scale(paddingInner=0.45, paddingOuter=0.3),
    )
    flow = alt.Y("flow:Q", axis=marks.signed_axis())
    tips = marks.tips(day="date", as_stamped="flow|+,.1f", if_one_session_late="late|+,.1f", remark="reason")
    bars = base.mark_bar(color=SMALL).encode(day_axis, flow, tooltip=tips)
    late = (
        base.transform_filter("datum.late != null")
        .mark_tick(color=INK, thickness=2)
        .encode(day_axis, alt.Y("late:Q"), tooltip=tips)
    )
    chart = alt.layer(bars, marks.rule_at(0), late).properties(width=WIDTH, height=HEIGHT)
    return marks.finished(chart, days=rows)


def _short(value: float | None) -> str:
    """The figure below its day: whole millions, signed."""
    return NOTHING if value is None else number(value / 1e6, 0, signed=True)


def _millions(value: float | None) -> float | None:
    return None if value is None else round(value / 1e6, 3)
