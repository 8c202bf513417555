"""Which days are asked for: what is missing, its tail, or what a person wants again."""

from datetime import date, datetime

import pytest

from dagster_project.sources.live.provider import Span, State
from dagster_project.sources.live.ranges import Days, days_to_fetch

BEGIN, DUE = date(2000, 1, 3), date(2026, 11, 20)


def state(asked: Span | None = None) -> State:
    return State(datetime(2026, 11, 20, 23, 30), DUE, asked=asked)


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (None, Days(BEGIN, DUE, None)),
        (Span(BEGIN, date(2026, 11, 18)), Days(date(2026, 11, 8), DUE, date(2026, 11, 18))),
        (Span(BEGIN, DUE), None),
        (Span(BEGIN, date(2000, 1, 5)), Days(BEGIN, DUE, date(2000, 1, 5))),
    ],
    ids=["nothing held", "two sessions missing", "nothing missing", "tail begins with the history"],
)
def test_what_is_missing_and_its_tail(held: Span | None, expected: Days | None):
    assert days_to_fetch(state(), held, BEGIN, refetched_days=10) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Span(date(2016, 6, 1), date(2017, 5, 26)), Days(date(2016, 6, 1), date(2017, 5, 26), None)),
        (Span(date(1990, 1, 1), date(2000, 2, 1)), Days(BEGIN, date(2000, 2, 1), None)),
        (Span(date(2026, 11, 1), date(2026, 12, 31)), Days(date(2026, 11, 1), DUE, None)),
        (Span(date(2026, 11, 23), date(2026, 12, 31)), None),
    ],
    ids=["a range", "before the history", "into the future", "only the future"],
)
@pytest.mark.parametrize("held", [None, Span(BEGIN, DUE)], ids=["nothing held", "all held"])
def test_days_that_a_person_asked_for_go_first(asked: Span, expected: Days | None, held: Span | None):
    assert days_to_fetch(state(asked), held, BEGIN, refetched_days=10) == expected
