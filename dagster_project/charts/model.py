"""What a chart is, and the shapes that go into one.

Belongs here: `Chart`, and turning dates into what Vega reads.
Does not belong here: any particular chart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

Row = Mapping[str, Any]
Rows = Sequence[Row]
Spec = dict[str, Any]

EPOCH = date(1970, 1, 1)
MILLISECONDS_PER_DAY = 86_400_000


@dataclass(frozen=True)
class Words:
    """What is said about a chart: the finding, what is drawn, and the same for those who do not see it."""

    title: str
    subtitle: str
    alt: str


@dataclass(frozen=True)
class Chart:
    """A chart and its words.

    Attributes:
        name: Short name, as in `smallcap chart NAME`.
        words: The finding as a sentence without a full stop; what is drawn with units and days; the chart in words.
        spec: Vega-Lite specification without title; none when there is nothing to draw, which the title explains.
        rows: Rows of the data set that the specification names but does not contain, by name.
    """

    name: str
    words: Words
    spec: Spec | None
    rows: Mapping[str, Rows] | None = None

    @property
    def title(self) -> str:
        return self.words.title


def missing(name: str, reason: str, subtitle: str = "") -> Chart:
    """A chart without marks that says why."""
    return Chart(name, Words(reason, subtitle, reason), None)


def milliseconds(day: date) -> int:
    """Milliseconds from 1970-01-01 to midnight UTC of a day: text dates would be read in the reader's time zone."""
    return (day - EPOCH).days * MILLISECONDS_PER_DAY


def in_milliseconds(rows: Rows, *names: str) -> list[dict[str, Any]]:
    """The rows with the named dates as milliseconds; a missing date stays missing."""
    return [
        {**row, **{name: milliseconds(row[name]) if row[name] is not None else None for name in names}} for row in rows
    ]
