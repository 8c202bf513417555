"""The page in a real browser: what it draws, what it asks of the network, what a reader can do with it.

The page is made from the simulated build; tests/golden/test_dashboard.py holds the real one against known numbers.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.charts.theme import DARK, LIGHT
from dagster_project.dashboard.methods import DOCUMENT, anchors, slug
from dagster_project.dashboard.page import render_dashboard, write_dashboard
from tests.browser import SLACK_MS, Opened, headless_chromium  # noqa: F401 - the fixture browser
from tests.helpers import smallcap
from tests.scenarios import Run

pytestmark = pytest.mark.scenario("sample_twice")


@pytest.fixture(scope="module")
def pages() -> dict[Path, Path]:
    """Pages written so far, by build: making one takes seconds."""
    return {}


@pytest.fixture
def page_file(run: Run, pages: dict[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the last session, as publish writes it."""
    if run.market_file not in pages:
        build = tmp_path_factory.mktemp("build")
        (build / "market.duckdb").symlink_to(run.market_file.resolve())
        pages[run.market_file] = write_dashboard(build)
    return pages[run.market_file]


@pytest.fixture
def opened(browser: Any, page_file: Path) -> Iterator[Opened]:
    with Opened(browser, page_file) as opened:
        yield opened


def test_every_chart_has_marks(opened: Opened) -> None:
    """The simulation has one finding and one rule that was broken."""
    opened.page.locator("#later summary").click()
    charts = opened.page.eval_on_selector_all("figure.chart", "nodes => nodes.map(node => node.dataset.chart)")
    assert len(charts) == len(set(charts)) == 20
    drawn = {name: opened.marks(name) for name in charts}
    assert (drawn.pop("data_findings"), drawn.pop("quarantined")) == (1, 1)
    assert {name: count for name, count in drawn.items() if count < 2} == {}


def test_no_request_leaves_and_nothing_complains(browser: Any, page_file: Path) -> None:
    with Opened(browser, page_file, offline=True) as opened:
        opened.page.locator("#later summary").click()
        opened.page.select_option("#pair", "IWM_SPY")
        opened.page.mouse.wheel(0, 20_000)
        opened.page.wait_for_timeout(300)
        assert [url for url in opened.requests if not url.startswith("data:")] == [page_file.as_uri()]
        assert opened.complaints == []


def test_policy_of_the_page_forbids_requests(opened: Opened) -> None:
    """Even a script that tried would not reach the network."""
    tried = opened.page.evaluate("fetch('https://example.com/').then(() => 'reached', () => 'refused')")
    assert tried == "refused"


def test_size_and_speed(opened: Opened, page_file: Path) -> None:
    times = opened.page.evaluate("window.smallcap")
    size = page_file.stat().st_size
    print(  # noqa: T201 - measured, and asserted with slack only
        f"\npage {size / 1e6:.2f} MB; first charts after {times['firstChartMs']:.0f} ms, interactive after "
        f"{times['interactiveMs']:.0f} ms, every chart after {times['allChartsMs']:.0f} ms"
    )
    assert size < 3_000_000
    assert times["interactiveMs"] < SLACK_MS


def test_choosing_changes_what_is_shown(opened: Opened, run: Run) -> None:
    before = {name: (opened.text(f"#chart-{name} h2"), opened.paths(name)) for name in ("rebased", "ytd_gap_years")}
    opened.page.select_option("#pair", "IWM_SPY")
    opened.page.select_option("#basis", "total")
    opened.page.select_option("#range", "YTD")
    for name, (title, paths) in before.items():
        assert opened.text(f"#chart-{name} h2") != title
        assert opened.paths(name) != paths
    [(small, large, gap)] = run.ask(
        """
        select small_return_pct, large_return_pct, ytd_gap_pp
        from marts.relative_performance_horizons
        inner join marts.relative_performance using (pair_id, return_basis, session_date)
        where pair_id = 'IWM_SPY' and return_basis = 'total' and horizon = 'YTD'
        order by session_date desc limit 1
        """
    )
    assert f"small {plain(small)} %, large {plain(large)} %" in spaced(opened.text("#chart-rebased h2"))
    assert f"{gap:+.2f} pp".replace("-", "−") in spaced(opened.text("#chart-ytd_gap_years h2"))
    assert f"{plain(small)} %" in spaced(opened.text("#chart-rebased svg"))


