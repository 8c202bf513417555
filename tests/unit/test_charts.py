"""Charts: valid specifications with marks, titles that say what the rows hold, words for what is missing."""

import json
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import altair as alt
import pytest

from dagster_project.charts import (
    calibration,
    check_history,
    data_coverage,
    data_findings,
    event_study,
    flow_weeks,
    leverage,
    marks,
    meeting_odds,
    odds_history,
    quarantined,
    rate_path,
    rate_sensitivity,
    rebased,
    relative_valuation,
    revisions,
    scorecard,
    signal_days,
    valuation,
    week_flows,
    words,
    ytd_gap_years,
)
from dagster_project.charts.model import Chart, in_milliseconds, milliseconds
from dagster_project.charts.render import page_script, to_png, to_svg, to_vega, write_chart
from dagster_project.charts.theme import DARK, LIGHT, colour, painted
from dagster_project.errors import SmallcapError

DAY = date(2017, 5, 26)
SIDES = ("Small Index", "Large Index")


def days(count: int, last: date = DAY, step: int = 1) -> list[date]:
    return [last - timedelta(days=step * back) for back in reversed(range(count))]


LEVELS = [
    {"date": day, "small": 100.0 + row, "large": 200.0 + row % 3, "gap": row / 2 - 4, "session": row % 100 + 1}
    for row, day in enumerate(days(120, step=5))
]
RETURNS = {
    "base_session_date": LEVELS[50]["date"], "session_date": DAY, "small_return_pct": 46.0, "large_return_pct": -0.5,
    "relative_pct": 46.73,
}  # fmt: skip
TODAY = {
    "session_date": DAY, "ytd_gap_pp": -6.0552, "ytd_gap_rank_from_worst": 2, "years_compared": 16,
    "ytd_gap_percentile": 6.25, "session_number_of_year": 101,
}  # fmt: skip
FLOW_DAYS = [
    {"session_date": day, "net_flow_usd": flow, "net_flow_lag_corrected_usd": late, "null_reason": None}
    for day, flow, late in zip(
        days(5), (-873e6, -333e6, -1021e6, 460e6, None), (-333e6, -1021e6, 460e6, None, None), strict=True
    )
]
WEEK = {"week_ending": date(2017, 5, 24), "net_flow_usd": -1822.2e6, "net_flow_pct_aum": -5.04}
WEEKS = [
    {"week_ending": day, "net_flow_usd": 1e6 * (row - 5), "net_flow_pct_aum": 0.1, "zscore_52w": 1.3,
     "outflow_pct_rank_in_own_history": 88.2, "weeks_compared": 1153}
    for row, day in enumerate(days(12, step=7))
]  # fmt: skip
MEETINGS = (date(2017, 6, 14), date(2017, 7, 26))
PROBABILITIES = [
    {"meeting_date": meeting, "day_convention": convention, "target_lower_bp": lower, "target_upper_bp": lower + 25,
     "probability_pct": share}
    for meeting in MEETINGS
    for convention, rise in (("post", 84.4), ("pre", 79.0))
    for lower, share in ((75, 100 - rise), (100, rise))
]  # fmt: skip
NEXT = {"watch_date": DAY, "meeting_date": MEETINGS[0], "range_lower_pct": 0.75, "range_upper_pct": 1.0}
ODDS = [{"watch_date": day, "post_pct": 40.0 + row, "pre_pct": 38.0 + row} for row, day in enumerate(days(41))]
PATH = [
    {"watch_date": DAY, "meeting_date": meeting, "start_pct": 0.91, "post_pct": 1.1 + row / 10,
     "pre_pct": 1.09 + row / 10, "post_cumulative_bp": 21.1 + row, "pre_cumulative_bp": 19.7 + row}
    for row, meeting in enumerate(MEETINGS)
]  # fmt: skip
TARGETS = [
    {"rate_date": date(2016, 12, 15), "target_lower_pct": 0.5, "target_upper_pct": 0.75},
    {"rate_date": DAY, "target_lower_pct": 0.75, "target_upper_pct": 1.0},
]
BINS = [
    {"outcome": outcome, "bin_lower_pct": lower, "decisions": 10, "hits": hits, "mean_probability_pct": odds,
     "hit_share_pct": 10.0 * hits, "decisions_through": DAY}
    for outcome, lower, odds, hits in (("hike", 90, 97.0, 9), ("hold", 90, 95.0, 10), ("cut", 0, 1.0, 0))
] + [
    {"outcome": "cut", "bin_lower_pct": None, "decisions": 2, "hits": 2, "mean_probability_pct": None,
     "hit_share_pct": 100.0, "decisions_through": DAY}
]  # fmt: skip
WINDOWS = [
    {"window_end": day, "controlled_t_hac": t, "controlled_coefficient_pct_per_bp": t / 50}
    for day, t in zip(days(4, step=7), (2.5, -2.1, 0.3, 0.75), strict=True)
]
BASKETS = {"small_basket": "SMALL", "large_basket": "LARGE", "as_of_date": date(2016, 12, 30)}
PRICES = [
    {**BASKETS, "method": method, "small_value": small, "large_value": large, "ratio": small / large,
     "valid_through": date(2018, 2, 3)}
    for method, small, large in (("incl_losses", 34.4, 19.5), ("excl_losses", 15.5, 17.8))
]  # fmt: skip
RATIOS = [
    {**BASKETS, "as_of_date": day, "method": method, "ratio": ratio}
    for day, ratios in ((date(2015, 12, 31), (1.76, 0.87)), (date(2016, 12, 30), (1.6, 0.72)))
    for method, ratio in zip(("incl_losses", "excl_losses"), ratios, strict=True)
]
DEBTS = [
    {**BASKETS, "measure": measure, "small_aggregate": small, "large_aggregate": large, "small_median": 0.17,
     "large_median": 0.27, "valid_through": date(2018, 2, 3)}
    for measure, small, large in (("debt_to_assets", 0.34, 0.29), ("net_debt_to_ebitda", -0.1, 2.0))
]  # fmt: skip
EVENTS = [
    {"kind": "election", "event_date": date(2016, 11, 8), "is_pooled": False, "events_pooled": None, "car_pct": 9.32,
     "car_t": 3.8, "bhar_pct": 11.0},
    {"kind": "shock", "event_date": date(2016, 6, 23), "is_pooled": False, "events_pooled": None, "car_pct": None,
     "car_t": None, "bhar_pct": None},
    {"kind": "elections", "event_date": date(2016, 11, 8), "is_pooled": True, "events_pooled": 4, "car_pct": 2.6,
     "car_t": None, "bhar_pct": 3.1},
]  # fmt: skip
CARDS = [
    {"signal_id": signal, "horizon_sessions": 63, "sample_end": date(2016, 12, 30), "on_days": 200, "episodes": 6,
     "p_drawdown_3_on_pct": 97.1, "p_drawdown_3_all_pct": 89.0, "excess_drawdown_3_pp": 8.0,
     "excess_drawdown_3_ci_low_pp": low, "excess_drawdown_3_ci_high_pp": high}
    for signal, low, high in (("S1", -1.1, 14.1), ("S2", 1.0, 9.0), ("S3", None, None))
]  # fmt: skip
STATES = [{"signal_id": "S1", "is_on": None}, {"signal_id": "S2", "is_on": False}, {"signal_id": "S3", "is_on": True}]
RUNS = [
    {"signal_id": "S3", "first_day": date(2014, 1, 2), "last_day": date(2014, 8, 1), "sessions": 140},
    {"signal_id": "S3", "first_day": date(2017, 5, 17), "last_day": DAY, "sessions": 8},
]
SINCE = date(2014, 5, 26)
YEARS = [
    {"table_name": table, "series": series, "calendar_year": year, "days_held": held, "days_due": due,
     "days_missing": None if due is None else max(due - held, 0)}
    for table, series, year, held, due in (
        ("daily_bars", "IWM", 2016, 252, 252), ("daily_bars", "IWM", 2017, 101, 101),
        ("treasury_yields", "30yr", 2016, 30, 250), ("treasury_yields", "30yr", 2017, 0, 101),
        ("index_fundamentals", "S&P 500", 1950, 12, None), ("index_fundamentals", "S&P 500", 2017, 5, None),
    )
]  # fmt: skip
TOLD = [
    {"table_name": "company_facts", "rows_told": 1000, "revisions": 40, "removals": 2},
    {"table_name": "daily_bars", "rows_told": 8000, "revisions": 1, "removals": 0},
]
KEPT_OUT = [
    {"table_name": "daily_bars", "rule": "bar_possible", "judged_by": "contract", "open_rows": 2},
    {"table_name": "company_facts", "rule": "zero_amount", "judged_by": "warehouse", "open_rows": 1200},
]
FOUND = [
    {"check_id": check, "severity": severity, "is_known": kind is not None, "known_kind": kind, "calendar_year": 2017,
     "findings": count}
    for check, severity, kind, count in (
        ("prices_jump", "error", None, 1), ("prices_jump", "error", "event", 3), ("prices_gap", "warn", "fault", 9),
        ("prices_gap", "warn", None, 2),
    )
]  # fmt: skip
BUILDS = [
    {"build_id": "20170525T220000000Z", "checks": 429, "never_failed": 427},
    {"build_id": "20170526T220000000Z", "checks": 430, "never_failed": 427},
]
FAILURES = [
    {"build_id": BUILDS[build]["build_id"], "check_id": check, "is_blocking": blocks, "passed": passed,
     "failed_rows": 0 if passed else 2}
    for build, check, blocks, passed in (
        (0, "daily_bars__bar_possible", False, False), (1, "daily_bars__bar_possible", False, False),
        (0, "prices_gap", False, False), (1, "prices_gap", False, True), (1, "prices_jump", True, False),
    )
]  # fmt: skip

