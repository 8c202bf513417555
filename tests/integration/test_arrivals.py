"""Deliveries in any order come to what their facts in order come to: a few stories of tests/arrivals.py.

`make soak CAMPAIGN=arrivals` tells hundreds.
"""

import random
from pathlib import Path

import pytest

from tests.arrivals import SUBJECTS, Arrival, Story, draw_story, tell

STORIES = [(table, 1) for table in SUBJECTS]
"""Table and number of a story of each table."""


@pytest.mark.parametrize(("table", "number"), STORIES)
def test_late_revised_and_withdrawn_rows_come_to_the_same(tmp_path: Path, table: str, number: int):
    story = draw_story(random.Random(f"fixed {number}"), table)
    assert len(story.arrivals) > len(story.final)
    assert tell(story, tmp_path).faults == ()


@pytest.mark.parametrize(
    ("last_line", "words"),
    [("2017-05-26,10yr,9.9", "in one go"), ("", "is lost"), ("2017-05-26,10yr,2.0\n2017-05-30,10yr,2.0", "and holds")],
)
def test_another_end_is_found(tmp_path: Path, last_line: str, words: str):
    """The comparison itself: the last reading tells a value otherwise, lacks a row, has one more."""
    lines = ["rate_date,tenor,par_yield_pct", "2017-05-24,10yr,2.2", "2017-05-25,10yr,2.1", "2017-05-26,10yr,2.0"]
    content = ["\n".join(rows).encode() + b"\n" for rows in (lines, [*lines[:-1], last_line])]
    arrivals = tuple(Arrival("a.csv", one, False, ()) for one in content)
    story = Story(SUBJECTS["treasury_yields"], {"a.csv": content[0]}, arrivals, frozenset())
    assert any(words in fault for fault in tell(story, tmp_path).faults)
