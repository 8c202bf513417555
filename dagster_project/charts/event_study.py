"""What small caps did after events beyond the market model: elections one by one, pools of like events.

Belongs here: one point for each event or pool over one window; the words of the finding.
"""

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Row, Rows, Spec, Words, missing
from dagster_project.charts.theme import INK, LARGE, MUTED, SMALL, WIDTH
from dagster_project.charts.words import number, percent

NAME = "event_study"
ROW_HEIGHT = 30
POOLS = {"elections": "elections", "fomc_rises": "FOMC rises", "fomc_cuts": "FOMC cuts"}
SINGLES = {"election": "Election", "article": "Article", "shock": "Shock"}


def chart(events: Rows, window: str) -> Chart:
    """The chart of one window.

    Args:
        events: kind, event_date, is_pooled, events_pooled, car_pct, car_t, bhar_pct, as in mart event_study, the
            pools last; rows without car_pct are left out.
        window: The window in words, such as `sessions +1 to +21`.
    """
    known = [row for row in events if row["car_pct"] is not None]
    if not known:
        return missing(NAME, "No event with the returns around it was known on this day")
    listed = "; ".join(f"{_label(row)} {percent(row['car_pct'])}" for row in known)
    return Chart(
        NAME,
        Words(
            finding(known),
            f"Return of small caps beyond the market model, {window} after the event, %; hollow: plain gap to large "
            "caps (buy and hold). Pools are means. The t of a single event is descriptive.",
            f"Points by event: {listed}.",
        ),
        specification(known),
    )


def finding(known: Rows) -> str:
    """The last election against the mean of all."""
    singles = [row for row in known if not row["is_pooled"]]
    pools = {row["kind"]: row for row in known if row["is_pooled"]}
    told = []
    if singles:
        last = max(singles, key=lambda row: row["event_date"])
        told.append(
            f"After {_label(last).lower()} small caps made {percent(last['car_pct'])} beyond the market model{_t(last)}"
        )
    if "elections" in pools:
        pool = pools["elections"]
        told.append(f"the mean of {pool['events_pooled']} elections is {percent(pool['car_pct'])}{_t(pool)}")
    if not told:
        pool = known[-1]
        told.append(f"{_label(pool)}: {percent(pool['car_pct'])} beyond the market model{_t(pool)}")
    return "; ".join(told)


def specification(known: Rows) -> Spec:
    """Vega-Lite specification with the rows inside."""
    import altair as alt

    rows = [
        {
            "event": _label(row),
            "abnormal": round(row["car_pct"], 2),
            "gap": row["bhar_pct"] and round(row["bhar_pct"], 2),
            "t": "" if row["car_t"] is None else f"t {number(row['car_t'], 1, signed=True)}",
            "is_pooled": row["is_pooled"],
        }
        for row in known
    ]
    base = alt.Chart(marks.named_data("events"))
    event = alt.Y("event:N", sort=None, axis=alt.Axis(labelLimit=170))
    abnormal = alt.X("abnormal:Q", axis=marks.signed_axis(" %", grid=True, tickCount=6))
    tips = marks.tips(event="event", beyond_the_market_model="abnormal|+.2f", plain_gap="gap|+.2f", t="t")
    layers = [
        base.mark_point(filled=True, size=90, opacity=1).encode(
            abnormal, event, color=alt.condition("datum.is_pooled", alt.value(LARGE), alt.value(SMALL)),
            shape=alt.condition("datum.is_pooled", alt.value("diamond"), alt.value("circle")), tooltip=tips,
        ),
        base.transform_filter("datum.gap != null").mark_point(filled=False, size=60, stroke=INK, strokeWidth=1).encode(
            alt.X("gap:Q"), event, tooltip=tips
        ),
        base.mark_text(dy=-11, fill=MUTED).encode(abnormal, event, alt.Text("t:N")),
        marks.rule_at(0, "x"),
    ]  # fmt: skip
    chart = alt.layer(*layers).properties(width=WIDTH, height=ROW_HEIGHT * len(rows) + 10)
    return marks.finished(chart, events=rows)


def _label(row: Row) -> str:
    if row["is_pooled"]:
        return f"Mean of {row['events_pooled']} {POOLS.get(row['kind'], row['kind'])}"
    return f"{SINGLES.get(row['kind'], row['kind'])} {row['event_date']}"


def _t(row: Row) -> str:
    return "" if row["car_t"] is None else f" (t {number(row['car_t'], 1, signed=True)})"
