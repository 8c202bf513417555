"""The brief retells the article of 2017-05-26 from real data; known answers, none made with the code under test.

Sources: docs/methodology.md sections 1 (gap and rank), 2 (flows), 5 (sensitivity), 6 (event study), 7 (signal, falls)
and 8 (verdicts); the closes of ^GSPC and ^RUT on 2017-05-26 and 2017-12-29; the FOMC's decision of 2017-06-14.
"""

import io
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console

from dagster_project.brief.facts import read_brief
from dagster_project.brief.render import print_brief, to_json, to_markdown

DAY = "2017-05-26"
LATER_HEADING = "What happened next - known later, not on 2017-05-26"
SUPPORTED, NOT_SUPPORTED, UNDECIDABLE, OPEN = "supported", "not_supported", "undecidable", "open"
VERDICTS = {
    1: SUPPORTED, 2: SUPPORTED, 3: UNDECIDABLE, 4: SUPPORTED, 5: UNDECIDABLE, 6: UNDECIDABLE, 7: NOT_SUPPORTED,
    8: SUPPORTED, 9: NOT_SUPPORTED, 10: OPEN, 11: UNDECIDABLE, 12: UNDECIDABLE, 13: OPEN, 14: SUPPORTED,
}  # fmt: skip
KNOWN_BY = {
    "claims": "as_of_date", "dim_calendar": "session_date", "event_study": "known_on",
    "fund_flows_weekly": "week_ending", "leverage": "as_of_date", "rate_expectations": "watch_date",
    "rate_sensitivity": "window_end", "relative_gain_since_election": "session_date",
    "relative_performance": "session_date", "relative_performance_horizons": "session_date",
    "relative_valuation": "cast(available_at_utc as date)", "signal_daily": "session_date",
    "signal_scorecard": "sample_end", "valuation": "cast(available_at_utc as date)",
}  # fmt: skip
"""Marts of the brief that grow with time, with the day on which a row is known."""


def as_text(database: Path, as_of: str) -> str:
    out = io.StringIO()
    print_brief(read_brief(database, as_of), Console(file=out, width=100))
    return out.getvalue()


@pytest.fixture(scope="module")
def told(real_build: Path) -> dict[str, Any]:
    return json.loads(to_json(read_brief(real_build, DAY)))


@pytest.fixture(scope="module")
def claims(told: dict[str, Any]) -> dict[int, dict[str, Any]]:
    return {claim["claim_id"]: claim for claim in told["claims"]}


@pytest.fixture(scope="module")
def text(real_build: Path) -> str:
    """The text with every run of blanks as one, so that line breaks do not matter."""
    return " ".join(as_text(real_build, DAY).split())


@pytest.fixture(scope="module")
def sentences(text: str) -> dict[int, str]:
    """What the text says of each sentence, by its number."""
    parts = re.split(r" (?=(\d{1,2}) [A-Z][^:]*: (?:supported|not supported|undecidable|open)\.)", text)
    return {int(number): words for number, words in zip(parts[1::2], parts[2::2], strict=True)}


def convention(claim: dict[str, Any], name: str) -> dict[str, Any]:
    [row] = [row for row in claim["conventions"] if row["convention"] == name]
    return row


# --- the day of the article


def test_headline_says_the_finding_and_counts_the_verdicts(told):
    assert told["framing"] == "as_written"
    assert told["headline"].startswith("Small caps are being left behind: Russell 2000 Index +1.85 % against S&P 500")
    assert "in the year to 2017-05-26, a gap of -6.06 pp (worst of 17 years" in told["headline"]
    assert "Of the article's 14 sentences, as written, 5 hold (" in told["headline"]
    assert "2 do not (rate trouble, warning sign), 5 cannot be decided" in told["headline"]


def test_every_sentence_has_its_verdict(told, claims):
    assert [claim["claim_id"] for claim in told["claims"]] == list(range(1, 15))
    assert {number: claim["verdict"] for number, claim in claims.items()} == VERDICTS


def test_text_says_source_mode_day_and_what_is_stale(text):
    assert "As of 2017-05-26 | real data, source files" in text
    assert "STALE on 2017-05-26: valuation and leverage (the last baskets known are of 2015-12-31" in text


