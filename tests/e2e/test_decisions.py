"""What an agent decided, as people read it, review it and keep it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import VIEWS, View, overflow, settle, violations
from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser

WIDE = next(view for view in VIEWS if view.width > 800)


@pytest.fixture
def decided(open_page: Open, address: Address) -> Callable[..., Page]:
    """`decided(view=WIDE, role="analyst")`: the page of a run of the demonstration that has decided, from the list."""

    def go(view: View = WIDE, role: str = "analyst") -> Page:
        page, _ = open_page(view, role)
        page.goto(address("acme") + "/decisions/")
        page.locator("table tbody a").first.click()
        page.wait_for_url(re.compile(r"/runs/R-\d+/\?decision=\d+#decision"))
        return page

    return go


def test_the_list_of_decisions_is_accessible_in_each_view(open_page: Open, address: Address, view: View) -> None:
    page, _ = open_page(view, "viewer")
    page.goto(address("acme") + "/decisions/")
    expect(page.get_by_role("heading", name="Decisions", exact=True)).to_be_visible()
    settle(page)
    assert overflow(page) == 0
    assert violations(page) == []


def test_a_decision_is_accessible_in_each_view_with_its_form_open(decided: Callable[..., Page], view: View) -> None:
    page = decided(view)
    page.locator("#review summary").first.click()
    settle(page)
    assert overflow(page) == 0
    assert violations(page) == []


def test_evidence_is_reached_from_the_reason_by_keyboard(decided: Callable[..., Page]) -> None:
    page = decided()
    first = page.get_by_role("link", name="Evidence 1", exact=True)
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#e1")).to_be_in_viewport()


def test_a_decision_is_overridden_with_a_reason_and_stays_beside_what_the_agent_said(
    decided: Callable[..., Page],
) -> None:
    page = decided()
    page.locator("#review summary").first.click()
    form = page.locator("#review form").last
    other = form.locator(".form-check").filter(has_not_text=re.compile("holds now|the agent's own")).first
    other.get_by_role("radio").check()
    form.get_by_role("button", name="Keep this review").click()
    expect(page.locator("#review")).to_contain_text("Say why")
    expect(form.get_by_role("radio", checked=True)).to_have_count(1)  # what was chosen is kept
    page.get_by_label("Reason").fill("The warehouse knows better this week.")
    page.get_by_role("button", name="Keep this review").click()
    expect(page.locator("#review ol blockquote").last).to_have_text("The warehouse knows better this week.")
    expect(page.locator("#decision")).to_contain_text("The agent came to:")
    expect(page.locator("#decision")).to_contain_text("decided otherwise")


def test_a_decision_comes_down_as_pdf_and_html(decided: Callable[..., Page]) -> None:
    page = decided(role="viewer")
    for name, begins in (("PDF", b"%PDF-"), ("HTML", b"<!doctype html>")):
        with page.expect_download() as download:
            page.locator("#decision").get_by_role("link", name=name).click()
        assert re.fullmatch(r"R-\d+-decision-\d+\.(pdf|html)", download.value.suggested_filename)
        assert Path(download.value.path()).read_bytes().startswith(begins)


def test_a_thumb_stays_pressed_and_is_told_on_the_pages_of_the_run_and_of_the_agent(
    decided: Callable[..., Page], address: Address, view: View
) -> None:
    page = decided(view)
    page.get_by_label("Comment on it").fill("As the planners have it.")
    page.get_by_role("button", name="Yes, it was right").click()
    expect(page.get_by_role("button", name="Yes, it was right")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#review")).to_contain_text("As the planners have it.")
    settle(page)
    assert overflow(page) == 0
    assert violations(page) == []
    page.goto(address("acme") + "/agents/retail.demand_forecaster/")
    expect(page.locator("#feedback")).to_contain_text("found right 1 time")
    settle(page)
    assert overflow(page) == 0
    assert violations(page) == []
