"""The page of real data: figures that methodology and press give for 2017-05-26, and nothing from after the day."""

import json
import re
import shutil
from datetime import date
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.dashboard.one_chart import draw_chart
from dagster_project.dashboard.page import render_dashboard
from dagster_project.errors import SmallcapError
from tests.browser import Opened, headless_chromium  # noqa: F401 - the fixture browser

ARTICLE = "2017-05-26"
MEGABYTE = 1_000_000

KNOWN_AFTER = {
    "relative_performance": "session_date > {day}",
    "relative_performance_horizons": "session_date > {day}",
    "relative_gain_since_election": "session_date > {day}",
    "price_levels": "session_date > {day}",
    "fund_flows_daily": "session_date >= {day}",
    "fund_flows_weekly": "week_ending >= {day}",
    "rate_expectations": "watch_date > {day}",
    "rate_probabilities": "watch_date > {day}",
    "policy_and_yields": "rate_date > {day}",
    "rate_sensitivity": "window_end > {day}",
    "event_study": "known_on > {day} or known_on is null",
    "signal_daily": "session_date > {day}",
    "signal_scorecard": "sample_end > {day}",
    "valuation": "cast(available_at_utc as date) > {day}",
    "relative_valuation": "cast(available_at_utc as date) > {day}",
    "leverage": "cast(available_at_utc as date) > {day}",
    "claims": "as_of_date > {day}",
    "dim_event": "event_date > {day}",
    "reconciliation": "as_of > {day}",
}
"""Rows that nobody had on a day."""


@pytest.fixture(scope="module")
def page(real_build: Path) -> str:
    return render_dashboard(real_build, ARTICLE)