CHARTS: dict[str, tuple[Chart, str]] = {
    chart.name: (chart, title)
    for chart, title in (
        (rebased.chart(LEVELS, RETURNS, SIDES, "price", "since the election"),
         "Since the election: small +46.0 %, large −0.5 %; small caps lead by 46.7 %"),
        (ytd_gap_years.chart(LEVELS, TODAY, SIDES, "price"),
         "The gap of 2017 stands at −6.06 pp, the 2nd worst of 17 years at this session"),
        (week_flows.chart(FLOW_DAYS, WEEK, "IWM"),
         "IWM lost 1,822.2 m USD in the week (−5.0 % of assets), most on Wednesday"),
        (flow_weeks.chart(WEEKS, "IWM"),
         "IWM: +6.0 m USD in the week to 2017-05-26, +1.3 standard deviations from the 52 weeks before; 88 % of its "
         "1,153 earlier weeks were lower"),
        (meeting_odds.chart(PROBABILITIES, NEXT),
         "Likeliest after 2017-06-14: 1.00–1.25 %, with odds of 79.0–84.4 %"),
        (odds_history.chart(ODDS, MEETINGS[0], "hike"),
         "Odds of a rise on 2017-06-14: 78.0–80.0 %, after 48.0–50.0 % on 2017-04-26"),
        (rate_path.chart(PATH, TARGETS),
         "Futures price +20 to +21 bp at the next meeting and +21 to +22 bp by 2017-07-26"),
        (calibration.chart(BINS), "Of 20 outcomes that futures gave 90 % or more, 19 came"),
        (rate_sensitivity.chart(WINDOWS, "small minus large"),
         "Rates do not explain the gap now (t +0.8); of the weeks so far 25 % said gain and 25 % lose"),
        (valuation.chart(PRICES, DAY),
         "The definition decides: small caps are dearer by 1 of 2 methods (0.87 to 1.76 times the multiple of large "
         "caps)"),
        (relative_valuation.chart(RATIOS),
         "Small over large multiple: with losses 1.76 to 1.60, without losses 0.87 to 0.72"),
        (leverage.chart(DEBTS, DAY),
         "Debt to assets of small against large companies: 0.34 against 0.29 by sums, 0.17 against 0.27 by median: the "
         "definition decides"),
        (event_study.chart(EVENTS, "sessions +1 to +21"),
         "After election 2016-11-08 small caps made +9.3 % beyond the market model (t +3.8); the mean of 4 elections "
         "is +2.6 %"),
        (scorecard.chart(CARDS), "More falls than the base rate after S2, 63 sessions: 1 of 2 intervals above zero"),
        (signal_days.chart(RUNS, STATES, DAY, SINCE), "1 of 2 signals on: S3 since 2017-05-17"),
        (data_coverage.chart(YEARS),
         "1 of 2 daily series have every day that is due; most are missing in 30yr of treasury yields: 321 of 351"),
        (data_findings.chart(FOUND, 63),
         "3 findings are open, 1 in checks that block; 12 listed with a reason, 9 of them faults of the input"),
        (quarantined.chart(KEPT_OUT),
         "1,202 rows are kept out of every figure: 2 for breaking a contract, 1,200 for not fitting other rows"),
        (check_history.chart(BUILDS, FAILURES),
         "Of 430 checks 1 warned and 1 blocked in the last build; new prices jump; gone prices gap"),
        (revisions.chart(TOLD), "41 revisions of 9,000 rows, 40 of them in company facts"),
    )
}  # fmt: skip
NOTHING: list[Chart] = [
    rebased.chart(LEVELS, None, SIDES, "price", "3 years"),
    ytd_gap_years.chart(LEVELS, {**TODAY, "ytd_gap_pp": None}, SIDES, "price"),
    week_flows.chart([], None, "IWM"),
    flow_weeks.chart([{**WEEKS[0], "net_flow_usd": None}], "IWM"),
    meeting_odds.chart([], None),
    odds_history.chart([{**ODDS[0], "post_pct": None, "pre_pct": None}], MEETINGS[0], "hike"),
    rate_path.chart([{**PATH[0], "post_pct": None}], TARGETS),
    calibration.chart([BINS[-1]]),
    rate_sensitivity.chart([{**WINDOWS[0], "controlled_t_hac": None}], "small minus large"),
    valuation.chart([], DAY),
    relative_valuation.chart([{**RATIOS[0], "ratio": None}]),
    leverage.chart([], DAY),
    event_study.chart([EVENTS[1]], "sessions +1 to +21"),
    scorecard.chart([{**CARDS[0], "excess_drawdown_3_pp": None}]),
    signal_days.chart([], [], DAY, SINCE),
    data_coverage.chart([]),
    data_findings.chart([], 63),
    quarantined.chart([]),
    check_history.chart([], []),
    revisions.chart([]),
]
every_chart = pytest.mark.parametrize("name", CHARTS)


