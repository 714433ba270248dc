"""Takes the pictures of the guides from a demo installation, by using it as an analyst and a builder do.

    .venv/bin/python scripts/screenshots.py [--address 'http://{slug}.localhost:8000']

Without an address it starts an installation of its own, in a temporary folder. Needs Chromium.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, expect, sync_playwright  # noqa: E402

from apps.common.demo import PASSWORD  # noqa: E402
from tests.e2e.browser import View, context_for, launch, run_agent, settle, sign_in  # noqa: E402
from tests.e2e.files import write_weekly  # noqa: E402
from tests.running import installation  # noqa: E402

IMAGES = ROOT / "docs" / "images"
WIDE = View("light", 1200, everyday=False)
PHONE = View("dark", 390, everyday=False)
AGENT = "/agents/retail.demand_forecaster/"
SERIES = 80


@contextmanager
def address(given: str) -> Iterator[str]:
    """Where the demo retailer answers."""
    if given:
        yield given.format(slug="acme")
        return
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder)) as program:
        yield program.address("acme")


def take(page: Page, name: str, height: int) -> None:
    """Keep the upper part of the page as `name`.png."""
    settle(page)
    width = page.evaluate("document.documentElement.clientWidth")
    page.screenshot(path=IMAGES / f"{name}.png", clip={"x": 0, "y": 0, "width": width, "height": height})


def tour(page: Page, home: str, table: Path) -> str:
    """From the sign-in page to a result. Returns the address of the run."""
    page.goto(f"{home}/accounts/login/")
    take(page, "sign-in", 640)
    sign_in(page, home, "analyst@acme.example", PASSWORD)
    page.goto(f"{home}/runs/")
    expect(page.locator("[data-status=queued], [data-status=running]")).to_have_count(0, timeout=120_000)
    page.goto(f"{home}{AGENT}")
    page.get_by_label("Upload a file").set_input_files(table)
    expect(page.get_by_role("group", name="What was understood")).to_be_visible(timeout=60_000)
    take(page, "understood", 820)
    run_agent(page)
    expect(page.locator("[data-progress-count]")).to_contain_text(re.compile(r"[1-9]\d* of"), timeout=60_000)
    take(page, "progress", 420)
    expect(page.get_by_role("heading", name="Demand Forecaster")).to_contain_text("Succeeded", timeout=300_000)
    take(page, "result", 820)
    run = page.url
    page.goto(f"{home}/runs/")
    take(page, "runs", 420)
    page.goto(home)
    take(page, "dashboard", 820)
    return run


def build(page: Page, home: str) -> None:
    """The editor of a workflow with a step open."""
    sign_in(page, home, "builder@acme.example", PASSWORD)
    page.goto(f"{home}/workflows/weekly-demand-review/edit/?step=review")
    page.locator("#step-review").scroll_into_view_if_needed()
    take(page, "editor", 820)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--address", default="", help="of an installation that runs, with {slug} for the tenant")
    given = parser.parse_args().address
    IMAGES.mkdir(parents=True, exist_ok=True)
    with address(given) as home, sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = launch(playwright)
        table = write_weekly(Path(folder) / "Weekly sales.csv", SERIES)
        with context_for(browser, WIDE) as context:
            run = tour(context.new_page(), home, table)
            state = context.storage_state()
        with context_for(browser, WIDE) as context:
            build(context.new_page(), home)
        with context_for(browser, PHONE, state) as context:
            page = context.new_page()
            page.goto(run)
            take(page, "phone", 844)
        browser.close()
    for image in sorted(IMAGES.glob("*.png")):
        print(f"{image.relative_to(ROOT)}  {image.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
