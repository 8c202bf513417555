"""Headless Chromium for tests of pages, and a page in it with what it asked for and complained of."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
SLACK_MS = 10_000
"""Of a loaded machine; the figures themselves are printed."""


# of a module, not of the session: two playwrights cannot live in one thread
@pytest.fixture(name="browser", scope="module")
def headless_chromium() -> Iterator[Any]:
    """Headless Chromium of the machine, else the one that playwright brought."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser tests")
    with sync_api.sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, NAMES)), None) or playwright.chromium.executable_path
        if not Path(found).exists():
            pytest.skip(f"no Chromium here (looked for {', '.join(NAMES)}): browser tests are not run")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


class Opened:
    """A page in the browser with what it asked for and complained of."""

    def __init__(self, browser: Any, file: Path, width: int = 1440, **options: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(file.as_uri())
        self.page.wait_for_function("window.smallcap && window.smallcap.ready", timeout=3 * SLACK_MS)

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).first.text_content())

    def marks(self, chart: str) -> int:
        """Lines, bars, points and areas that a chart has drawn, axes not counted."""
        kinds = ", ".join(f".mark-{kind}.role-mark > *" for kind in ("line", "rect", "symbol", "area", "rule"))
        return int(self.page.locator(f"#chart-{chart} svg").locator(kinds).count())

    def paths(self, chart: str) -> list[str]:
        return list(self.page.eval_on_selector_all(
            f"#chart-{chart} svg .mark-line path", "nodes => nodes.map(node => node.getAttribute('d'))"
        ))  # fmt: skip

    def colour(self, selector: str, style: str) -> str:
        """A colour as the browser computed it, as #rrggbb."""
        text = self.page.eval_on_selector(selector, f"node => getComputedStyle(node).{style}")
        return "#" + "".join(f"{int(channel):02x}" for channel in re.findall(r"\d+", text)[:3])