def without_held_blanks(text: str) -> str:
    return text.replace(words.HELD, " ")


@every_chart
def test_title_says_what_the_rows_hold(name: str) -> None:
    chart, title = CHARTS[name]
    assert without_held_blanks(chart.title) == title
    assert chart.words.subtitle
    assert chart.words.alt


@every_chart
def test_specification_is_valid_and_draws_marks(name: str) -> None:
    chart, _ = CHARTS[name]
    assert chart.spec is not None
    alt.Chart.from_json(json.dumps(chart.spec), validate=True)
    to_vega(chart.spec)
    groups = [
        group for group in ElementTree.fromstring(to_svg(chart)).iter("{http://www.w3.org/2000/svg}g")
        if re.match(r"mark-(line|rect|symbol|rule|area) role-mark", group.get("class", ""))
    ]  # fmt: skip
    assert sum(len(group) for group in groups) >= 2


@every_chart
@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_are_those_of_the_theme(name: str, palette: dict[str, str]) -> None:
    """The page paints by CSS variable; a file carries the values."""
    chart, _ = CHARTS[name]
    text = json.dumps(chart.spec)
    assert "var(--" in text
    assert not re.findall(r"#[0-9a-fA-F]{6}", text)
    svg = to_svg(chart, palette)
    assert "var(" not in svg
    used = {value.lower() for value in re.findall(r"#[0-9a-fA-F]{6}", svg)}
    assert used <= {value.lower() for value in palette.values()}


