"""How every chart looks: two palettes under the same names, and the Vega-Lite configuration.

Belongs here: colours, fonts, axes.
Does not belong here: the look of the page around the charts (`dashboard/style.css` takes its colours from here).

The colours of data are those of Okabe and Ito (2008), which stay apart for every kind of colour blindness; sides are
told apart by their labels as well. Text in a data colour is darker than its line, for contrast on white.
"""

from typing import Any

LIGHT = {
    "paper": "#ffffff",
    "panel": "#f6f7f8",
    "ink": "#1a1e23",
    "muted": "#565f69",
    "grid": "#e4e7ea",
    "line": "#a9b1ba",
    "small": "#d55e00",
    "large": "#0072b2",
    "small-text": "#b04d00",
    "large-text": "#00639c",
    "good": "#009e73",
    "good-text": "#00704f",
    "other": "#cc79a7",
    "other-text": "#a0457a",
    "third": "#e69f00",
    "warn": "#8a5a00",
}
DARK = {
    "paper": "#13161a",
    "panel": "#1b1f25",
    "ink": "#e9ebee",
    "muted": "#a6aeb8",
    "grid": "#2b3138",
    "line": "#69737e",
    "small": "#e69f00",
    "large": "#56b4e9",
    "small-text": "#f0b030",
    "large-text": "#74c3ef",
    "good": "#1fb98d",
    "good-text": "#3cc9a0",
    "other": "#d990b8",
    "other-text": "#e3a5c6",
    "third": "#f0e442",
    "warn": "#f0b030",
}


def colour(name: str) -> str:
    """The CSS variable of a colour, such as `var(--small)`."""
    if name not in LIGHT:
        raise KeyError(f"No colour {name!r}; there are: {', '.join(LIGHT)}.")
    return f"var(--{name})"


def painted(text: str, palette: dict[str, str]) -> str:
    """The text with the colours of a palette in place of their variables."""
    for name, value in palette.items():
        text = text.replace(f"var(--{name})", value)
    return text


SMALL, LARGE, INK, MUTED, GRID, LINE = (colour(name) for name in ("small", "large", "ink", "muted", "grid", "line"))
PAPER = colour("paper")
SMALL_TEXT, LARGE_TEXT = colour("small-text"), colour("large-text")

FONT = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"
LABEL_SIZE = 11
WIDTH = 640
"""Width of a drawn plot in pixels; on the page it follows its container."""

CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": FONT,
    "padding": {"left": 0, "right": 3, "top": 3, "bottom": 5},
    "aria": False,
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "labelFontSize": LABEL_SIZE,
        "labelPadding": 6,
        "title": None,
        "titleColor": MUTED,
        "titleFontSize": LABEL_SIZE,
        "titleFontWeight": "normal",
        "gridColor": GRID,
        "domain": False,
        "ticks": False,
    },
    "axisX": {"grid": False, "domain": True, "domainColor": LINE, "ticks": True, "tickColor": LINE, "tickSize": 4},
    "axisY": {"tickCount": 5},
    # it ends with the plot and may reach over the labels at the left: begun there, it would hold a narrow plot apart
    "legend": {"layout": {"top": {"anchor": "end"}}},
    "line": {"strokeWidth": 2, "strokeCap": "round", "strokeJoin": "round"},
    "rule": {"color": LINE},
    "text": {"fontSize": LABEL_SIZE, "fill": INK},
    "concat": {"spacing": 14},
}
