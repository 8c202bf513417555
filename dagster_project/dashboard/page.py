"""The page of a day: everything read from a build, put into one HTML file that needs nothing else.

Belongs here: what stands where, the data that the page's script gets, writing the file.
Does not belong here: looks (`template.html`, `style.css`), behaviour (`page.js`), questions and words (the modules
beside this one).
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.brief.claims import MARKS, Claim, ledger_sentence
from dagster_project.brief.facts import read_brief
from dagster_project.brief.model import Brief, Section, figure, sentence
from dagster_project.charts import calibration, rebased, week_flows, ytd_gap_years
from dagster_project.charts.model import EPOCH, Chart, Spec, milliseconds
from dagster_project.charts.render import page_script, to_vega
from dagster_project.charts.theme import DARK, LIGHT
from dagster_project.charts.words import NOTHING
from dagster_project.dashboard.ask import Answer, Day, open_day
from dagster_project.dashboard.cards import read_cards
from dagster_project.dashboard.figures import BUILD_FIGURES, FIGURES
from dagster_project.dashboard.figures_rates import decisions_through, draw_whole_calibration
from dagster_project.dashboard.methods import NAME as METHOD_NAME
from dagster_project.dashboard.methods import anchors, method_html
from dagster_project.dashboard.pairs import RANGES, Choice, Choices, read_choices
from dagster_project.dashboard.quality import (
    freshness_table,
    read_checks,
    read_freshness,
    read_known_faults,
    read_missing_days,
    read_open_findings,
    read_reconciliation,
)
from dagster_project.warehouse.connection import open_reader

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

HERE = Path(__file__).parent
FILE_NAME = "dashboard.html"
VERDICTS = {
    "supported": "Holds",
    "not_supported": "Does not hold",
    "undecidable": "Cannot be decided",
    "open": "Forecast, not yet due",
}


@dataclass(frozen=True)
class Drawn:
    """A chart on the page: its words, the question behind it, its compiled form.

    A chart that a reader can turn has a compiled form also where the first choice gives nothing to draw.
    """

    name: str
    is_drawn: bool
    title: str
    subtitle: str
    alt: str
    sql: str
    vega: Spec | None


@dataclass(frozen=True)
class Part:
    """A section of the page: what the brief says about a domain, and its charts."""

    anchor: str
    title: str
    sections: tuple[Section, ...]
    charts: tuple[Drawn, ...]
    method: int


def write_dashboard(build: Path) -> Path:
    """Write `dashboard.html` of the last session into the directory of a build; returns the file."""
    file = build / FILE_NAME
    file.write_text(render_dashboard(build / "market.duckdb"), encoding="utf-8")
    return file


def render_dashboard(database: Path, as_of: str = "latest") -> str:
    """The page of a day as HTML.

    Args:
        database: Published database.
        as_of: ISO date, or `latest`; a day without a session means the last session before it.

    Raises:
        SmallcapError: the date is none, or lies outside the data; the message gives the range.
    """
    brief = read_brief(database, as_of)
    with open_reader(database) as reader:
        return _environment().get_template("template.html").render(_content(open_day(reader, brief.as_of), brief))


def _content(day: Day, brief: Brief) -> dict[str, Any]:
    """Everything the template names."""
    choices = read_choices(day)
    is_last = brief.as_of == brief.build["data_through"]
    pair_charts, drawn, is_hindsight = _charts(day, choices, is_last)
    verdict, _, findings = _market_headline(brief).partition(": ")
    return {
        "brief": brief,
        "build": brief.build,
        "verdict": verdict,
        "findings": sentence(findings) if findings else "",
        "ledger": ledger_sentence(brief.claims, brief.framing),
        "cards": read_cards(day),
        "first_charts": (*pair_charts, drawn[week_flows.NAME]),
        "choices": list(choices.by_key.values()),
        "bases": list(dict.fromkeys(choice.today["return_basis"] for choice in choices.by_key.values())),
        "chosen": choices.choice(),
        "ranges": RANGES,
        "verdicts": _by_verdict(brief.claims),
        "marks": MARKS,
        "hindsight": drawn[calibration.NAME] if is_hindsight else None,
        "parts": _parts(brief, drawn, is_hindsight),
        **_quality(day, brief, is_last),
        "quality_charts": [drawn[name] for name in BUILD_FIGURES if is_last],
        **_same_on_every_page(),
        "data": _script_data(
            {
                "charts": {chart.name: chart.vega for chart in (*pair_charts, *drawn.values()) if chart.vega},
                "choices": {choice.key: _choice_data(choice) for choice in choices.by_key.values()},
                "asOf": str(brief.as_of),
                "isSimulated": brief.build["is_simulated"],
            }
        ),
    }


def _charts(day: Day, choices: Choices, is_last: bool) -> tuple[tuple[Drawn, ...], dict[str, Drawn], bool]:
    """The charts a reader can turn, the others by name, and whether the calibration is hindsight on the day.

    Args:
        is_last: whether the day is the last session of the build, so that charts of the build tell nothing from after.
    """
    first = choices.choice()
    pair_charts = (
        _drawn(first.rebased(first.default_range), choices.levels, rebased.specification()),
        _drawn(first.ytd_gap_years(), choices.levels, ytd_gap_years.specification()),
    )
    entries = FIGURES | (BUILD_FIGURES if is_last else {})
    drawn = {name: _drawn(*entry.draw(day)) for name, entry in entries.items()}
    # it counts every decision of the build: on a day before the last of them it stands with what happened next
    counted, bins = draw_whole_calibration(day)
    is_hindsight = decisions_through(bins) > day.day
    if is_hindsight:
        drawn[calibration.NAME] = _drawn(counted, bins)
    return pair_charts, drawn, is_hindsight


def _quality(day: Day, brief: Brief, is_last: bool) -> dict[str, Any]:
    """How fresh the day is, and on the page of the last session what is to be said about the whole build."""
    freshness = read_freshness(day)
    told, outside = read_reconciliation(day) if is_last else ("", None)
    return {
        "is_last": is_last,
        "freshness": freshness,
        "freshness_table": freshness_table(freshness, brief.as_of),
        "checks": read_checks(day),
        "reconciliation": told,
        "outside_tolerance": outside,
        "open_findings": read_open_findings(day) if is_last else None,
        "known_faults": read_known_faults(day) if is_last else None,
        "missing_days": read_missing_days(day) if is_last else None,
    }


def _same_on_every_page() -> dict[str, Any]:
    return {
        "anchors": anchors(),
        "method": method_html(),
        "method_name": METHOD_NAME,
        "light": LIGHT,
        "dark": DARK,
        "style": _file("style.css"),
        "script": _file("page.js"),
        "vega_script": page_script(),
    }


def _parts(brief: Brief, drawn: dict[str, Drawn], is_hindsight: bool) -> tuple[Part, ...]:
    """The sections below the first screen: title of the brief's sections, charts."""
    said = {section.title: section for section in brief.sections}

    def part(anchor: str, title: str, sections: tuple[str, ...], charts: tuple[str, ...], method: int) -> Part:
        found = tuple(said[name] for name in sections if name in said)
        return Part(anchor, title, found, tuple(drawn[name] for name in charts), method)

    rates = ("meeting_odds", "rate_path", "odds_history", *(() if is_hindsight else ("calibration",)))
    return (
        part("performance", "Performance", ("The gap against its own past", "Relative performance"), (), 1),
        part("flows", "Flows", ("Fund flows",), ("flow_weeks",), 2),
        part("rates", "Rates", ("Rate expectations and sensitivity",), (*rates, "rate_sensitivity"), 3),
        part(
            "valuation", "Valuation and leverage", ("Valuation and leverage",),
            ("valuation", "relative_valuation", "leverage"), 4,
        ),
        part("events", "Events", ("Events",), ("event_study",), 6),
        part("scorecard", "Signals and scorecard", ("Warning signals",), ("signal_days", "scorecard"), 7),
    )  # fmt: skip


