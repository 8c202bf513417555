"""The files of the brief that every build carries."""

from pathlib import Path

from dagster_project.brief.facts import read_brief
from dagster_project.brief.render import to_json, to_markdown


def write_brief_files(build: Path) -> None:
    """Write `brief.md` and `brief.json` of the last session into the directory of a build."""
    brief = read_brief(build / "market.duckdb")
    (build / "brief.md").write_text(to_markdown(brief), encoding="utf-8")
    (build / "brief.json").write_text(to_json(brief), encoding="utf-8")