@pytest.mark.parametrize("chart", NOTHING, ids=[chart.name for chart in NOTHING])
def test_what_is_missing_is_said_and_not_drawn(chart: Chart, tmp_path: Path) -> None:
    assert chart.spec is None
    assert re.match(r"[A-Z]", chart.title)
    with pytest.raises(SmallcapError, match="nothing to draw"):
        write_chart(chart, tmp_path / "a.png")


def test_every_chart_has_both_cases() -> None:
    assert [chart.name for chart in NOTHING] == list(CHARTS)


def test_expired_baskets_are_undecidable() -> None:
    for chart in (valuation.chart(PRICES, date(2018, 2, 4)), leverage.chart(DEBTS, date(2018, 2, 4))):
        assert chart.title == "Undecidable today: the last baskets, of 2016-12-30, were valid through 2018-02-03"


def test_below_twenty_years_there_is_a_rank_and_no_percentile() -> None:
    assert "%" not in ytd_gap_years.finding(TODAY)
    assert ytd_gap_years.finding({**TODAY, "years_compared": 21}).endswith(
        f"6{words.HELD}% of the years before were worse"
    )
    assert "no earlier year" in ytd_gap_years.finding({**TODAY, "years_compared": 0})


def test_a_green_run_is_said_to_be_one() -> None:
    assert data_coverage.finding(YEARS[:2]) == "All 1 daily series have every day that is due"
    assert data_coverage.finding(YEARS[4:]) == "No table with a daily rhythm holds any row"
    assert data_findings.finding(FOUND[1:3]).startswith("No finding is open; 12 listed")
    assert data_findings.finding(FOUND[3:]).startswith("2 findings are open, none in checks that block; 0 listed")
    assert revisions.finding([{**TOLD[0], "revisions": 0}]).startswith("Nothing was revised: each of 1,000 rows")
    assert check_history.finding(BUILDS[:1], FAILURES) == "Of 429 checks 2 warned and none blocked in the last build"
    same = [{**FAILURES[0], "build_id": build["build_id"]} for build in BUILDS]
    assert check_history.finding(BUILDS, same).endswith("in the last build, as in the build before")


