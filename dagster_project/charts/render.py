"""Drawing a chart outside a page: SVG and PNG with the title inside, Vega for the page.

Belongs here: everything that calls vl-convert, which carries Vega, its fonts and no network.
Does not belong here: what a chart shows.
"""

import json
import textwrap
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from dagster_project.charts.model import Chart, Rows, Spec
from dagster_project.charts.theme import CONFIG, DARK, INK, LIGHT, MUTED, painted
from dagster_project.errors import SmallcapError

VEGA_LITE = "6.4"
"""The version that Altair 6.3 writes."""
PNG_SCALE = 2
PADDING = 16
TITLE_CHARACTERS = 84
"""Characters of a title line at the width of a drawn chart."""
SUBTITLE_CHARACTERS = 108


@cache
def page_script() -> str:
    """The part of Vega that draws, as one script that sets `window.vega`; charts come to it compiled.

    vl-convert has the module under this address inside itself and opens no connection for it.
    """
    import vl_convert

    address = f"https://cdn.jsdelivr.net/npm/vega@{vl_convert.get_vega_version()}/+esm"
    names = "View, parse, changeset"
    return str(vl_convert.javascript_bundle(f"import {{{names}}} from '{address}';\nwindow.vega = {{{names}}};"))


def to_vega(spec: Spec) -> Spec:
    """The specification compiled to Vega, colours still under their names."""
    import vl_convert

    compiled: Spec = vl_convert.vegalite_to_vega({**spec, "config": CONFIG}, vl_version=VEGA_LITE)
    return compiled


def to_svg(chart: Chart, palette: dict[str, str] = LIGHT) -> str:
    """The chart with its title as SVG.

    Raises:
        SmallcapError: there is nothing to draw; the message is the chart's title.
    """
    import vl_convert

    return str(vl_convert.vegalite_to_svg(_standing_alone(chart, palette), vl_version=VEGA_LITE))


def to_png(chart: Chart, palette: dict[str, str] = LIGHT) -> bytes:
    """The chart with its title as PNG at twice the size.

    Raises:
        SmallcapError: there is nothing to draw; the message is the chart's title.
    """
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(_standing_alone(chart, palette), vl_version=VEGA_LITE, scale=PNG_SCALE))


def write_chart(chart: Chart, file: Path, is_dark: bool = False) -> None:
    """Write a chart as the ending of the file says.

    Raises:
        SmallcapError: there is nothing to draw, or the ending is another one.
    """
    palette = DARK if is_dark else LIGHT
    if file.suffix.lower() == ".svg":
        file.write_text(to_svg(chart, palette), encoding="utf-8")
    elif file.suffix.lower() == ".png":
        file.write_bytes(to_png(chart, palette))
    else:
        raise SmallcapError(f"{file}: a chart is written as .png or .svg. Give the file one of these endings.")


def _standing_alone(chart: Chart, palette: dict[str, str]) -> Spec:
    if chart.spec is None:
        raise SmallcapError(f"There is nothing to draw for {chart.name}: {chart.title}.")
    config = {**CONFIG, "background": palette["paper"], "padding": PADDING}
    spec = {**chart.spec, "title": _title(chart), "config": config}
    if chart.rows:
        spec["datasets"] = _datasets(chart.rows)
    standing: Spec = json.loads(painted(json.dumps(spec), palette))
    return standing


def _datasets(rows: Mapping[str, Rows]) -> Spec:
    return {name: [dict(row) for row in found] for name, found in rows.items()}


def _title(chart: Chart) -> Spec:
    return {
        "text": textwrap.wrap(chart.words.title, TITLE_CHARACTERS),
        "subtitle": textwrap.wrap(chart.words.subtitle, SUBTITLE_CHARACTERS),
        "anchor": "start",
        "frame": "group",
        "offset": 14,
        "color": INK,
        "fontSize": 15,
        "fontWeight": 600,
        "subtitleColor": MUTED,
        "subtitleFontSize": 11.5,
        "subtitlePadding": 5,
    }
