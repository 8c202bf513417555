"""Layouts of the brief: terminal, Markdown, JSON.

Belongs here: order and looks, the same order in every layout: headline, source, sentences, domains, data quality, and
last and apart what was known only later.
Does not belong here: any word about a figure (the sections), any figure.
"""

import json
import re
from typing import TYPE_CHECKING

from dagster_project.brief.claims import AS_WRITTEN, overview, paragraph, title
from dagster_project.brief.model import Brief, Section, Table, glued, unglued

if TYPE_CHECKING:
    from rich.console import Console

WARNINGS_SHOWN = 8
WIDTH = 100
"""Columns of the text at most: longer lines are hard to read."""
STYLES = {"+": "green", "-": "red", "?": "yellow", "~": "cyan"}
PIPE = "\\|"
SIMULATED = "SIMULATED sample data, not the market"


def subtitle(brief: Brief) -> str:
    """Day, source mode and build: what no number of the brief may stand without."""
    build = brief.build
    source = SIMULATED if build["is_simulated"] else f"real data, source {build['source_mode']}"
    known_at = f"replay known at {build['known_at_utc']} UTC | " if build.get("known_at_utc") else ""
    return (
        f"As of {brief.as_of} | {known_at}{source} | data through {build['data_through']} | build {build['build_id']}"
    )


def remarks(brief: Brief) -> list[str]:
    """What a reader must know before the first figure."""
    found = [f"STALE on {brief.as_of}: {', '.join(brief.stale)}."] if brief.stale else []
    if brief.warnings:
        count = len(brief.warnings)
        found.append(f"{count} warning{'' if count == 1 else 's'} about the data of this build: see Data quality.")
    return found


def ledger_title(brief: Brief) -> str:
    """Heading of the sentences: which framing they are read in."""
    if brief.framing == AS_WRITTEN:
        return f"The article's sentences as written, on {brief.as_of}"
    return f"The article's sentences read for {brief.as_of}"


def to_json(brief: Brief) -> str:
    """The brief with the numbers behind it."""
    return json.dumps(brief.as_dict(), indent=2, default=str) + "\n"


# --- Markdown


def to_markdown(brief: Brief) -> str:
    """The brief as Markdown."""
    parts = ["# Smallcap Watch", _escaped(subtitle(brief)), f"**{_escaped(brief.headline)}**"]
    parts += [f"> {_escaped(remark)}" for remark in remarks(brief)]
    parts += [f"## {_escaped(_heading(ledger_title(brief), brief))}", _markdown_table(overview(brief.claims))]
    parts.append(
        "\n".join(
            f"{claim.claim_id}. **{_escaped(title(claim))}** {_escaped(paragraph(claim))}" for claim in brief.claims
        )
    )
    for section in brief.sections:
        parts += _markdown_section(section, brief)
    if brief.warnings:
        parts += [f"## {_heading('Data quality', brief)}", "\n".join(f"- {_escaped(told)}" for told in brief.warnings)]
    parts += ["---", *_markdown_section(brief.later, brief)]
    return "\n\n".join(parts) + "\n"


def _markdown_section(section: Section, brief: Brief) -> list[str]:
    parts = [f"## {_escaped(_heading(section.title, brief))}"]
    if section.findings:
        parts.append("\n".join(f"- {_escaped(finding)}" for finding in section.findings))
    return parts + [_markdown_table(table) for table in section.tables]


def _markdown_table(table: Table) -> str:
    rules = {"l": "---", "r": "---:"}
    lines = [f"### {_escaped(table.title)}", ""] if table.title else []
    lines.append(_markdown_row(table.header))
    lines.append(f"| {' | '.join(rules[side] for side in table.alignment())} |")
    lines += [_markdown_row(row) for row in table.rows]
    if table.note:
        lines += ["", _escaped(table.note)]
    return "\n".join(lines)


def _markdown_row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(_escaped(cell).replace('|', PIPE) for cell in cells)} |"


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is; underscores inside words need no help."""
    return re.sub(r"([\\`*\[\]<>])", r"\\\1", text).replace("\n", " ")


# --- terminal


def print_brief(brief: Brief, console: "Console") -> None:
    """The brief on a terminal, at most 100 columns wide."""
    from rich.markup import escape

    width = min(console.width, WIDTH)
    console.print()
    _print_text(f"[bold]Smallcap Watch[/bold]  [dim]{escape(subtitle(brief))}[/dim]\n", console, width, "")
    _print_text(f"[bold]{escape(brief.headline)}[/bold]\n", console, width, "")
    for remark in remarks(brief):
        _print_text(f"[yellow]{escape(remark)}[/yellow]", console, width, "")
    _print_heading(ledger_title(brief), brief, console, width)
    _print_table(overview(brief.claims), console, width)
    console.print()
    for claim in brief.claims:
        told = f"[bold]{escape(title(claim))}[/bold] {escape(paragraph(claim))}"
        _print_text(told, console, width, f"{claim.claim_id:>2} ")
    for section in brief.sections:
        _print_section(section, brief, console, width)
    _print_warnings(brief, console, width)
    _print_section(brief.later, brief, console, width)
    console.print()


def _print_section(section: Section, brief: Brief, console: "Console", width: int) -> None:
    from rich.markup import escape

    _print_heading(section.title, brief, console, width)
    for finding in section.findings:
        _print_text(escape(finding), console, width)
    for table in section.tables:
        _print_table(table, console, width)


def _print_heading(title: str, brief: Brief, console: "Console", width: int) -> None:
    from rich.markup import escape

    console.print(f"\n[bold underline]{escape(_heading(title, brief))}[/]", width=width)


def _heading(title: str, brief: Brief) -> str:
    return f"{title} (SIMULATED)" if brief.build["is_simulated"] else title


def _print_text(markup: str, console: "Console", width: int, first: str = "  ") -> None:
    """A paragraph that begins with `first` and goes on under its end."""
    from rich.text import Text

    indent = first
    for line in Text.from_markup(glued(markup)).wrap(console, width - len(first)):
        line.rstrip()
        line.plain = unglued(line.plain)
        console.print(Text(indent) + line)
        indent = " " * len(first)


def _print_table(table: Table, console: "Console", width: int) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table as RichTable

    grid = RichTable(
        title=escape(table.title) or None, title_justify="left",
        caption=escape(table.note) or None, caption_justify="left",
        box=box.SIMPLE_HEAD, pad_edge=False,
    )  # fmt: skip
    for name, side in zip(table.header, table.alignment(), strict=True):
        grid.add_column(escape(name), justify="right" if side == "r" else "left", no_wrap=side == "r")
    for row in table.rows:
        grid.add_row(*(_coloured(cell) for cell in row))
    console.print()
    console.print(grid, width=width)


def _print_warnings(brief: Brief, console: "Console", width: int) -> None:
    from rich.markup import escape

    if not brief.warnings:
        return
    _print_heading("Data quality", brief, console, width)
    for warning in brief.warnings[:WARNINGS_SHOWN]:
        _print_text(f"[yellow]{escape(warning)}[/yellow]", console, width)
    if len(brief.warnings) > WARNINGS_SHOWN:
        _print_text(
            f'and {len(brief.warnings) - WARNINGS_SHOWN} more: smallcap query "from meta.checks where not passed"',
            console,
            width,
        )


def _coloured(cell: str) -> str:
    from rich.markup import escape

    is_marked = cell[:2] in {"+ ", "- ", "? ", "~ "} or (cell.startswith("-") and len(cell) > 1)
    return f"[{STYLES[cell[0]]}]{escape(cell)}[/]" if is_marked else escape(cell)
