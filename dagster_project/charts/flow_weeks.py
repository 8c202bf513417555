"""The flows of a fund week by week, with the last one marked.

Belongs here: bars of weeks; the words of the finding.
Does not belong here: the days of one week (`week_flows`).
"""

from dagster_project.charts import marks
from dagster_project.charts.model import MILLISECONDS_PER_DAY, Chart, Row, Rows, Spec, Words, in_milliseconds, missing
from dagster_project.charts.theme import LINE, SMALL, WIDTH
from dagster_project.charts.words import dollars, number, percent

NAME = "flow_weeks"
HEIGHT = 200
DAYS_PER_WEEK = 7


def chart(weeks: Rows, fund: str) -> Chart:
    """The chart of one fund.

    Args:
        weeks: week_ending, net_flow_usd (null without a sum), net_flow_pct_aum, zscore_52w,
            outflow_pct_rank_in_own_history, weeks_compared, as in mart fund_flows_weekly, in order.
        fund: Symbol of the fund.
    """
    known = [week for week in weeks if week["net_flow_usd"] is not None]
    if not known:
        return missing(NAME, f"No whole week of flows of {fund} was known on this day")
    last = known[-1]
    return Chart(
        NAME,
        Words(
            finding(last, fund),
            f"Net flow of {fund} in {len(known)} Lipper weeks to {last['week_ending']}, m USD, share counts as "
            "stamped, positive is money coming in; the last week in colour.",
            f"Bars of weekly flows from {known[0]['week_ending']}; the last is {dollars(last['net_flow_usd'])}.",
        ),
        specification(known),
    )


def finding(last: Row, fund: str) -> str:
    """The last week against the fund's own history."""
    told = f"{fund}: {dollars(last['net_flow_usd'])} in the week to {last['week_ending']}"
    if last["zscore_52w"] is not None:
        told += f", {number(last['zscore_52w'], 1, signed=True)} standard deviations from the 52 weeks before"
    if last["outflow_pct_rank_in_own_history"] is not None:
        lower = percent(last["outflow_pct_rank_in_own_history"], 0, signed=False)
        told += f"; {lower} of its {last['weeks_compared']:,} earlier weeks were lower"
    return told


def specification(weeks: Rows) -> Spec:
    """Vega-Lite specification with the rows inside."""
    import altair as alt

    last = weeks[-1]["week_ending"]
    rows = [
        {
            "date": week["week_ending"],
            "week": str(week["week_ending"]),
            "flow": round(week["net_flow_usd"] / 1e6, 1),
            "share": week["net_flow_pct_aum"] and round(week["net_flow_pct_aum"], 3),
            "is_last": week["week_ending"] == last,
        }
        for week in weeks
    ]
    # a rectangle of most of its week, whatever the width of the page
    base = alt.Chart(marks.named_data("weeks")).transform_calculate(
        start=f"datum.date - {(DAYS_PER_WEEK - 1) * MILLISECONDS_PER_DAY}"
    )
    bars = base.mark_rect().encode(
        marks.days("start"),
        alt.X2("date:T"),
        alt.Y("flow:Q", axis=marks.signed_axis()),
        alt.Y2Datum(0),
        color=alt.condition("datum.is_last", alt.value(SMALL), alt.value(LINE)),
        tooltip=marks.tips(week_ended="week", m_USD="flow|+,.1f", percent_of_assets="share|+.2f"),
    )
    chart = alt.layer(bars, marks.rule_at(0)).properties(width=WIDTH, height=HEIGHT)
    return marks.finished(chart, weeks=in_milliseconds(rows, "date"))
