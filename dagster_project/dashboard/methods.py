"""The method of every figure, carried inside the page: docs/methodology.md as HTML.

Belongs here: rendering that document, with the anchors that its headings have on code hosting sites.
Does not belong here: the method itself.
"""

import re
from functools import cache
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "methodology.md"
NAME = "docs/methodology.md"


@cache
def method_html() -> str:
    """The document as HTML; empty where it is not there (an installed package)."""
    if not DOCUMENT.is_file():
        return ""
    from markdown_it import MarkdownIt

    renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = renderer.parse(DOCUMENT.read_text(encoding="utf-8"))
    for position, token in enumerate(tokens):
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + 2, 6)}"  # below the headings of the page
        if token.type == "heading_open":
            token.attrSet("id", slug(tokens[position + 1].content))
    return str(renderer.renderer.render(tokens, renderer.options, {}))


@cache
def anchors() -> dict[int, str]:
    """Anchor of every numbered section."""
    if not DOCUMENT.is_file():
        return {}
    headings = re.findall(r"^## ((\d+) .+)$", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {int(section): slug(heading) for heading, section in headings}


def slug(heading: str) -> str:
    """The anchor of a heading: lower case, words joined by hyphens, nothing else."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
