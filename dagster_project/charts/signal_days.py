"""When the warning signals were on.

Belongs here: bars of the days on, one row for each signal; the words of the finding.
"""

from datetime import date, timedelta

from dagster_project.charts import marks
from dagster_project.charts.model import Chart, Rows, Spec, Words, in_milliseconds, missing
from dagster_project.charts.theme import SMALL, WIDTH

NAME = "signal_days"
ROW_HEIGHT = 30
STATES = {True: "on", False: "off", None: "not defined"}


def chart(runs: Rows, states: Rows, day: date, since: date) -> Chart:
    """The chart of the last years.

    Args:
        runs: signal_id, first_day, last_day, sessions of each unbroken run of days on.
        states: signal_id, is_on on the day, in order.
        day: The last day shown.
        since: The first day shown.
    """
    if not states:
        return missing(NAME, f"No signal is defined on {day}")
    listed = ", ".join(f"{state['signal_id']} {STATES[state['is_on']]}" for state in states)
    return Chart(
        NAME,
        Words(
            finding(runs, states, day),
            f"Days with a signal on, {since} to {day}. S1: small caps lag over 63 sessions; S2: large caps near their "
            "high without small caps; S3: small caps behind in a rising year.",
            f"Bars of the days with each signal on. On {day}: {listed}.",
        ),
        specification(runs, [state["signal_id"] for state in states], day, since),
    )


def finding(runs: Rows, states: Rows, day: date) -> str:
    """What is on, and since when."""
    on = [state["signal_id"] for state in states if state["is_on"]]
    defined = sum(state["is_on"] is not None for state in states)
    if not on:
        return f"None of the {defined} signals is on" if defined else "No signal is defined yet"
    begun = {run["signal_id"]: run["first_day"] for run in runs if run["last_day"] == day}
    listed = ", ".join(f"{name} since {begun[name]}" if name in begun else name for name in on)
    return f"{len(on)} of {defined} signals on: {listed}"


def specification(runs: Rows, signals: list[str], day: date, since: date) -> Spec:
    """Vega-Lite specification with the rows inside."""
    import altair as alt

    rows = [
        {"signal": run["signal_id"], "start": max(run["first_day"], since), "end": run["last_day"] + timedelta(days=1),
         "from": str(run["first_day"]), "to": str(run["last_day"]), "sessions": run["sessions"]}
        for run in runs
    ]  # fmt: skip
    frame = in_milliseconds([{"signal": name, "start": since, "end": day} for name in signals], "start", "end")
    signal = alt.Y("signal:N", sort=signals, axis=alt.Axis(grid=False))
    # the frame holds the axes where no signal was on
    ground = alt.Chart(marks.values(frame)).mark_bar(height=10, color="var(--grid)", opacity=0.6)
    bars = alt.Chart(marks.named_data("runs")).mark_bar(height=16, color=SMALL)
    chart = (
        alt.layer(
            ground.encode(marks.days("start"), alt.X2("end:T"), signal),
            bars.encode(
                marks.days("start"), alt.X2("end:T"), signal,
                tooltip=marks.tips(signal="signal", first_day="from", last_day="to", sessions="sessions"),
            ),
        )
        .properties(width=WIDTH, height=ROW_HEIGHT * len(signals))
    )  # fmt: skip
    return marks.finished(chart, runs=in_milliseconds(rows, "start", "end"))
