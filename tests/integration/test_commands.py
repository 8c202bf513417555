"""The other commands on a published build: brief, query, publish, rollback, doctor."""

import csv
import io
import json
import re
from datetime import date

import pytest

from tests.helpers import smallcap
from tests.scenarios import Run

pytestmark = pytest.mark.scenario("base")


def brief(run: Run, *arguments: str):
    return smallcap(run.data, "brief", *arguments)


# --- brief


def test_brief_of_a_day_as_text(run: Run):
    told = brief(run, "--as-of", "2017-05-26")
    assert told.code == 0
    assert "As of 2017-05-26" in told.out
    assert "real data, source files" in told.out
    assert "year to 2017-05-26" in told.out


def test_brief_as_markdown(run: Run):
    told = brief(run, "--as-of", "2017-05-26", "--format", "markdown")
    assert told.out.startswith("# Smallcap Watch\n")
    assert "As of 2017-05-26" in told.out
    assert "| year to date | 2016-12-30 |" in told.out


def test_brief_as_json_agrees_with_the_marts(run: Run):
    told = json.loads(brief(run, "--as-of", "2017-05-26", "--format", "json").out)
    assert told["as_of"] == "2017-05-26"
    numbers = [row for section in told["sections"] for row in section["numbers"]]
    [gap] = [row["gap_pp"] for row in numbers if row.get("horizon") == "YTD"]
    [(expected,)] = run.ask(
        "select gap_pp from marts.relative_performance_horizons where pair_id = 'RUT_GSPC' and return_basis = 'price' "
        "and horizon = 'YTD' and session_date = '2017-05-26'"
    )
    assert gap == pytest.approx(expected)


def test_brief_of_the_build_is_that_of_the_latest_session(run: Run):
    published = run.data / "published" / "current"
    text, told = (published / "brief.md").read_text(), brief(run, "--format", "markdown").out.rstrip("\n")
    assert text.startswith(told)
    pictures = re.findall(r"^!\[.+\]\((charts/.+\.png)\)$", text[len(told) :], re.MULTILINE)
    assert [(published / picture).read_bytes()[:4] for picture in pictures] == 2 * [b"\x89PNG"]
    assert json.loads((published / "brief.json").read_text()) == json.loads(brief(run, "--format", "json").out)


def test_brief_of_a_weekend_is_that_of_the_session_before(run: Run):
    assert "As of 2017-05-26" in brief(run, "--as-of", "2017-05-28", "--format", "markdown").out


@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        ("2014-12-31", ["2014-12-31", "2015-01-02", "2017-12-29"]),
        ("2018-01-02", ["2018-01-02", "2015-01-02", "2017-12-29"]),
        ("2030-01-01", ["2015-01-02", "2017-12-29"]),
        ("yesterday", ["'yesterday'", "YYYY-MM-DD", "latest"]),
        ("2017-02-30", ["'2017-02-30'"]),
        ("", ["YYYY-MM-DD"]),
    ],
)
def test_brief_of_a_day_outside_the_data_names_the_range(run: Run, as_of, words):
    told = brief(run, "--as-of", as_of)
    assert (told.code, told.out) == (1, "")
    assert all(word in told.err for word in words)
    assert "Traceback" not in told.err


def test_first_day_has_a_brief_without_comparisons(run: Run):
    """The year before is not in the data: the brief says so instead of failing."""
    told = brief(run, "--as-of", "2015-01-02")
    assert told.code == 0
    assert "No year-to-date comparison on 2015-01-02" in told.out


# --- query

LAST = (
    "select symbol, session_date, close from marts.price_levels "
    "where session_date = '2017-12-29' and return_basis = 'price' order by 1"
)


def test_query_as_table_csv_and_json(run: Run):
    rows = run.ask(LAST)
    assert len(rows) == 4
    table = smallcap(run.data, "query", LAST)
    assert table.code == 0
    assert all(symbol in table.out for symbol, *_ in rows)
    found = list(csv.reader(io.StringIO(smallcap(run.data, "query", LAST, "--format", "csv").out)))
    assert found[0] == ["symbol", "session_date", "close"]
    assert [(s, date.fromisoformat(d), float(c)) for s, d, c in found[1:]] == rows
    found = json.loads(smallcap(run.data, "query", "-", "--format", "json", stdin=LAST).out)
    assert [(row["symbol"], row["close"]) for row in found] == [(symbol, close) for symbol, _, close in rows]


def test_query_limit_is_told(run: Run):
    out = smallcap(run.data, "query", "select * from marts.price_levels", "--limit", "2").out
    assert "rows are not shown" in out


@pytest.mark.parametrize(
    "sql",
    ["delete from marts.price_levels", "create table marts.x as select 1",
     "copy marts.dim_pair to '/tmp/smallcap_out.csv'",
     "select * from read_csv('/etc/passwd')", "selec 1", "select * from marts.nothing",
     "",
     "/* nothing */"],
)  # fmt: skip
def test_query_that_writes_or_fails_ends_with_1(run: Run, sql):
    before = run.market_file.read_bytes()
    asked = smallcap(run.data, "query", sql)
    assert asked.code == 1
    assert "smallcap: " in asked.err
    assert "Traceback" not in asked.err
    assert run.market_file.read_bytes() == before


# --- publish, rollback, doctor


def test_publish_and_rollback(own_run: Run):
    [first] = [path.name for path in (own_run.data / "builds").iterdir()]
    nothing_before = smallcap(own_run.data, "rollback")
    assert nothing_before.code == 1
    assert f"No build before {first}" in nothing_before.err
    published = smallcap(own_run.data, "publish", "--source", "files")
    assert published.code == 0, published.err
    second = (own_run.data / "published" / "current").resolve().name
    assert second > first
    assert second in published.out
    rolled = smallcap(own_run.data, "rollback")
    assert rolled.code == 0
    assert (own_run.data / "published" / "current").resolve().name == first
    assert own_run.ask("select build_id from meta.build") == [(first,)]
    assert smallcap(own_run.data, "rollback", second).code == 0
    assert (own_run.data / "published" / "current").resolve().name == second
    unknown = smallcap(own_run.data, "rollback", "20200101T000000000Z")
    assert unknown.code == 1
    assert first in unknown.err
    assert second in unknown.err


def test_doctor_of_a_healthy_house(run: Run):
    found = smallcap(run.data, "doctor", SMALLCAP_SOURCE="files", SMALLCAP_INBOX=run.inbox)
    assert found.code == 0, found.out
    assert "BAD" not in found.out
    assert "1 payloads, every hash fits" in found.out


def test_doctor_finds_a_missing_inbox(run: Run):
    found = smallcap(run.data, "doctor", SMALLCAP_SOURCE="files", SMALLCAP_INBOX=run.data / "nowhere")
    assert found.code == 1
    assert "is not a folder" in found.out


def test_doctor_finds_a_broken_build(own_run: Run):
    own_run.market_file.write_bytes(own_run.market_file.read_bytes()[:5000])
    found = smallcap(own_run.data, "doctor", SMALLCAP_SOURCE="files", SMALLCAP_INBOX=own_run.inbox)
    assert found.code == 1
    assert "BAD  published" in found.out
    assert "smallcap rollback" in found.out


def test_version_and_help(run: Run):
    assert smallcap(run.data, "--version").out.startswith("smallcap-watch ")
    shown = smallcap(run.data, "--help")
    for command in ("build", "brief", "query", "rebuild", "publish", "rollback", "doctor", "ui"):
        assert command in shown.out
