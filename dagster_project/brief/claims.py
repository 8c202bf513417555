"""The ledger in the brief: every sentence of the article with its figure, its verdict and what flips it.

Belongs here: reading mart claims for a day, which definitions decide otherwise, the words and the overview.
Does not belong here: what came later (`later`, the only module that reads claim_outcomes), and any verdict of its
own: the mart has decided.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING

from dagster_project.brief.model import Record, Table, figure, glued, records, sentence, threshold
from dagster_project.errors import SmallcapError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

AS_WRITTEN, ROLLING = "as_written", "rolling"
SUPPORTED, NOT_SUPPORTED, UNDECIDABLE, OPEN = "supported", "not_supported", "undecidable", "open"
LEFT_BEHIND = 1
"""Number of the claim that the headline of the brief rests on."""
MARKS = {
    SUPPORTED: "+ supported",
    NOT_SUPPORTED: "- not supported",
    UNDECIDABLE: "? undecidable",
    OPEN: "~ open",
}
COMPARATORS = {"<=": "at most", ">=": "at least", "<": "below", ">": "above", "within": "about"}
MEASURES = {
    (1, "percentage points"): "gap",
    (2, "US dollars"): "flow",
    (2, "percent"): "weeks with more outflow",
    (4, "percent"): "return",
    (5, "ratio"): "price to earnings, small over large",
    (6, "percentage points"): "debt to assets, small minus large",
    (7, "percent per basis point"): "slope",
    (8, "percent"): "odds",
    (9, "percentage points"): "excess risk",
    (12, "percent"): "CAPE percentile",
    (14, "US dollars"): "flow of the year",
}
"""What the headline figure of a claim measures, in a word or two; the whole definition stands in the mart."""
LEANINGS = {"would be supported": SUPPORTED, "would not be supported": NOT_SUPPORTED}
"""How the mart ends the reason of a figure that is too old to decide."""
LINES, LINE_CHARACTERS = 3, 97
"""Room for a sentence with all that is said of it: lines of a terminal of 100 columns, less the indent."""


@dataclass(frozen=True)
class Convention:
    """One definition of a claim on one day, as in mart claims."""

    convention: str
    definition: str
    value: float | None
    unit: str
    comparator: str | None
    threshold: float | None
    verdict: str
    reason: str
    verdict_flips: bool
    inputs_as_of: date | None

    @property
    def name(self) -> str:
        """The name for people."""
        return self.convention.replace("_", " ")

    @property
    def leaning(self) -> str | None:
        """The verdict; of an undecidable row what its figure would say were it not too old; else none."""
        if self.verdict in (SUPPORTED, NOT_SUPPORTED):
            return self.verdict
        return next((verdict for words, verdict in LEANINGS.items() if self.reason.endswith(words)), None)

    @property
    def is_forecast(self) -> bool:
        """Whether the figure is a base rate, with which nothing is compared."""
        return self.comparator is None

    @property
    def asked(self) -> str:
        """What the figure is compared with; empty for forecasts."""
        if self.comparator is None or self.threshold is None:
            return ""
        return f"{COMPARATORS[self.comparator]} {threshold(self.threshold, self.unit)}"


@dataclass(frozen=True)
class Claim:
    """A sentence of the article on one day: the headline definition and the others."""

    claim_id: int
    title: str
    statement: str
    framing: str
    as_of_date: date
    is_simulated: bool
    headline: Convention
    others: tuple[Convention, ...]

    @property
    def verdict(self) -> str:
        return self.headline.verdict

    @property
    def flips(self) -> tuple[Convention, ...]:
        """Definitions that decide otherwise than the headline, or that decide where it does not."""
        return tuple(other for other in self.others if other.verdict_flips)

    @property
    def would_flip(self) -> tuple[Convention, ...]:
        """Definitions that would decide otherwise, were their figures not too old to decide."""
        return tuple(
            other
            for other in self.others
            if other.verdict == UNDECIDABLE and other.leaning not in (None, self.headline.leaning)
        )

    def as_dict(self) -> Record:
        return {
            "claim_id": self.claim_id,
            "title": self.title,
            "framing": self.framing,
            "as_of_date": self.as_of_date,
            "statement": self.statement,
            **asdict(self.headline),
            "flips": [other.convention for other in self.flips],
            "would_flip": [other.convention for other in self.would_flip],
            "is_simulated": self.is_simulated,
            "conventions": [asdict(convention) for convention in (self.headline, *self.others)],
        }


def read_claims(
    reader: "duckdb.DuckDBPyConnection", day: date, framing: str | None
) -> tuple[str, tuple[Claim, ...], Convention]:
    """The framing, the claims of a day in the article's order, and whether small caps are left behind on the day.

    Args:
        framing: as_written or rolling; none means as_written on the day of the article, else rolling.

    Raises:
        SmallcapError: the day is before the article and as_written is asked for, or the ledger lacks the day.
    """
    rows = records(
        reader,
        """
        select claims.*, dim_claim.title, article.article_date
        from marts.claims as claims
        inner join marts.dim_claim on claims.claim_id = dim_claim.claim_id
        left join (select max(event_date) as article_date from marts.dim_event where kind = 'article') as article
            on true
        where claims.as_of_date = ?
        order by claims.framing, claims.claim_id, claims.is_headline desc, length(claims.convention), claims.convention
        """,
        day,
    )
    if not rows:
        raise SmallcapError(f"The ledger has no row on {day}; see the checks in meta.checks.")
    article_date = rows[0]["article_date"]
    framing = framing or (AS_WRITTEN if day == article_date else ROLLING)
    by_framing = {name: tuple(_claims(found)) for name, found in _groups(rows, "framing")}
    if framing not in by_framing:
        raise SmallcapError(
            f"The article is of {article_date}: its sentences as written can be read from then on, not on {day}. "
            "Leave out --framing, or take rolling."
        )
    [left_behind] = [claim.headline for claim in by_framing[ROLLING] if claim.claim_id == LEFT_BEHIND]
    return framing, by_framing[framing], left_behind


def _groups(rows: list[Record], name: str) -> "Iterator[tuple[str, list[Record]]]":
    return ((key, list(found)) for key, found in groupby(rows, key=lambda row: row[name]))


def _claims(rows: list[Record]) -> "Iterator[Claim]":
    for _, found in _groups(rows, "claim_id"):
        first = found[0]
        headline, *others = (
            Convention(**{name: row[name] for name in Convention.__dataclass_fields__}) for row in found
        )
        yield Claim(
            first["claim_id"], first["title"], first["statement"], first["framing"], first["as_of_date"],
            first["is_simulated"], headline, tuple(others),
        )  # fmt: skip


# --- words


def ledger_sentence(claims: tuple[Claim, ...], framing: str) -> str:
    """How many sentences hold, which, and where the definition decides."""
    counts = Counter(claim.verdict for claim in claims)
    read = "as written" if framing == AS_WRITTEN else "read for this day"
    told = (
        f"Of the article's {len(claims)} sentences, {read}, {counts[SUPPORTED]} "
        f"{'holds' if counts[SUPPORTED] == 1 else 'hold'}{_titles(claims, SUPPORTED)}, {counts[NOT_SUPPORTED]} "
        f"{'does' if counts[NOT_SUPPORTED] == 1 else 'do'} not{_titles(claims, NOT_SUPPORTED)}, {counts[UNDECIDABLE]} "
        "cannot be decided on these data and "
        f"{counts[OPEN]} {'is a forecast' if counts[OPEN] == 1 else 'are forecasts'} not yet due"
    )
    hanging = [claim.title.lower() for claim in claims if claim.flips or claim.would_flip]
    return f"{told}; the definition decides {', '.join(hanging)}." if hanging else f"{told}."


def _titles(claims: tuple[Claim, ...], verdict: str) -> str:
    titles = [claim.title.lower() for claim in claims if claim.verdict == verdict]
    return f" ({', '.join(titles)})" if titles else ""


def overview(claims: tuple[Claim, ...]) -> Table:
    """One line for each claim: figure, day on which it was known, verdict, what flips it."""
    notes = ["* would flip, were its figure not too old to decide."] if any(c.would_flip for c in claims) else []
    if any(claim.verdict == OPEN for claim in claims):
        notes.append("The figure of an open forecast is its base rate.")
    return Table(
        "",
        ("#", "sentence", "figure", "known", "verdict", "flips under"),
        tuple(
            (str(claim.claim_id), claim.title, figure(claim.headline.value, claim.headline.unit),
             _day(claim.headline.inputs_as_of), MARKS[claim.verdict], _flips(claim))
            for claim in claims
        ),
        " ".join(notes),
        align="rlrrll",
    )  # fmt: skip


def _flips(claim: Claim) -> str:
    names = [other.name for other in claim.flips] + [f"{other.name}*" for other in claim.would_flip]
    if names:
        return ", ".join(names)
    return f"none of {len(claim.others)}" if claim.others and claim.verdict != OPEN else "-"


def title(claim: Claim) -> str:
    """The sentence and its verdict."""
    return f"{claim.statement}: {MARKS[claim.verdict][2:]}."


def paragraph(claim: Claim) -> str:
    """The figure with its day and test, the reason, and what flips it: as much as fits the lines of a sentence."""
    *mains, shortest = _mains(claim)
    tails = _tails(claim)
    told = [f"{main} {tail}" for tail in tails for main in mains or [shortest]] + [f"{shortest} {tails[-1]}"]
    fits = (text for text in told if len(wrap(glued(f"{title(claim)} {text}"), LINE_CHARACTERS)) <= LINES)
    return next(fits, told[-1]).rstrip()


def _mains(claim: Claim) -> list[str]:
    """Figure, test and reason; then shorter: without a figure that the reason repeats, last without day and test."""
    row = claim.headline
    known = f"known {row.inputs_as_of}" if row.inputs_as_of else ""
    if row.value is None:
        return [sentence(row.reason) + (f" Inputs {known}." if known else "")]
    shown = figure(row.value, row.unit)
    if row.is_forecast and row.verdict != OPEN:
        return [f"{sentence(row.reason)} Its base rate was {shown}."]
    test = "; ".join(part for part in (known, f"asked {row.asked}" if row.asked else "") if part)
    test = f" ({test})" if test else ""
    measured = f"{MEASURES.get((claim.claim_id, row.unit), '')} {shown}".lstrip()
    is_in_reason = shown.lstrip("+").replace(",", "") in row.reason
    without_figure = [sentence(f"{row.reason}{test}")] if is_in_reason else []
    if row.is_forecast and is_in_reason:
        return without_figure
    return [sentence(f"{measured}{test}: {row.reason}"), *without_figure, sentence(f"{measured}: {row.reason}")]


def _tails(claim: Claim) -> list[str]:
    """What the other definitions say, longest first."""
    if claim.flips or claim.would_flip:
        figures = [_told(other, claim.headline) for other in claim.flips]
        verdicts = [f"{told}, {_verdict(other)}" for told, other in zip(figures, claim.flips, strict=True)]
        plain = [f"{other.name} {figure(other.value, other.unit)}" for other in claim.flips]
        leanings = [f"{other.name} ({other.reason.rsplit('; ', 1)[-1]})" for other in claim.would_flip]
        listed = ["; ".join(told + leanings) for told in (verdicts, figures, plain)]
        return [f"Flips: {told}." for told in (*listed, _flips(claim))]
    same = [other for other in claim.others if other.verdict == claim.verdict and other.value is not None]
    agreeing = ", ".join(_told(other, claim.headline) for other in same)
    if claim.verdict == OPEN:
        return [f"Base rates otherwise: {agreeing}.", ""] if same else [""]
    if claim.verdict == UNDECIDABLE or not same:
        return ["No other definition decides it.", ""] if claim.others else [""]
    counted = f"Same under {len(same)} of {len(claim.others)} other definitions."
    return [counted] if claim.headline.is_forecast else [f"Same under {agreeing}.", counted]


def _told(other: Convention, headline: Convention) -> str:
    known = f" (known {other.inputs_as_of})" if other.inputs_as_of != headline.inputs_as_of else ""
    return f"{other.name} {figure(other.value, other.unit)}{known}"


def _verdict(row: Convention) -> str:
    return row.verdict.replace("_", " ")


def _day(day: date | None) -> str:
    return str(day) if day else "-"
