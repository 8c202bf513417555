"""One chart of a day by its name, for files, the brief and Dagster.

Belongs here: the names there are, and drawing one of them from a published build.
Does not belong here: the page.
"""

from pathlib import Path

from dagster_project.brief.facts import read_brief
from dagster_project.charts import rebased, ytd_gap_years
from dagster_project.charts.model import Chart
from dagster_project.dashboard.ask import open_day
from dagster_project.dashboard.figures import BUILD_FIGURES, FIGURES
from dagster_project.dashboard.pairs import RANGES, read_choices
from dagster_project.errors import SmallcapError
from dagster_project.warehouse.connection import open_reader

DESCRIPTIONS = {
    rebased.NAME: "both sides of a pair rebased to the start of a range, with their ratio",
    ytd_gap_years.NAME: "year-to-date gap of every year, this one marked",
    **{name: entry.description for name, entry in (FIGURES | BUILD_FIGURES).items()},
}
"""Every chart with what it shows, in the order of the page."""


def draw_chart(
    database: Path,
    name: str,
    as_of: str = "latest",
    pair: str | None = None,
    basis: str | None = None,
    chosen_range: str | None = None,
) -> Chart:
    """Draw a chart of a day.

    Args:
        database: Published database.
        name: Name of the chart, as in `DESCRIPTIONS`.
        as_of: ISO date, or `latest`; a day without a session means the last session before it.
        pair: Pair of rebased and ytd_gap_years, such as IWM_SPY; the headline pair by default.
        basis: Its basis, price or total.
        chosen_range: Range of rebased, as in `RANGES`; since the election by default.

    Raises:
        SmallcapError: there is no such chart, day, pair or range, or the chart is none of a day; the message says
            what there is.
    """
    if name not in DESCRIPTIONS:
        raise SmallcapError(f"No chart {name!r}; there are: {', '.join(DESCRIPTIONS)}.")
    if chosen_range is not None and chosen_range not in RANGES:
        raise SmallcapError(f"No range {chosen_range!r}; there are: {', '.join(RANGES)}.")
    brief = read_brief(database, as_of)
    if name in BUILD_FIGURES and brief.as_of != brief.build["data_through"]:
        raise SmallcapError(f"{name} speaks of the whole build and not of {brief.as_of}. Leave --as-of out.")
    with open_reader(database) as reader:
        day = open_day(reader, brief.as_of)
        if entry := (FIGURES | BUILD_FIGURES).get(name):
            return entry.draw(day)[0]
        choice = read_choices(day).choice(pair, basis)
    if name == ytd_gap_years.NAME:
        return choice.ytd_gap_years()
    return choice.rebased(chosen_range or choice.default_range)
