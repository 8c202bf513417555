"""Pictures of the Dagster UI in headless Chromium, for docs/pictures: what a person sees, and no more of it."""

import shutil
from collections.abc import Iterable
from typing import Any

from dagster_project.settings import PROJECT_ROOT
from tests.browser import NAMES

PICTURES = PROJECT_ROOT / "docs" / "pictures"
MART = "/assets/marts/relative_performance"
UNFOLDED = "/asset-groups?expanded=global@global:"
PATIENCE_MS = 120_000
SCREENS: dict[str, tuple[str, int, str, tuple[str, ...]]] = {
    "lineage": ("/asset-groups", 640, "text=intermediate", ()),
    "lineage_raw": (f"{UNFOLDED}raw", 1280, "text=fund_nav_shares", ()),
    "lineage_marts": (f"{UNFOLDED}marts", 1600, "text=signal_daily", ()),
    "lineage_mart": (f"{MART}?view=lineage", 800, "text=market_snapshot", ()),
    "mart": (f"{MART}?view=overview", 1000, "text=ytd_gap_pp", ()),
    "plot": (f"{MART}?view=overview", 800, "text=ytd_gap_pp", ("tr:has-text('plot') >> text=Show Markdown",)),
    "columns": (f"{MART}?view=overview", 800, "text=ytd_gap_pp", ("tr:has-text('made_from') >> text=Show Markdown",)),
    "mart_checks": (f"{MART}?view=checks", 800, "text=Latest execution", ()),
    "partitions": ("/assets/raw/daily_bars?view=partitions&partition=2017", 700, "text=new_vintages", ()),
    "failed_check": (
        "/assets/marts/data_quality_findings?view=checks&checkDetail=prices_jump", 800, "text=Latest execution", ()
    ),
    "failed_rows": (
        "/assets/marts/data_quality_findings?view=checks&checkDetail=prices_jump", 640, "text=Latest execution",
        ("text=Show Markdown",),
    ),
    "runs": ("/runs", 400, "text=Failure", ()),
}  # fmt: skip
"""Address, height, what must be there before the picture, and what is clicked on."""
OF_A_FAULT = ("failed_check", "failed_rows", "runs")
OF_A_BUILD = tuple(name for name in SCREENS if name not in OF_A_FAULT)


def take_pictures(port: int, names: Iterable[str]) -> None:
    """Write `ui_<name>.png`; nothing where there is no Chromium."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page: Any = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(PATIENCE_MS)
        for name in names:
            address, height, expected, clicks = SCREENS[name]
            page.set_viewport_size({"width": 1280, "height": height})
            page.goto(f"http://127.0.0.1:{port}{address}")
            page.locator(expected).first.wait_for()
            for click in clicks:
                page.locator(click).first.click()
            page.wait_for_timeout(6_000)  # of drawing and fading in, which leave no other mark
            page.screenshot(path=PICTURES / f"ui_{name}.png")
        browser.close()
