"""The ledger in the brief, on hand-made rows of marts claims and claim_outcomes."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from textwrap import wrap

import duckdb
import pytest

from dagster_project.brief.claims import Claim, Convention, ledger_sentence, overview, paragraph, read_claims, title
from dagster_project.brief.flows import last_week
from dagster_project.brief.later import what_happened_next
from dagster_project.errors import SmallcapError

DAY = date(2017, 5, 26)
TOO_OLD = "the last basket with a value is 512 days old, above 400; on it"


def convention(name: str = "main", **changes: object) -> Convention:
    row: dict[str, object] = {
        "convention": name, "definition": "what is computed", "value": -6.06, "unit": "percentage points",
        "comparator": "<=", "threshold": -5.0, "verdict": "supported", "reason": "rank 1 from the worst of 17 years",
        "verdict_flips": False, "inputs_as_of": DAY,
    }  # fmt: skip
    return Convention(**(row | changes))  # type: ignore[arg-type]


def claim(headline: Convention, *others: Convention, claim_id: int = 1) -> Claim:
    return Claim(claim_id, "Title", "The sentence", "rolling", DAY, False, headline, others)


UNDECIDABLE = {"value": None, "verdict": "undecidable", "reason": "no price", "inputs_as_of": None}


# --- words of one sentence


def test_figure_stands_with_unit_day_and_test():
    told = paragraph(claim(convention(), convention("etf_price", value=-6.14)))
    assert told == (
        "Gap -6.06 pp (known 2017-05-26; asked at most -5 pp): rank 1 from the worst of 17 years. Same under etf price "
        "-6.14 pp."
    )


def test_what_flips_a_verdict_stands_with_its_figure_its_day_and_its_verdict():
    other = convention("lag_corrected", value=-4.9, verdict="not_supported", verdict_flips=True,
                       inputs_as_of=date(2017, 5, 29))  # fmt: skip
    told = paragraph(claim(convention(), other))
    assert told.endswith("Flips: lag corrected -4.90 pp (known 2017-05-29), not supported.")


def test_figure_that_is_too_old_to_decide_would_flip():
    headline = convention(**UNDECIDABLE | {"reason": f"{TOO_OLD} 1.76: would be supported"})
    other = convention("excl_losses", **UNDECIDABLE | {"reason": f"{TOO_OLD} 0.87: would not be supported"})
    same = convention("zero_losses", **UNDECIDABLE | {"reason": f"{TOO_OLD} 1.24: would be supported"})
    valuation = claim(headline, other, same)
    assert [row.convention for row in valuation.would_flip] == ["excl_losses"]
    assert valuation.flips == ()
    assert paragraph(valuation).endswith("Flips: excl losses (on it 0.87: would not be supported).")
    assert overview((valuation,)).rows[0][-1] == "excl losses*"
    assert "too old" in overview((valuation,)).note


def test_undecidable_without_anything_says_so():
    lonely = claim(convention(**UNDECIDABLE))
    assert paragraph(lonely) == "No price."
    assert overview((lonely,)).rows == (("1", "Title", "-", "-", "? undecidable", "-"),)
    assert paragraph(claim(convention(**UNDECIDABLE), convention("other", **UNDECIDABLE))) == (
        "No price. No other definition decides it."
    )


def test_forecast_has_base_rates_until_it_is_due():
    base_rate = {"comparator": None, "threshold": None, "unit": "percent", "verdict": "open"}
    headline = convention(**base_rate | {"value": 99.76, "reason": "base rate: 99.8 % of 4228 earlier days"})
    other = convention("next_21_sessions", **base_rate | {"value": 55.77})
    assert paragraph(claim(headline, other)) == (
        "Base rate: 99.8 % of 4228 earlier days (known 2017-05-26). Base rates otherwise: next 21 sessions 55.8 %."
    )
    due = convention(**base_rate | {"value": 99.76, "verdict": "not_supported", "reason": "due 2017-12-29: -2.23 %"})
    assert paragraph(claim(due)) == "Due 2017-12-29: -2.23 %. Its base rate was 99.8 %."


def test_sentence_keeps_to_three_lines_and_to_its_flips():
    others = [convention(f"definition_number_{n}", verdict="not_supported", verdict_flips=True) for n in range(5)]
    long = claim(convention(reason="reason " * 13), *others)
    assert len(wrap(f"{title(long)} {paragraph(long)}", 97)) <= 3
    assert "definition number 4" in paragraph(long)


@pytest.mark.parametrize(
    ("unit", "value", "threshold", "words"),
    [
        ("US dollars", -1_822_226_447.75, -1.8e9, ("-1,822.2 m USD", "-1,800 m USD")),
        ("percent", 16.0006, 16.0, ("16.0 %", "16 %")),
        ("percent", -5.04, -2.5, ("-5.04 %", "-2.50 %")),
        ("percent per basis point", 0.02204, 0.0, ("+0.0220 % per bp", "0")),
        ("standard deviations", -1.72, -1.5, ("-1.7 sd", "-1.5 sd")),
        ("ratio", 1.764, 1.0, ("1.76x", "1x")),
        ("rank", 3.0, 1.0, ("Rank 3", "rank 1")),
        ("furlongs", 3.5, 1.0, ("3.5 furlongs", "1 furlongs")),
    ],
)
def test_every_unit_is_told(unit, value, threshold, words):
    row = convention(unit=unit, value=value, threshold=threshold, comparator=">")
    told = paragraph(claim(row, claim_id=99))
    assert told.startswith(f"{words[0]} (known 2017-05-26; asked above {words[1]}): rank 1 from")


def test_ledger_sentence_counts_and_names():
    claims = (
        claim(convention()),
        claim(convention(verdict="not_supported")),
        claim(convention(**UNDECIDABLE), convention("vix", verdict_flips=True)),
    )
    assert ledger_sentence(claims, "as_written") == (
        "Of the article's 3 sentences, as written, 1 holds (title), 1 does not (title), 1 cannot be decided on these "
        "data and 0 are forecasts not yet due; the definition decides title."
    )


# --- reading the marts


@pytest.fixture
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    """Two claims, of which one is a forecast, on the article's day and the session before."""
    with duckdb.connect() as connection:
        connection.execute(
            """
            create schema marts;
            create table marts.dim_event as select 'article' as kind, date '2017-05-26' as event_date;
            create table marts.dim_claim as from (values (1, 'Underperformance'), (10, 'Fall')) as t (claim_id, title);
            create table marts.claims as
            select claim_id, framing, as_of_date, convention, is_headline, framing || ' sentence' as statement,
                'definition' as definition, -6.06::double as value, 'percentage points' as unit, '<=' as comparator,
                -5.0::double as threshold, 'supported' as verdict, 'reason' as reason, false as verdict_flips,
                as_of_date as inputs_as_of, false as is_simulated
            from (values (10), (1)) as c (claim_id)
            cross join (values ('rolling', date '2017-05-25'), ('rolling', date '2017-05-26'),
                ('as_written', date '2017-05-26')) as f (framing, as_of_date)
            cross join (values ('longer_name', false), ('other', false), ('main', true)) as n (convention, is_headline);
            create table marts.claim_outcomes as
            select claim_id, framing, as_of_date, convention, horizon_end, outcome_value, unit, result, detail,
                false as is_simulated
            from (values
                (8, 'post', date '2017-06-14', 25.0, 'basis points', 'came_true', 'hike'),
                (8, 'pre', date '2017-06-14', 25.0, 'basis points', 'came_true', 'hike'),
                (10, 'rest_of_year', date '2017-12-29', -2.2314, 'percent', 'did_not', 'first fall on 2018-02-02'),
                (13, 'small_caps', date '2017-12-29', null, 'percent', 'pending', null),
                (13, 'large_caps', date '2017-12-29', null, 'percent', 'pending', null)
            ) as o (claim_id, convention, horizon_end, outcome_value, unit, result, detail)
            cross join (values ('rolling', date '2017-05-25'), ('as_written', date '2017-05-26'),
                ('as_written', date '2017-12-28'), ('as_written', date '2018-01-02')) as f (framing, as_of_date);
            """
        )
        yield connection