def test_1_worst_of_17_years(claims, sentences):
    assert claims[1]["value"] == pytest.approx(-6.055, abs=0.001)
    assert "Gap -6.06 pp (known 2017-05-26; asked at most -5 pp): rank 1 from the worst of 17 years." in sentences[1]


def test_2_share_counts_one_session_late_flip_it(claims, sentences):
    assert claims[2]["flips"] == ["lag_corrected"]
    assert claims[2]["value"] == pytest.approx(-1822.2e6, abs=0.05e6)
    assert convention(claims[2], "lag_corrected")["value"] == pytest.approx(-734.9e6, abs=0.05e6)
    assert "Flow -1,822.2 m USD (known 2017-05-25; asked about -1,800 m USD)" in sentences[2]
    assert "Flips: lag corrected -734.9 m USD" in sentences[2]


def test_3_names_the_universe_seen(sentences):
    assert "Seen 3 (IVE, IVV, IWM) of 13 funds" in sentences[3]


def test_4_rose_16_percent(sentences):
    assert "Return 16.0 % (known 2016-12-08; asked about 16 %): from 2016-11-08 to 2016-12-08" in sentences[4]


@pytest.mark.parametrize(
    ("number", "name", "figures"),
    [(5, "dearer_excl_losses", ("1.76", "0.87")), (6, "median", ("34.2 against 29.1 %", "17.4 against 27.1 %"))],
)
def test_5_and_6_are_too_old_and_another_definition_would_flip_them(claims, sentences, number, name, figures):
    assert "512 days old" in sentences[number]
    assert (claims[number]["flips"], claims[number]["would_flip"]) == ([], [name])
    assert f"on it {figures[0]}: would be supported" in sentences[number]
    assert f"Flips: {name.replace('_', ' ')} (on it {figures[1]}: would not be supported)" in sentences[number]


def test_7_raw_is_above_zero_and_controlled_is_nothing(sentences):
    assert "t 0.75, 137 sessions from 2016-11-09" in sentences[7]
    assert "since election raw +0.0719 % per bp" in sentences[7]


def test_8_holds_under_both_conventions(sentences):
    assert "84.4 % (post), 79.0 % (pre)" in sentences[8]
    assert "Same under pre 79.0 %, post 84.4 %." in sentences[8]


def test_9_interval_reaches_below_zero(claims, sentences):
    low, high = map(float, re.findall(r"interval (\S+) to (\S+) pp", sentences[9])[0])
    assert low < 0 < high
    assert {row["verdict"] for row in claims[9]["conventions"]} == {NOT_SUPPORTED}


def test_10_and_13_have_base_rates(sentences):
    assert "99.8 % of 4228 earlier days saw a fall of 3 % or more within 150 sessions" in sentences[10]
    assert "nearly unfalsifiable" in sentences[10]
    assert "base rate over 17 earlier years" in sentences[13]


def test_gap_is_compared_with_its_own_past(text):
    past = text[text.index("The gap against its own past") :]
    assert "small caps stand +2.43 % against large caps on 2017-05-26: 23 % of their highest lead, +10.49 %" in past
    assert "worst of 17 years at this session of the year" in past
    assert "IWM, week ended 2017-05-24: -1,822.2 m USD, 2.3 times the mean size of its flows" in past


def test_event_and_sensitivity_stand_with_their_figures(text):
    assert "+1 2016-11-09 +1.79 % 3.49 +1.99 pp" in text
    assert "+1 to +21 2016-12-08 +9.32 % 3.82 +11.02 pp" in text
    assert "since election 2016-11-09 137 +0.0220 % per bp 0.75 +0.0719 % per bp 2.62" in text


def test_signals_of_the_day(text):
    states = dict(re.findall(r"(S\d) \([^)]*\) was (on|off) at the close of 2017-05-26", text))
    assert states == {"S1": "off", "S2": "off", "S3": "on"}


# --- what came later


