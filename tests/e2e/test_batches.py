"""An agent on a file, and a result beside its input, in a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.e2e.browser import View, overflow, settle, violations
from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser

AGENT = "/agents/healthcare.drug_checker/"
ROWS = "Medicines,Age (years),Creatinine (umol/L)\n" + "".join(
    f"{'warfarin; ibuprofen' if n % 2 else 'metformin'},{40 + n},{99_999 if n == 3 else 80 + n}\n" for n in range(1, 13)
)


@pytest.fixture
def opened(open_page: Open, address: Address, view: View) -> Callable[[str], Page]:
    """`opened(path)`: a page of the demonstration's hospital, open for its owner."""

    def go(path: str) -> Page:
        page, _ = open_page(view, "owner", "stclare")
        page.goto(address("stclare") + path)
        return page

    return go


def looked_at(page: Page) -> None:
    settle(page)
    page.evaluate("scrollTo(0, 0)")
    assert violations(page) == []
    assert overflow(page) == 0


def test_a_result_shows_up_beside_its_input_without_leaving_the_page(opened: Callable[[str], Page]) -> None:
    page = opened(f"{AGENT}?example=0")
    looked_at(page)
    page.evaluate("window.stayed = true")
    page.get_by_role("button", name="Run agent").click()
    page.locator("#result[data-status=succeeded]").wait_for()
    assert page.evaluate("window.stayed")
    assert "&run=" in page.url
    page.get_by_role("heading", name="Findings").wait_for()
    looked_at(page)
    page.reload()
    page.locator("#result[data-status=succeeded]").wait_for()


def test_a_file_becomes_a_batch_whose_page_moves_by_itself(opened: Callable[[str], Page]) -> None:
    page = opened(AGENT)
    page.get_by_role("link", name="File").click()
    looked_at(page)
    page.set_input_files("#file", {"name": "patients.csv", "mimeType": "text/csv", "buffer": ROWS.encode()})
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("heading", name="1 of 12 rows cannot be used").wait_for()
    looked_at(page)
    # Whoever corrects a column is shown at once what comes of it.
    page.get_by_label("Column for Creatinine", exact=True).select_option("")
    page.get_by_role("heading", name="All 12 rows can be used").wait_for()
    page.get_by_label("Column for Creatinine", exact=True).select_option("Creatinine (umol/L)")
    page.get_by_role("button", name="Leave these out, start 11").click()
    page.locator("#batch[data-status=ended]").wait_for()
    assert page.get_by_role("link", name="Row 2").is_visible()
    looked_at(page)


def test_an_agent_is_put_on_a_schedule_with_the_input_at_hand(opened: Callable[[str], Page], view: View) -> None:
    page = opened(f"{AGENT}?example=1")
    page.locator("main").get_by_text("More", exact=True).click()
    page.get_by_role("link", name="On a schedule").click()
    page.get_by_label("How often").select_option("month")
    page.get_by_role("button", name="Show the next times").click()
    page.get_by_text("At 07:00 on the first day of every month").wait_for()
    looked_at(page)
    page.get_by_label("Its name").fill(f"checked-monthly-{view.theme}-{view.width}")
    page.get_by_role("button", name="Make, publish and schedule it").click()
    page.get_by_role("heading", name="Drug Checker").first.wait_for()
    assert f"checked-monthly-{view.theme}-{view.width}" in page.url