def _drawn(chart: Chart, answer: Answer, spec: Spec | None = None) -> Drawn:
    """A chart compiled; `spec` replaces that of a chart whose rows and parameters the page's script sets."""
    words = chart.words
    compiled = spec or chart.spec
    vega = None if compiled is None else to_vega(compiled)
    return Drawn(chart.name, chart.spec is not None, words.title, words.subtitle, words.alt, answer.sql, vega)


def _market_headline(brief: Brief) -> str:
    """The headline of the brief without the sentence on the ledger, which stands with the ledger here."""
    return brief.headline.removesuffix(ledger_sentence(brief.claims, brief.framing)).strip()


def _by_verdict(claims: tuple[Claim, ...]) -> dict[str, tuple[str, list[Claim]]]:
    return {
        verdict: (words, [claim for claim in claims if claim.verdict == verdict]) for verdict, words in VERDICTS.items()
    }


def _choice_data(choice: Choice) -> dict[str, Any]:
    """A pair on a basis for the script: rows by column, days counted from 1970-01-01, and the words of each range."""
    columns = {
        "date": [(row["date"] - EPOCH).days for row in choice.levels],
        "small": [_significant(row["small"]) for row in choice.levels],
        "large": [_significant(row["large"]) for row in choice.levels],
        "gap": [None if row["gap"] is None else round(row["gap"], 2) for row in choice.levels],
        "session": [row["session"] for row in choice.levels],
    }
    basis = choice.today["return_basis"]
    return {
        "columns": columns,
        "ranges": {
            name: {
                "base": milliseconds(returns["base_session_date"]),
                **vars(rebased.words(returns, choice.names, basis, RANGES[name])),
                "isDrawn": True,
            }
            for name, returns in choice.returns.items()
        },
        "ytd": {
            **vars(ytd_gap_years.words(choice.today, choice.names, basis)),
            "isDrawn": choice.today["ytd_gap_pp"] is not None,
        },
        "year": choice.today["session_date"].year,
        "session": choice.today["session_number_of_year"],
    }


def _significant(value: float | None) -> float | None:
    """Six significant digits: finer than a pixel."""
    return None if value is None else float(f"{value:.6g}")


def _script_data(data: Any) -> str:
    """JSON inside a script element: what would end the element is written otherwise."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("</", "<\\/").replace("<!--", "<\\!--")


def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["plain"] = _plain
    environment.filters["typeset"] = _typeset
    environment.filters["figure"] = figure
    return environment


def _plain(text: str) -> str:
    """Words of the brief with true minus signs and dashes; days keep their hyphens."""
    if text == "-":
        return NOTHING
    ranges = re.sub(r"(?<![\d\-])(\d+\.\d+)-(\d+\.\d+)", "\\1\N{EN DASH}\\2", text)
    return re.sub(r"(?<![\w.\-])-(?=\d)", "\N{MINUS SIGN}", ranges)


def _typeset(text: str) -> "Markup":
    """The same as HTML, with days that no line break parts."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"\b\d{4}-\d\d-\d\d\b", r"<time>\g<0></time>", str(escape(_plain(text)))))


def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
