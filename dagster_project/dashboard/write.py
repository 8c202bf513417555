"""The files for people that every build carries: brief, charts, page.

Belongs here: which files there are and where they stand in the directory of a build.
Does not belong here: what is in them (`brief`, `page`, `one_chart`).
"""

from pathlib import Path

from dagster_project.brief.facts import read_brief
from dagster_project.brief.render import to_json, to_markdown
from dagster_project.charts.render import to_png
from dagster_project.dashboard.one_chart import draw_chart
from dagster_project.dashboard.page import write_dashboard

BRIEF_CHARTS = ("rebased", "ytd_gap_years", "week_flows")
"""Charts of the first screen; they stand in `brief.md` and in Dagster's metadata."""


def write_pages(build: Path) -> None:
    """Write `brief.md`, `brief.json`, `charts/*.png` and `dashboard.html` of the last session into a build."""
    database = build / "market.duckdb"
    brief = read_brief(database)
    (build / "brief.json").write_text(to_json(brief), encoding="utf-8")
    pictures = []
    (build / "charts").mkdir()
    for name in BRIEF_CHARTS:
        chart = draw_chart(database, name)
        if chart.spec is None:
            continue
        (build / "charts" / f"{name}.png").write_bytes(to_png(chart))
        pictures.append(f"![{chart.title}](charts/{name}.png)")
    text = to_markdown(brief)
    (build / "brief.md").write_text("\n\n".join([text.rstrip("\n"), *pictures]) + "\n", encoding="utf-8")
    write_dashboard(build)
