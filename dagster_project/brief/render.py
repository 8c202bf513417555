"""Layouts of the brief: terminal, Markdown, JSON."""

import json
from typing import TYPE_CHECKING

from dagster_project.brief.model import Brief, Table

if TYPE_CHECKING:
    from rich.console import Console

WARNINGS_SHOWN = 8


def subtitle(brief: Brief) -> str:
    """Day, source mode and build: what no number of the brief may stand without."""
    build = brief.build
    source = (
        "SIMULATED sample data, not the market"
        if build["is_simulated"]
        else f"real data, source {build['source_mode']}"
    )
    return f"As of {brief.as_of} | {source} | data through {build['data_through']} | build {build['build_id']}"


def to_json(brief: Brief) -> str:
    """The brief with the numbers behind it."""
    return json.dumps(brief.as_dict(), indent=2, default=str) + "\n"


def to_markdown(brief: Brief) -> str:
    """The brief as Markdown."""
    parts = ["# Smallcap Watch", subtitle(brief), f"**{brief.headline}**"]
    for section in brief.sections:
        parts.append(f"## {section.title}")
        if section.findings:
            parts.append("\n".join(f"- {finding}" for finding in section.findings))
        parts += [_markdown_table(table) for table in section.tables]
    if brief.warnings:
        parts.append("## Data quality\n\n" + "\n".join(f"- {warning}" for warning in brief.warnings))
    return "\n\n".join(parts) + "\n"


def print_brief(brief: Brief, console: "Console") -> None:
    """The brief on a terminal, as wide as that is."""
    from rich.markup import escape
    from rich.table import Table as RichTable

    console.print(f"\n[bold]Smallcap Watch[/bold]  [dim]{escape(subtitle(brief))}[/dim]\n")
    console.print(f"[bold]{escape(brief.headline)}[/bold]\n")
    for section in brief.sections:
        console.print(f"[bold]{escape(section.title)}[/bold]")
        for finding in section.findings:
            console.print(f"  {escape(finding)}")
        for table in section.tables:
            grid = RichTable(
                title=table.title, title_justify="left", caption=table.note or None, caption_justify="left"
            )
            for position, name in enumerate(table.header):
                grid.add_column(name, justify="right" if position else "left", no_wrap=position > 0)
            for row in table.rows:
                grid.add_row(*(_coloured(cell) for cell in row))
            console.print()
            console.print(grid)
        console.print()
    if brief.warnings:
        console.print("[bold]Data quality[/bold]")
        for warning in brief.warnings[:WARNINGS_SHOWN]:
            console.print(f"  [yellow]{escape(warning)}[/yellow]")
        if len(brief.warnings) > WARNINGS_SHOWN:
            console.print(
                f'  and {len(brief.warnings) - WARNINGS_SHOWN} more: smallcap query "from meta.checks where not passed"'
            )
    console.print()


def _markdown_table(table: Table) -> str:
    lines = [f"### {table.title}", "", "| " + " | ".join(table.header) + " |"]
    lines.append("| --- |" + " ---: |" * (len(table.header) - 1))
    lines += ["| " + " | ".join(row) + " |" for row in table.rows]
    if table.note:
        lines += ["", table.note]
    return "\n".join(lines)


def _coloured(cell: str) -> str:
    if cell.startswith("-") and len(cell) > 1:
        return f"[red]{cell}[/red]"
    return cell