def plain(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


def spaced(text: str) -> str:
    return " ".join(text.split())


def test_choices_that_do_not_exist_are_not_offered(opened: Opened) -> None:
    """A price index has no total return; two years of data have no range of three."""
    disabled = "select => [...select.options].filter(option => option.disabled).map(option => option.value)"
    assert opened.page.eval_on_selector("#basis", disabled) == ["total"]
    assert "price returns only" not in opened.text("#chosen")
    opened.page.select_option("#pair", "IWM_SPY")
    opened.page.select_option("#basis", "total")
    opened.page.select_option("#range", "3Y")
    opened.page.select_option("#pair", "RUT_GSPC")
    assert opened.page.input_value("#basis") == "price"
    assert "price returns only" in opened.text("#chosen")
    opened.page.select_option("#pair", "IJR_SPY")
    assert opened.page.eval_on_selector("#range", disabled) == ["3Y"]
    assert opened.page.input_value("#range") == "SINCE_ELECTION"


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_widths(browser: Any, page_file: Path, width: int) -> None:
    with Opened(browser, page_file, width) as opened:
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        for box in opened.page.locator(".plot:visible svg").all():
            assert box.bounding_box()["width"] <= width
        plots = opened.page.eval_on_selector_all(
            ".plot", "nodes => nodes.filter(node => node.clientWidth).map(node => [node.clientWidth, "
            "Number(node.querySelector('svg').getAttribute('width'))])"
        )  # fmt: skip
        assert len(plots) >= 14
        assert all(0.9 * inside <= drawn <= inside + 2 for inside, drawn in plots)


def test_first_screen_has_headline_cards_and_charts(opened: Opened) -> None:
    top = {name: opened.page.locator(name).first.bounding_box()["y"] for name in ("h1", ".card", "#chart-rebased svg")}
    assert top["h1"] < top[".card"] < top["#chart-rebased svg"] < 700


def test_theme_follows_the_reader_and_the_buttons(browser: Any, page_file: Path) -> None:
    with Opened(browser, page_file, color_scheme="dark") as opened:
        assert opened.colour("body", "backgroundColor") == DARK["paper"]
        line = "#chart-ytd_gap_years svg .mark-symbol path"
        assert opened.colour(line, "fill") == DARK["muted"]
        opened.page.get_by_role("button", name="Light").click()
        assert opened.colour("body", "backgroundColor") == LIGHT["paper"]
        assert opened.colour(line, "fill") == LIGHT["muted"]
        opened.page.reload()
        opened.page.wait_for_function("window.smallcap && window.smallcap.ready")
        assert opened.colour("body", "backgroundColor") == LIGHT["paper"]
        opened.page.get_by_role("button", name="Auto").click()
        assert opened.colour("body", "backgroundColor") == DARK["paper"]


def test_print_is_light_and_without_controls(browser: Any, page_file: Path) -> None:
    with Opened(browser, page_file, color_scheme="dark") as opened:
        opened.page.emulate_media(media="print")
        assert opened.colour("body", "backgroundColor") == LIGHT["paper"]
        assert not opened.page.locator("nav").is_visible()
        assert not opened.page.locator(".tools").first.is_visible()
        assert not opened.page.locator("#later").is_visible()
        assert opened.page.locator(".card").count() == 5
        assert opened.page.locator("figure.chart:visible svg").count() >= 14
        assert len(opened.page.pdf(prefer_css_page_size=True)) > 50_000


def test_cards_show_what_their_sql_answers(opened: Opened, run: Run) -> None:
    cards = opened.page.eval_on_selector_all(
        ".card", "nodes => nodes.map(node => [node.id, node.dataset.numbers, node.querySelector('.sql').dataset.sql])"
    )
    assert [name for name, _, _ in cards] == ["card-gap", "card-gain", "card-flow", "card-odds", "card-signals"]
    for name, numbers, sql in cards:
        shown = json.loads(numbers)
        assert shown, name
        with duckdb.connect(str(run.market_file), read_only=True) as connection:
            [answer] = connection.execute(f"select {', '.join(shown)} from ({sql}) limit 1").fetchall()
        assert list(answer) == pytest.approx(list(shown.values()), nan_ok=False), name


def test_sql_of_every_chart_can_be_asked(opened: Opened, run: Run) -> None:
    questions = opened.page.eval_on_selector_all("figure .sql", "nodes => nodes.map(node => node.dataset.sql)")
    assert len(questions) == 20
    for question in questions:
        assert run.ask(question)


def test_copying_sql(browser: Any, page_file: Path) -> None:
    with Opened(browser, page_file, permissions=["clipboard-read", "clipboard-write"]) as opened:
        button = opened.page.locator("#card-gap .sql")
        button.click()
        opened.page.wait_for_function("document.querySelector('#card-gap .sql').textContent === 'copied'")
        assert opened.page.evaluate("navigator.clipboard.readText()") == button.get_attribute("data-sql")
        assert "copied" in opened.page.locator("#said").inner_text()


@pytest.mark.parametrize("button", ["#card-flow .card-png", "#chart-rebased .png"])
def test_saving_png(opened: Opened, button: str) -> None:
    with opened.page.expect_download() as download:
        opened.page.locator(button).click()
    assert re.fullmatch(r"smallcap-[\w-]+-\d{4}-\d\d-\d\d\.png", download.value.suggested_filename)
    content = Path(download.value.path()).read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 10_000


def test_tooltip_names_the_day_in_every_time_zone(browser: Any, page_file: Path) -> None:
    told = set()
    for zone in ("America/Los_Angeles", "UTC", "Pacific/Auckland"):
        with Opened(browser, page_file, timezone_id=zone) as opened:
            box = opened.page.locator("#chart-rebased svg").bounding_box()
            opened.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
            opened.page.wait_for_function("!document.getElementById('tip').hidden")
            told.add(opened.text("#tip"))
    [only] = told
    assert re.match(r"day20\d\d-\d\d-\d\dsmall", only)


def test_simulated_data_are_loud(opened: Opened) -> None:
    assert "SIMULATED DATA" in opened.text(".loud")
    assert "SIMULATED" in opened.text(".strip")
    assert opened.page.title().startswith("SIMULATED")


def test_claims_stand_once_and_what_came_is_closed(opened: Opened, run: Run) -> None:
    shown = opened.page.eval_on_selector_all(".verdict li[value]", "nodes => nodes.map(node => node.value)")
    assert sorted(shown) == list(range(1, 15))
    for verdict in ("supported", "not_supported", "undecidable", "open"):
        found = opened.page.locator(f".verdict.{verdict} li[value]")
        expected = run.ask(
            f"select count(*) from marts.claims where framing = 'rolling' and is_headline and verdict = '{verdict}' "
            "and as_of_date = (select max(as_of_date) from marts.claims)"
        )
        assert found.count() == expected[0][0]
    assert opened.page.locator("#later").get_attribute("open") is None
    assert not opened.page.locator("#later table, #later figure").first.is_visible()


def test_readers_without_mouse_or_eyes(opened: Opened) -> None:
    """Every control has a name and is reached by Tab, every picture is told, every table has headings."""
    page = opened.page
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("h1").count() == 1
    for plot in page.locator(".plot").all():
        assert len(plot.get_attribute("aria-label") or "") > 20
    for button in page.locator("button").all():
        assert (button.get_attribute("aria-label") or button.inner_text()).strip()
    assert page.locator("th:not([scope])").count() == page.locator("#method th:not([scope])").count()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert {"pair", "basis", "range", "method", "sql"} <= reached


def test_method_links_open_the_method(opened: Opened) -> None:
    assert opened.page.locator("#method").get_attribute("open") is None
    for link in opened.page.locator("a.method").all():
        assert opened.page.locator(f'[id="{link.get_attribute("href")[1:]}"]').count() == 1
    link = opened.page.locator("#card-odds a.method")
    link.click()
    assert opened.page.locator("#method").get_attribute("open") is not None
    assert opened.page.locator(f'[id="{link.get_attribute("href")[1:]}"]').is_visible()


def test_anchors_are_those_of_the_document() -> None:
    assert set(anchors()) == set(range(1, 11))
    assert slug("3 Rate expectations (30-day fed funds futures)") == "3-rate-expectations-30-day-fed-funds-futures"
    assert "## 9 Knowing when a number was known" in DOCUMENT.read_text(encoding="utf-8")


def test_two_pages_of_a_build_are_identical(run: Run, page_file: Path) -> None:
    assert render_dashboard(run.market_file) == page_file.read_text(encoding="utf-8")


# --- commands


def test_commands(run: Run, tmp_path: Path) -> None:
    listed = smallcap(run.data, "chart", "--list")
    assert listed.code == 0
    assert listed.out.count("\n") == 20
    drawn = smallcap(run.data, "chart", "week_flows", "--as-of", "2017-05-26", "--out", tmp_path / "week.png")
    assert (drawn.code, (tmp_path / "week.png").read_bytes()[:4]) == (0, b"\x89PNG")
    written = smallcap(run.data, "dashboard", "--as-of", "2017-05-28", "--out", tmp_path / "day.html")
    assert written.code == 0
    assert "Smallcap Watch, 2017-05-26" in (tmp_path / "day.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("chart", "pie"), "No chart 'pie'"),
        (("chart", "rebased", "--range", "5Y"), "No range '5Y'"),
        (("chart", "rebased", "--pair", "A_B"), "No pair A_B"),
        (("chart", "rebased", "--out", "a.pdf"), ".png or .svg"),
        (("dashboard", "--as-of", "1990-01-01"), "lies outside the data"),
    ],
)
def test_wrong_commands_say_what_there_is(run: Run, arguments: tuple[str, ...], message: str) -> None:
    outcome = smallcap(run.data, *arguments)
    assert outcome.code == 1
    assert message in outcome.err