def test_article_is_read_as_written_on_its_day_and_rolling_on_others(marts):
    framing, claims, left_behind = read_claims(marts, DAY, None)
    assert framing == "as_written"
    assert [(c.claim_id, c.title, c.statement) for c in claims] == [
        (1, "Underperformance", "as_written sentence"),
        (10, "Fall", "as_written sentence"),
    ]
    assert [row.convention for row in (claims[0].headline, *claims[0].others)] == ["main", "other", "longer_name"]
    assert left_behind.value == -6.06
    assert read_claims(marts, date(2017, 5, 25), None)[0] == "rolling"
    assert read_claims(marts, DAY, "rolling")[1][0].statement == "rolling sentence"


def test_article_cannot_be_read_before_its_day(marts):
    with pytest.raises(SmallcapError, match="from then on, not on 2017-05-25"):
        read_claims(marts, date(2017, 5, 25), "as_written")


def test_day_without_a_ledger_is_an_error(marts):
    with pytest.raises(SmallcapError, match="no row on 2017-05-29"):
        read_claims(marts, date(2017, 5, 29), None)


def test_claim_for_scripts_has_every_column_and_every_definition(marts):
    told = read_claims(marts, DAY, None)[1][0].as_dict()
    columns = {name for name, *_ in marts.execute("describe marts.claims").fetchall()} - {"is_headline"}
    assert columns <= set(told)
    assert [row["convention"] for row in told["conventions"]] == ["main", "other", "longer_name"]
    assert (told["flips"], told["would_flip"]) == ([], [])


