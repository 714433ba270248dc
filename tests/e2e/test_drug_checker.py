"""From a medication list to what to do about it, as a pharmacist does it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import VIEWS, View, overflow, run_agent, settle, violations
from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser

WIDE = next(view for view in VIEWS if view.width > 800)
AGENT = "/agents/healthcare.drug_checker/"
SUCCEEDED = 60_000


@pytest.fixture
def opened(open_page: Open, address: Address) -> Callable[..., Page]:
    """`opened(path, view=WIDE, role="analyst")`: a page of the demonstration's hospital, open at a path."""

    def go(path: str, view: View = WIDE, role: str = "analyst") -> Page:
        page, _ = open_page(view, role, "stclare")
        page.goto(address("stclare") + path)
        return page

    return go


def worked_off(page: Page) -> None:
    run_agent(page)
    expect(page.get_by_role("heading", name="Drug Checker")).to_contain_text("Succeeded", timeout=SUCCEEDED)


def test_the_page_of_the_agent_is_accessible_in_each_view(opened: Callable[..., Page], view: View) -> None:
    page = opened(f"{AGENT}?example=1", view)
    settle(page)
    expect(page.get_by_role("group", name="What was understood")).to_contain_text("herbal calm tea")
    expect(page.locator("#card")).to_contain_text("Decision support, verify")
    assert overflow(page) == 0
    assert violations(page) == []


def test_a_list_is_entered_checked_and_explained(opened: Callable[..., Page]) -> None:
    page = opened(AGENT)
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("textbox", name="Medications", exact=True).fill("warfarin 3 mg; ibuprofen 400 mg; zinkorol")
    page.get_by_role("textbox", name="Age optional", exact=True).fill("80")
    worked_off(page)
    content = page.locator("main")
    # What is unknown is the first of the reasons, before what is grave.
    expect(content).to_contain_text(re.compile("Unknown: “zinkorol”.*Major: warfarin and ibuprofen", re.DOTALL))
    expect(content).to_contain_text("Decision support, verify.")
    detail = page.locator("#detail")
    for part in ("Bleeding", "Mechanism: ", "What to do: ", "Evidence: ", "Source: "):
        expect(detail).to_contain_text(part)
    page.locator("main").get_by_text("More", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert "zinkorol" in Path(download.value.path()).read_text()


def test_a_result_is_accessible_in_each_view(opened: Callable[..., Page], view: View) -> None:
    page = opened(f"{AGENT}?example=0", view)
    worked_off(page)
    settle(page)
    assert overflow(page) == 0
    assert violations(page) == []


def test_a_creatinine_in_the_wrong_unit_is_refused_at_its_field(opened: Callable[..., Page]) -> None:
    page = opened(AGENT)
    page.get_by_role("textbox", name="Medications", exact=True).fill("metformin")
    creatinine = page.get_by_role("textbox", name="Creatinine optional", exact=True)
    creatinine.fill("105")
    page.get_by_role("button", name="Run agent").click()
    expect(page.get_by_role("alert")).to_contain_text("looks like umol/L")
    expect(creatinine).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("textbox", name="Medications", exact=True)).to_have_value("metformin")
    assert violations(page) == []


def test_charts_of_a_ward_are_listed_with_those_to_look_at_first_on_top(
    opened: Callable[..., Page], view: View
) -> None:
    page = opened("/runs/?agent=healthcare.drug_checker&q=charts&status=succeeded", view)
    page.locator("[data-run] a").first.click()
    settle(page)
    table = page.get_by_role("region", name="Patients", exact=True)
    expect(table.locator("tbody tr").first).to_contain_text("contraindicated")
    second = table.locator("tbody tr").nth(1).get_by_role("link").first
    name = second.text_content() or ""
    second.click()
    expect(page.locator("#detail")).to_contain_text(name)
    assert overflow(page) == 0
    assert violations(page) == []
