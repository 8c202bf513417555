"""Every chart that stands for itself, by name: those of a day, and those of the build.

Belongs here: the lists.
Does not belong here: the questions behind the charts (`figures_flows`, `figures_rates`, `figures_fundamentals`,
`figures_signals`, `figures_quality`), the charts that a reader can turn (`pairs`), and what a chart looks like
(`charts`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from dagster_project.charts import (
    calibration,
    check_history,
    data_coverage,
    data_findings,
    event_study,
    flow_weeks,
    leverage,
    meeting_odds,
    odds_history,
    quarantined,
    rate_path,
    rate_sensitivity,
    relative_valuation,
    revisions,
    scorecard,
    signal_days,
    valuation,
    week_flows,
)
from dagster_project.dashboard.ask import Day, Figure
from dagster_project.dashboard.figures_flows import draw_flow_weeks, draw_week_flows
from dagster_project.dashboard.figures_fundamentals import draw_leverage, draw_relative_valuation, draw_valuation
from dagster_project.dashboard.figures_quality import (
    draw_check_history,
    draw_data_coverage,
    draw_data_findings,
    draw_quarantined,
    draw_revisions,
)
from dagster_project.dashboard.figures_rates import (
    draw_calibration,
    draw_meeting_odds,
    draw_odds_history,
    draw_rate_path,
    draw_rate_sensitivity,
)
from dagster_project.dashboard.figures_signals import draw_event_study, draw_scorecard, draw_signal_days


@dataclass(frozen=True)
class Entry:
    """A chart by name: what it shows, and how a day (or, of `BUILD_FIGURES`, the build behind it) draws it."""

    description: str
    draw: Callable[[Day], Figure]


FIGURES: dict[str, Entry] = {
    week_flows.NAME: Entry("daily flows of the last whole Lipper week", draw_week_flows),
    flow_weeks.NAME: Entry("weekly flows of two years", draw_flow_weeks),
    meeting_odds.NAME: Entry("probabilities of the target range after each meeting", draw_meeting_odds),
    rate_path.NAME: Entry("expected policy rate, both day conventions as a band", draw_rate_path),
    odds_history.NAME: Entry("how the odds of the next meeting came about", draw_odds_history),
    calibration.NAME: Entry("odds given against what came, where no decision counted is later", draw_calibration),
    rate_sensitivity.NAME: Entry("rolling sensitivity of the gap to expected rates", draw_rate_sensitivity),
    valuation.NAME: Entry("price to earnings of the last baskets by treatment of losses", draw_valuation),
    relative_valuation.NAME: Entry("small over large multiple over time", draw_relative_valuation),
    leverage.NAME: Entry("leverage of small over large companies", draw_leverage),
    event_study.NAME: Entry("elections and FOMC moves beyond the market model", draw_event_study),
    scorecard.NAME: Entry("falls after the signals against the base rate", draw_scorecard),
    signal_days.NAME: Entry("days on which the signals were on", draw_signal_days),
}

BUILD_FIGURES: dict[str, Entry] = {
    data_coverage.NAME: Entry("days held of the days due, by series and year", draw_data_coverage),
    data_findings.NAME: Entry("findings of the market checks by year, open and listed", draw_data_findings),
    quarantined.NAME: Entry("rows in quarantine by rule", draw_quarantined),
    check_history.NAME: Entry("results of the checks in the last builds", draw_check_history),
    revisions.NAME: Entry("rows told again with other values, by table", draw_revisions),
}
"""They tell of data from after most days: on the page of the last session only."""
