"""Layouts of the brief, on a hand-made one."""

import io
import json
import re
from dataclasses import replace
from datetime import date

import pytest
from rich.console import Console

from dagster_project.brief.claims import Claim, Convention
from dagster_project.brief.model import Brief, Section, Table, glued, ordinal, sentence, unglued
from dagster_project.brief.render import print_brief, to_json, to_markdown

DAY = date(2017, 5, 26)
BUILD = {
    "build_id": "20170526T210000Z",
    "source_mode": "files",
    "is_simulated": False,
    "data_through": date(2022, 11, 18),
}


def undecidable(claim_id: int) -> Claim:
    headline = Convention("main", "definition", None, "percent", "<=", 5.0, "undecidable", "nothing", False, None)
    return Claim(claim_id, f"Title {claim_id}", f"Sentence {claim_id}", "rolling", DAY, False, headline, ())


AWKWARD = "a|b *c* [red]d[/red] <e> \\f `g`"
BRIEF = Brief(
    as_of=DAY,
    framing="rolling",
    build=BUILD,
    headline="Nothing can be said.",
    claims=tuple(undecidable(number) for number in range(1, 15)),
    sections=(
        Section("Prices", (AWKWARD,), (Table("Awkward", ("name", "figure"), ((AWKWARD, "-"), ("x", "-1.00 %"))),)),
        Section("Fund flows", ("STALE",), stale="the last whole week ended on 2017-04-26"),
    ),
    later=Section("What happened next - known later", ("It fell by 12.34 %.",)),
    warnings=("check x: 3 rows",),
)


def text(brief: Brief, width: int = 120) -> str:
    out = io.StringIO()
    print_brief(brief, Console(file=out, width=width))
    return out.getvalue()


def order(told: str, *words: str) -> list[int]:
    return [told.index(word) for word in words]


@pytest.mark.parametrize("told", [text(BRIEF), to_markdown(BRIEF)], ids=["text", "markdown"])
def test_order_is_finding_source_sentences_domains_quality_later(told):
    places = order(told, "As of 2017-05-26 | real data, source files", "Nothing can be said", "STALE on 2017-05-26: ",
                   "Sentence 14", "Prices", "Fund flows\n", "Data quality\n", "known later", "12.34 %")  # fmt: skip
    assert places == sorted(places)
    assert "fund flows (the last whole week ended on 2017-04-26)" in " ".join(told.split())
    assert "1 warning about the data" in told


@pytest.mark.parametrize("told", [text(BRIEF), to_markdown(BRIEF)], ids=["text", "markdown"])
def test_every_sentence_is_there_when_nothing_can_be_decided(told):
    for number in range(1, 15):
        assert re.search(rf"Sentence {number}: undecidable\.\**\s+Nothing\.", told)


def test_markdown_shows_text_as_it_is():
    told = to_markdown(BRIEF)
    assert "- a|b \\*c\\* \\[red\\]d\\[/red\\] \\<e\\> \\\\f \\`g\\`" in told
    assert "| a\\|b \\*c\\* \\[red\\]d\\[/red\\] \\<e\\> \\\\f \\`g\\` | - |" in told
    assert "| --- | ---: |" in told
    rows = [line for line in told.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3, 7}


def test_terminal_shows_text_as_it_is():
    assert AWKWARD in text(BRIEF)


def test_terminal_keeps_to_its_width_and_units_to_their_numbers():
    long = replace(BRIEF, headline="word " * 17 + "gap of -1,822.2 m USD and more words")
    told = text(long, width=100)
    assert max(map(len, told.splitlines())) <= 100
    assert "-1,822.2 m USD" in told
    assert max(map(len, text(BRIEF, width=60).splitlines())) <= 60


def test_simulation_is_said_in_every_heading():
    simulated = replace(BRIEF, build=BUILD | {"is_simulated": True, "source_mode": "sample"})
    headings = [line for line in to_markdown(simulated).splitlines() if line.startswith("## ")]
    assert headings
    assert all(line.endswith("(SIMULATED)") for line in headings)
    assert "SIMULATED sample data, not the market" in to_markdown(simulated)
    assert text(simulated).count("(SIMULATED)") == len(headings)
    assert "SIMULATED" not in text(BRIEF)


def test_json_keeps_its_keys_and_what_came_later_apart():
    told = json.loads(to_json(BRIEF))
    assert list(told) == [
        "as_of", "framing", "source_mode", "is_simulated", "build", "headline", "stale", "claims", "sections",
        "warnings", "later",
    ]  # fmt: skip
    assert (told["as_of"], told["build"]["data_through"]) == ("2017-05-26", "2022-11-18")
    assert [claim["verdict"] for claim in told["claims"]] == ["undecidable"] * 14
    assert told["claims"][0]["value"] is None
    assert "12.34" not in json.dumps({key: part for key, part in told.items() if key != "later"})


def test_numbers_hold_to_their_units_while_lines_are_broken():
    for words in ("-6.06 pp", "16.0 %", "+21.1 bp", "-1.7 sd", "-1,822.2 m USD"):
        assert " " not in glued(words)
        assert unglued(glued(words)) == words
    assert glued("2017 ppm and 17 years") == "2017 ppm and 17 years"


def test_small_words():
    assert [ordinal(rank) for rank in (1, 2, 3, 4, 11, 12, 13, 21, 111)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "111th"]  # fmt: skip
    assert sentence("no price.") == "No price."