def cards(page: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Text and numbers of every card."""
    found = re.findall(
        r'<article class="card[^"]*" id="card-(\w+)" data-numbers="([^"]*)">(.*?)</article>', page, re.DOTALL
    )
    return {name: (plain(body), json.loads(unescape(numbers))) for name, numbers, body in found}


def plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def without_hindsight(page: str) -> str:
    return re.sub(r'<details class="later".*?</details>', "", page, flags=re.DOTALL)


def test_cards_of_the_article_s_day(page: str) -> None:
    """docs/methodology.md: sections 1 (rank), 2 (Lipper week), 7 (signals); the press has -1.8 bn."""
    found = cards(page)
    assert list(found) == ["gap", "gain", "flow", "odds", "signals"]
    text, numbers = found["gap"]
    assert "−6.06 pp" in text
    assert "worst of 17 years" in text
    assert numbers["ytd_gap_rank_from_worst"] == 1
    text, numbers = found["flow"]
    assert numbers["net_flow_usd"] == pytest.approx(-1822.2e6, abs=0.1e6)
    assert numbers["net_flow_lag_corrected_usd"] == pytest.approx(-734.9e6, abs=0.1e6)
    assert "−1,822.2 m USD" in text
    assert "−734.9 m USD if share counts are a session late" in text
    text, _ = found["signals"]
    assert "1 of 3" in text
    assert "S1 off, S2 off, S3 on" in text
    assert "percentile" not in text


def test_gain_and_odds_agree_with_the_ledger(page: str, real_build: Path) -> None:
    """Two ways to the same figures: the cards' marts, and what the ledger says in words."""
    with duckdb.connect(str(real_build), read_only=True) as connection:
        reasons = dict(
            connection.execute(
                f"select claim_id, reason from marts.claims where framing = 'as_written' and is_headline "
                f"and as_of_date = date '{ARTICLE}'"
            ).fetchall()
        )
    found = cards(page)
    left = f"{found['gain'][1]['month_gain_left_pct']:.0f} % is left"
    assert left in reasons[4]
    odds = found["odds"][1]
    assert f"{odds['post_hike_pct']:.1f} % (post), {odds['pre_hike_pct']:.1f} % (pre)" in reasons[8]
    assert f"{odds['pre_hike_pct']:.1f}–{odds['post_hike_pct']:.1f} %" in found["odds"][0]


def test_headline_and_strip(page: str) -> None:
    assert plain(re.findall(r"<h1>(.*?)</h1>", page)[0]) == "Small caps are being left behind"
    strip = plain(re.findall(r'<dl class="strip">(.*?)</dl>', page, re.DOTALL)[0])
    assert f"As of {ARTICLE}" in strip
    assert "real data, files" in strip
    assert "Prices 2017-05-26" in strip
    assert "Flows 2017-05-25" in strip
    assert "SIMULATED" not in page.replace('", SIMULATED DATA', "")


def test_lag_corrected_flow_is_not_known_on_the_next_day(real_build: Path) -> None:
    """The week to Wednesday needs Thursday's count, which stands in Friday's file."""
    numbers = cards(render_dashboard(real_build, "2017-05-25"))["flow"][1]
    assert numbers["net_flow_usd"] == pytest.approx(-1822.2e6, abs=0.1e6)
    assert numbers["net_flow_lag_corrected_usd"] is None


@pytest.mark.parametrize("day", ["2000-06-01", "2008-10-10", ARTICLE, "2017-05-25", "2020-03-16"])
def test_nothing_on_the_page_was_known_later(real_build: Path, tmp_path: Path, day: str) -> None:
    """Without the rows that came after the day the page is the same, letter for letter."""
    cut = tmp_path / "market.duckdb"
    shutil.copy(real_build, cut)
    cut.chmod(0o644)
    literal = f"date '{day}'"
    with duckdb.connect(str(cut)) as connection:
        for table, later in KNOWN_AFTER.items():
            connection.execute(f"delete from marts.{table} where {later.format(day=literal)}")
        connection.execute(
            "update marts.dim_meeting set target_lower_after_pct = null, target_upper_after_pct = null, "
            f"change_bp = null, decision = null where meeting_date > {literal}"
        )
        connection.execute("update marts.dim_pair set last_common_session_date = null, common_sessions = null")
        connection.execute("update marts.dim_security set last_session_date = null, sessions_with_close = null")
    assert without_hindsight(render_dashboard(cut, day)) == without_hindsight(render_dashboard(real_build, day))


def test_what_came_is_told_behind_the_lid_only(page: str) -> None:
    [later] = re.findall(r'<details class="later".*?</details>', page, flags=re.DOTALL)
    assert "open" not in later.split(">")[0]
    assert "came true" in later
    assert "came true" not in without_hindsight(page).split('<script type="application/json"')[0]
    assert "calibration" in later  # it counts decisions of later years


def test_calibration_of_a_past_day_is_refused(real_build: Path) -> None:
    chart = draw_chart(real_build, "calibration", ARTICLE)
    assert chart.spec is None
    assert "hindsight" in chart.title


def test_page_of_the_last_session_is_small_and_thinned(real_build: Path) -> None:
    """Daily points for three years, week-ends before."""
    page = render_dashboard(real_build)
    assert len(page.encode()) < 3 * MEGABYTE
    [text] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    columns = json.loads(text)["choices"]["RUT_GSPC|price"]["columns"]
    days = [date.fromordinal(date(1970, 1, 1).toordinal() + number) for number in columns["date"]]
    last = days[-1]
    recent = [day for day in days if day >= last.replace(year=last.year - 3)]
    assert 750 <= len(recent) <= 760
    steps = [(later - earlier).days for earlier, later in pairwise(days[: -len(recent)])]
    assert sorted(steps)[len(steps) // 2] == 7


@pytest.mark.parametrize("width", [390, 1440])
def test_browser_draws_the_article_s_day(browser: Any, page: str, tmp_path: Path, width: int) -> None:
    file = tmp_path / "dashboard.html"
    file.write_text(page, encoding="utf-8")
    with Opened(browser, file, width, offline=True) as opened:
        opened.page.locator("#later summary").click()
        charts = opened.page.eval_on_selector_all("figure.chart", "nodes => nodes.map(node => node.dataset.chart)")
        assert len(charts) == 15
        assert {name for name in charts if opened.marks(name) < 2} == set()
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        assert [url for url in opened.requests if not url.startswith("data:")] == [file.as_uri()]
        assert opened.complaints == []


# --- data quality: of the build, so on the page of its last session only


def test_quality_of_the_build_is_not_on_a_page_of_the_past(page: str, real_build: Path) -> None:
    assert 'id="chart-data_coverage"' not in page
    assert "Listed faults and events" not in page
    with pytest.raises(SmallcapError, match="speaks of the whole build"):
        draw_chart(real_build, "data_coverage", ARTICLE)


@pytest.mark.parametrize("width", [390, 1440])
def test_quality_of_the_build_on_the_page_of_its_last_session(
    browser: Any, real_build: Path, tmp_path: Path, width: int
) -> None:
    """Against the marts and meta tables asked apart, and against what the README of the input says is missing."""
    file = tmp_path / "dashboard.html"
    file.write_text(render_dashboard(real_build), encoding="utf-8")
    with duckdb.connect(str(real_build), read_only=True) as connection:
        kept_out, by_contract = connection.execute(
            "select sum(open_rows), sum(open_rows) filter (where judged_by = 'contract') from meta.quarantine"
        ).fetchall()[0]
        [(faults, listed)] = connection.execute(
            "select count(distinct fault_id), count(*) from marts.data_quality_findings where is_known"
        ).fetchall()
        [(checks, failed)] = connection.execute("select count(*), count_if(not passed) from meta.checks").fetchall()
        cells = connection.execute(
            "select count(*) from marts.data_quality_coverage where calendar_year >= 2000"
        ).fetchall()
    with Opened(browser, file, width, offline=True) as opened:
        titles = {
            name: plain(opened.page.locator(f"#chart-{name} h3").inner_html())
            for name in ("data_coverage", "data_findings", "quarantined", "check_history", "revisions")
        }
        assert titles["data_coverage"].startswith("33 of 47 daily series")
        assert titles["data_findings"].startswith(f"No finding is open; {listed} listed with a reason")
        assert titles["quarantined"].startswith(
            f"{kept_out} rows are kept out of every figure: {by_contract} for breaking"
        )
        assert titles["check_history"].startswith(f"Of {checks} checks {failed} warned and none blocked")
        assert opened.marks("data_coverage") == cells[0][0]
        assert min(opened.marks(name) for name in titles) >= 5
        assert opened.page.locator("details.known tbody tr").count() == faults
        assert opened.text('#quality tr:has(td:text-is("fed funds futures")) td.r') == "14"
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.complaints == []