def test_outcomes_stand_in_the_later_part(told, text):
    later = text[text.index(LATER_HEADING) :]
    assert "deepest fall of S&P 500 Index, rest of year 2017-12-29 -2.23 % - did not" in later
    assert "first fall of 3 % on 2018-02-02" in later
    assert "return of S&P 500 Index 2017-12-29 +10.67 % + came true" in later
    assert "return of Russell 2000 Index 2017-12-29 +11.09 % + came true" in later
    assert "change of the target at the meeting 2017-06-14 +25.0 bp + came true" in later
    outcomes = {(row["claim_id"], row["conventions"]): row for row in told["later"]["numbers"]}
    assert outcomes[13, "large_caps"]["outcome_value"] == pytest.approx(10.67, abs=0.005)
    assert outcomes[13, "small_caps"]["outcome_value"] == pytest.approx(11.09, abs=0.005)
    assert outcomes[10, "rest_of_year"]["outcome_value"] == pytest.approx(-2.23, abs=0.005)


@pytest.mark.parametrize("layout", ["text", "markdown", "json"])
def test_no_figure_of_the_later_part_stands_before_it(real_build, told, text, layout):
    heading = '"later": {' if layout == "json" else LATER_HEADING
    written = {"text": text, "markdown": to_markdown(read_brief(real_build, DAY)), "json": json.dumps(told)}[layout]
    assert written.count(heading) == 1
    before, later = written.split(heading)
    figures = {f"{row['outcome_value']:+.2f} %" for row in told["later"]["numbers"] if row["unit"] == "percent"}
    figures |= {str(row["outcome_value"]) for row in told["later"]["numbers"] if row["unit"] == "percent"}
    days = set(re.findall(r"\d{4}-\d\d-\d\d", later)) - {DAY, "2017-06-14"}  # the meeting's day was known
    assert {"+10.67 %", "+11.09 %", "-2.23 %"} <= figures
    assert {"2018-02-02", "2017-12-29"} <= days
    assert [word for word in figures | days if word in before] == []


@pytest.mark.parametrize("day", [DAY, "2020-03-12"])
def test_brief_of_a_day_uses_no_row_known_later(real_build: Path, tmp_path: Path, day: str):
    """The same brief from a copy that ends on the day, but for the outcomes."""
    with duckdb.connect(str(tmp_path / "ended.duckdb")) as ended:
        ended.execute(f"attach '{real_build}' as whole (read_only); create schema marts; create schema meta")
        for (mart,) in ended.execute(
            "select table_name from duckdb_tables() where database_name = 'whole' and schema_name = 'marts'"
        ).fetchall():
            known = f"{KNOWN_BY[mart]} <= date '{day}'" if mart in KNOWN_BY else str(mart.startswith("dim_"))
            ended.execute(f"create table marts.{mart} as select * from whole.marts.{mart} where {known}")
        for table in ("build", "checks", "freshness"):
            ended.execute(f"create table meta.{table} as from whole.meta.{table}")
        ended.execute("detach whole")
    whole, cut = read_brief(real_build, day).as_dict(), read_brief(tmp_path / "ended.duckdb", "latest").as_dict()
    assert cut.pop("later")["numbers"] == ()
    assert len(whole.pop("later")["numbers"]) > 0
    assert cut == whole


# --- other days


@pytest.mark.parametrize("as_of", ["2000-06-01", "2008-10-10", "2012-03-01", "latest"])
def test_any_day_can_be_told(real_build: Path, as_of: str):
    brief = read_brief(real_build, as_of)
    assert brief.framing == "rolling"
    assert len(brief.claims) == 14
    told = " ".join(as_text(real_build, as_of).split())
    assert f"As of {brief.as_of} | real data, source files" in told
    assert "None" not in told


def test_early_day_says_that_nothing_can_be_compared(real_build: Path):
    brief = read_brief(real_build, "2000-06-01")
    assert brief.headline.startswith("No year-to-date comparison on 2000-06-01")
    assert brief.claims[0].verdict == UNDECIDABLE


def test_outcomes_of_the_last_day_are_pending(real_build: Path):
    later = read_brief(real_build).later
    assert {row["result"] for row in later.numbers if row["claim_id"] in (10, 13)} == {"pending"}
    assert "~ pending" in as_text(real_build, "latest").split("What happened next")[1]