# --- what came later


def test_outcomes_of_like_definitions_share_a_row_and_pending_ones_say_so(marts):
    later = what_happened_next(marts, DAY, "as_written", ("Small Index", "Large Index"))
    assert later.title == "What happened next - known later, not on 2017-05-26"
    assert later.tables[0].rows == (
        ("8", "change of the target at the meeting", "2017-06-14", "+25.0 bp", "+ came true"),
        ("10", "deepest fall of Large Index, rest of year", "2017-12-29", "-2.23 %", "- did not"),
        ("13", "return of Large Index, Small Index", "2017-12-29", "-", "~ pending"),
    )
    assert later.tables[0].note == "Sentence 8: hike. Sentence 10: first fall on 2018-02-02."
    assert [row["conventions"] for row in later.numbers] == ["post, pre", "rest_of_year", "large_caps, small_caps"]


def test_what_had_come_by_the_day_is_not_told_as_later(marts):
    later = what_happened_next(marts, date(2017, 12, 28), "as_written", ("Small", "Large"))
    assert [row[0] for row in later.tables[0].rows] == ["10", "13"]
    after = what_happened_next(marts, date(2018, 1, 2), "as_written", ("Small", "Large"))
    assert (after.tables, after.findings) == ((), ("No forecast of this day waits for its outcome.",))


def test_only_one_module_reads_the_outcomes():
    brief = Path(read_claims.__code__.co_filename).parent
    assert [file.name for file in sorted(brief.glob("*.py")) if "marts.claim_outcomes" in file.read_text()] == [
        "later.py"
    ]


# --- flows


def test_lag_corrected_flow_is_told_only_once_the_count_after_the_week_is_known():
    """The week ends on Wednesday 24 May; Thursday's count, which the correction needs, is known on Friday."""
    with duckdb.connect() as connection:
        connection.execute(
            """
            create schema marts;
            create table marts.dim_calendar as
            select unnest([date '2017-05-23', '2017-05-24', '2017-05-25', '2017-05-26', '2017-05-30']) as session_date;
            create table marts.dim_security as select 'IWM' as symbol, 'Fund' as name, 'small' as size_segment;
            create table marts.fund_flows_weekly as
            select 'IWM' as fund_symbol, date '2017-05-24' as week_ending, -1.8e9 as net_flow_usd,
                -7e8 as net_flow_lag_corrected_usd, true as is_complete_week;
            """
        )
        assert last_week(connection, date(2017, 5, 24)) == []
        assert last_week(connection, date(2017, 5, 25))[0]["net_flow_lag_corrected_usd"] is None
        assert last_week(connection, date(2017, 5, 26))[0]["net_flow_lag_corrected_usd"] == -7e8
