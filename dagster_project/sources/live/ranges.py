"""Which days to ask for: what is missing, and a tail that may have been revised.

Belongs here: arithmetic of days that several providers share.
Does not belong here: anything about one service.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from dagster_project.sources.live.provider import Span, State


@dataclass(frozen=True)
class Days:
    """Days to ask for, both included."""

    first: date
    last: date
    newest_held: date | None


def days_to_fetch(state: State, span: Span | None, begin: date, refetched_days: int) -> Days | None:
    """The days that a person asked for; else from shortly before the end of what is held up to the last day due; None
    when nothing is missing.

    Args:
        span: what is held.
        begin: first day of the history that is wanted when nothing is held.
        refetched_days: how many days before the last one held are asked for again.
    """
    if state.asked:
        first, last = max(begin, state.asked.first_day), min(state.due, state.asked.last_day)
        return Days(first, last, None) if first <= last else None
    if span is None:
        return Days(begin, state.due, None) if begin <= state.due else None
    if span.last_day >= state.due:
        return None
    return Days(max(begin, span.last_day - timedelta(days=refetched_days)), state.due, span.last_day)


def lacking_days(span: Span | None, begin: date, due: date) -> Days | None:
    """For a fallback: the days after what any provider holds, so that it tells nothing over again."""
    first = begin if span is None else span.last_day + timedelta(days=1)
    return Days(first, due, None) if first <= due else None


def widest(spans: list[Span]) -> Span | None:
    """The span of several series together: from the first day of any to the last day of any."""
    if not spans:
        return None
    return Span(min(span.first_day for span in spans), max(span.last_day for span in spans))