def test_years_before_the_daily_series_are_not_drawn() -> None:
    """A monthly series of a century would leave a pixel for each year of the others."""
    chart = data_coverage.chart(YEARS)
    assert "Years before 2016 are not drawn (index fundamentals)" in chart.words.subtitle
    assert {cell["year"] for cell in chart.spec["datasets"]["cells"]} == {2016, 2017}


def test_rows_in_groups_have_a_heading_each() -> None:
    svg = to_svg(CHARTS["data_coverage"][0])
    labels = re.findall(r'<text[^>]*font-weight="bold"[^>]*>([^<]+)</text>', svg)
    assert labels == ["daily bars", "treasury yields", "index fundamentals"]
    assert marks.grouped_rows([("a", "x"), ("b", "y"), ("a", "x"), ("a", "z")]) == ["a|", "a|x", "a|z", "b|", "b|y"]


def test_rebasing_starts_at_the_parameter() -> None:
    """The specification sets its data to 100 on the first day on or after `base`: a page changes only that."""
    base = LEVELS[50]["date"]
    spec: dict[str, Any] = rebased.specification(base)
    [parameter] = [found for found in spec["params"] if found["name"] == "base"]
    assert parameter["value"] == milliseconds(base)
    svg = to_svg(Chart("rebased", CHARTS["rebased"][0].words, spec, {"pair": in_milliseconds(LEVELS, "date")}))
    small = 100 * LEVELS[-1]["small"] / LEVELS[50]["small"] - 100
    assert f"+{small:.1f} %" in svg


def test_dates_become_milliseconds_of_utc() -> None:
    assert milliseconds(date(1970, 1, 2)) == 86_400_000
    assert in_milliseconds([{"a": None, "b": 1}], "a") == [{"a": None, "b": 1}]


def test_files(tmp_path: Path) -> None:
    chart, _ = CHARTS["week_flows"]
    write_chart(chart, tmp_path / "a.png")
    write_chart(chart, tmp_path / "a.svg", is_dark=True)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert DARK["paper"] in (tmp_path / "a.svg").read_text()
    width = int.from_bytes(to_png(chart)[16:20])
    assert width > 1200  # twice the size
    with pytest.raises(SmallcapError, match=r"\.png or \.svg"):
        write_chart(chart, tmp_path / "a.pdf")


def test_script_of_the_page_stands_alone() -> None:
    script = page_script()
    assert "window.vega" in script
    assert not re.search(r"^\s*import\b|\bimport\(", script, re.MULTILINE)
    assert "</script" not in script
    assert len(script) < 1_000_000


def luminance(value: str) -> float:
    channels = [int(value[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast_is_enough_to_read(palette: dict[str, str]) -> None:
    """WCAG 2.2: 4.5 for text, 3 for what a figure is read from."""
    for ground in ("paper", "panel"):
        for text in ("ink", "muted", "small-text", "large-text", "good-text", "other-text", "warn"):
            assert contrast(palette[text], palette[ground]) >= 4.5, (text, ground)
    for mark in ("small", "large", "good", "ink"):
        assert contrast(palette[mark], palette["paper"]) >= 3, mark


def test_palettes_have_the_same_names() -> None:
    assert LIGHT.keys() == DARK.keys()
    assert painted(colour("small"), DARK) == DARK["small"]
    with pytest.raises(KeyError, match="No colour"):
        colour("pink")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (words.number(-0.004), "0.00"),
        (words.number(1234.5, 1), "1,234.5"),
        (words.number(None), "–"),
        (words.percent(-2.64), "−2.6 %"),
        (words.points(-6.0552), "−6.06 pp"),
        (words.dollars(-1_822_226_447.75), "−1,822.2 m USD"),
        (words.dollars(13_880.3e6, signed=False), "13.9 bn USD"),
        (words.span(84.4, 79.0), "79.0–84.4 %"),
        (words.span(100.0, None), "100.0 %"),
        (words.span(None, None), "–"),
        (words.worst(1), "worst"),
        (words.worst(12), "12th worst"),
        (words.worst(22), "22nd worst"),
    ],
)
def test_words(told: str, expected: str) -> None:
    assert without_held_blanks(told) == expected


def test_charts_know_neither_dagster_nor_duckdb_and_load_nothing_heavy() -> None:
    modules = sorted(path.stem for path in Path("dagster_project/charts").glob("[!_]*.py"))
    program = "import sys\n" + "\n".join(f"import dagster_project.charts.{name}" for name in modules)
    program += "\nprint(sorted({'dagster', 'duckdb', 'dbt', 'altair', 'vl_convert', 'pandas'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
