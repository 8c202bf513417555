"""Whether the signals warned: falls of large caps after a signal against the base rate, with intervals.

Belongs here: one interval for each signal and horizon; the words of the finding.
"""

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Row, Rows, Spec, Words, missing
from dagster_project.charts.theme import INK, LINE, MUTED, SMALL, WIDTH
from dagster_project.charts.words import number, percent

NAME = "scorecard"
ROW_HEIGHT = 30


def chart(cards: Rows) -> Chart:
    """The chart of one sample end.

    Args:
        cards: signal_id, horizon_sessions, sample_end, on_days, episodes, p_drawdown_3_on_pct, p_drawdown_3_all_pct,
            excess_drawdown_3_pp, excess_drawdown_3_ci_low_pp, excess_drawdown_3_ci_high_pp, as in mart
            signal_scorecard, in order.
    """
    known = [card for card in cards if card["excess_drawdown_3_pp"] is not None]
    if not known:
        return missing(NAME, "No year with outcomes of the signals had ended by this day")
    listed = "; ".join(f"{_label(card)} {number(card['excess_drawdown_3_pp'], 1, signed=True)} pp" for card in known)
    return Chart(
        NAME,
        Words(
            finding(known),
            "Falls of 3 % or more in large caps after the signal minus after all days, percentage points, with 95 % "
            f"intervals (stationary bootstrap); outcomes through {known[0]['sample_end']}. A signal warns where its "
            "interval lies above 0.",
            f"Intervals by signal and horizon: {listed}.",
        ),
        specification(known),
    )


def finding(known: Rows) -> str:
    """Which signals warned."""
    tested = [card for card in known if card["excess_drawdown_3_ci_low_pp"] is not None]
    if not tested:
        return "No signal has enough episodes for an interval"
    warned = [_label(card) for card in tested if card["excess_drawdown_3_ci_low_pp"] > 0]
    if not warned:
        return f"No signal warned: every interval of {len(tested)} that can be drawn includes zero or lies below"
    return (
        f"More falls than the base rate after {'; '.join(warned)}: {len(warned)} of {len(tested)} intervals above zero"
    )


def specification(known: Rows) -> Spec:
    """Vega-Lite specification with the rows inside."""
    import altair as alt

    rows = [
        {
            "label": _label(card),
            "excess": round(card["excess_drawdown_3_pp"], 2),
            "low": _short(card["excess_drawdown_3_ci_low_pp"]),
            "high": _short(card["excess_drawdown_3_ci_high_pp"]),
            "rates": f"{percent(card['p_drawdown_3_on_pct'], 0, signed=False)} against "
            f"{percent(card['p_drawdown_3_all_pct'], 0, signed=False)}",
            "episodes": card["episodes"],
        }
        for card in known
    ]
    base = alt.Chart(marks.named_data("cards"))
    label = alt.Y("label:N", sort=None, axis=alt.Axis(labelLimit=170))
    excess = alt.X("excess:Q", axis=marks.signed_axis(" pp", grid=True, tickCount=6))
    tips = marks.tips(signal="label", excess_in_pp="excess|+.1f", fell_against_base_rate="rates", episodes="episodes")
    intervals = (
        base.transform_filter("datum.low != null")
        .mark_rule(color=LINE, strokeWidth=3, strokeCap="round")
        .encode(alt.X("low:Q"), alt.X2("high:Q"), label, tooltip=tips)
    )
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(
        excess, label, color=alt.condition("datum.low > 0", alt.value(SMALL), alt.value(INK)), tooltip=tips
    )
    rates = base.mark_text(dy=-11, fill=MUTED).encode(excess, label, alt.Text("rates:N"))
    chart = alt.layer(dots, intervals, dots, rates, marks.rule_at(0, "x")).properties(
        width=WIDTH, height=ROW_HEIGHT * len(rows) + 10
    )
    return marks.finished(chart, cards=rows)


def _label(card: Row) -> str:
    return f"{card['signal_id']}, {card['horizon_sessions']} sessions"


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
