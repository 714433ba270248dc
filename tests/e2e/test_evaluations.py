"""Evaluations in a browser: started, watched as they go, and looked at beside each other; a case kept from a run."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import VIEWS, View, overflow, run_agent, settle, violations
from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser

WIDE = next(view for view in VIEWS if view.width > 800)
AGENT = "/agents/healthcare.drug_checker/"
ENDED = 60_000


@pytest.fixture
def opened(open_page: Open, address: Address) -> Callable[..., Page]:
    """`opened(path, view=WIDE)`: a page of the demonstration's hospital, as its builder sees it."""

    def go(path: str, view: View = WIDE) -> Page:
        page, _ = open_page(view, "builder", "stclare")
        page.goto(address("stclare") + path)
        return page

    return go


def evaluated(page: Page, draft: str = "") -> None:
    """Evaluate the agent from the page of its evaluations, and stay on the evaluation's until it has ended."""
    if draft:
        page.get_by_label("Settings", exact=True).select_option("draft")
        page.get_by_text("A draft: settings that nobody has saved").click()
        page.get_by_label("What differs from the agent's own").fill(draft)
    page.get_by_role("button", name="Evaluate", exact=True).click()
    # Nobody loads the page anew: it hears of each case.
    expect(page.locator("[data-status=ended]")).to_be_visible(timeout=ENDED)


def test_two_evaluations_are_looked_at_side_by_side(opened: Callable[..., Page], view: View) -> None:
    page = opened(f"{AGENT}evaluations/", view)
    evaluated(page)
    expect(page.locator("main")).to_contain_text("All pass")
    page.get_by_role("link", name="All evaluations").click()
    evaluated(page, '{"least_severity": "major"}')
    main = page.locator("main")
    expect(main).to_contain_text("Least severity was minor, and is major.")
    expect(main).to_contain_text("Passed before, and fails.")
    settle(page)
    assert overflow(page) == 0
    assert violations(page) == []


def test_a_run_is_kept_as_a_case_and_judged_with_the_others(opened: Callable[..., Page]) -> None:
    page = opened(f"{AGENT}?example=1")
    run_agent(page)
    expect(page.get_by_role("heading", name="Drug Checker")).to_contain_text("Succeeded", timeout=ENDED)
    page.locator("main").get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Keep as a case").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("depression and pain")
    expect(page.get_by_role("checkbox").first).to_be_checked()
    assert violations(page) == []
    page.get_by_role("button", name="Keep the case").click()
    expect(page.locator("main")).to_contain_text("depression and pain")
    evaluated(page)
    expect(page.locator("main")).to_contain_text(re.compile("depression and pain.*your own", re.DOTALL))
    page.goto(page.url.partition("evaluations/")[0] + "evaluations/")
    page.get_by_role("button", name="Delete the case depression and pain").click()
    page.get_by_role("button", name="Undo: keep the case").click()
    expect(page.locator("main")).to_contain_text("depression and pain")


def test_an_agent_is_watched_for_drift_from_its_page(opened: Callable[..., Page], view: View) -> None:
    page = opened(f"{AGENT}drift/", view)
    settle(page)
    assert overflow(page) == 0
    assert violations(page) == []
    page.get_by_label("While it drifts, each decision waits for a person").check()
    page.get_by_role("button", name=re.compile("^(Watch it|Save)$")).click()
    expect(page.locator("main")).to_contain_text("people look at each decision")
