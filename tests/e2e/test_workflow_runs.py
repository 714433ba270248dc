"""Runs of workflows in the browser: the graph by mouse and keyboard, a retry by one click, and live pages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import View, overflow, settle, violations
from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser

LIST = "/workflow-runs/"
ENDS_WITHIN = 120_000
"""Milliseconds in which a run of the demonstration ends, also on a machine that does much else."""


def run_of(page: Page, at: str, status: str) -> str:
    """The address of a run of the demonstration that has this status."""
    rows, tries = page.locator("tbody tr td a"), ENDS_WITHIN // 1000
    page.goto(f"{at}{LIST}?status={status}")
    while rows.count() == 0 and (tries := tries - 1):  # those of a fresh demonstration may be under way
        page.wait_for_timeout(1000)
        page.reload()
    link = rows.last.get_attribute("href")
    assert link, f"no run of the demonstration is {status}"
    return at + link


@pytest.mark.parametrize(
    ("status", "tabs"), [("failed", ["summary", "log", "attempts"]), ("waiting", ["input"]), ("succeeded", ["output"])]
)
def test_a_run_is_accessible_and_within_the_screen_whatever_became_of_it(
    status: str, tabs: list[str], view: View, address: Address, open_page: Open
) -> None:
    page, _ = open_page(view)
    there = run_of(page, address("acme"), status)
    for tab in tabs:
        page.goto(f"{there}?tab={tab}")
        settle(page)
        assert violations(page) == []
        assert overflow(page) == 0


@pytest.mark.parametrize("more", ["retry/", "again/", "compare/"])
def test_what_may_be_done_about_a_run_is_accessible_and_within_the_screen(
    more: str, view: View, address: Address, open_page: Open
) -> None:
    page, _ = open_page(view)
    page.goto(run_of(page, address("acme"), "failed") + more)
    settle(page)
    assert violations(page) == []
    assert overflow(page) == 0


def test_a_step_is_chosen_in_the_graph_and_the_address_says_which(address: Address, open_page: Open) -> None:
    page, _ = open_page()
    page.goto(run_of(page, address("acme"), "succeeded"))
    node = page.locator(".o-node").first
    node.click()
    step = node.get_attribute("data-step")
    expect(page.locator("[data-step-shown]")).to_have_attribute("data-step-shown", step or "")
    expect(page).to_have_url(re.compile(rf"step={step}"))
    expect(page.locator(f'[data-step="{step}"]')).to_have_attribute("aria-pressed", "true")
    expect(page.locator(f'[data-step="{step}"]')).to_be_focused()
    page.reload()
    expect(page.locator("[data-step-shown]")).to_have_attribute("data-step-shown", step or "")


def test_a_step_that_took_time_has_a_bar_that_is_seen(view: View, address: Address, open_page: Open) -> None:
    page, _ = open_page(view)
    page.goto(run_of(page, address("acme"), "succeeded"))
    bar = page.locator(".o-gbar").first
    bar.scroll_into_view_if_needed()
    assert bar.evaluate(
        """(bar) => {
            const { x, y, width, height } = bar.getBoundingClientRect();
            return document.elementFromPoint(x + width / 2, y + height / 2) === bar;
        }"""
    )


def test_arrow_keys_move_along_the_edges_of_the_graph(address: Address, open_page: Open) -> None:
    page, _ = open_page()
    page.goto(run_of(page, address("acme"), "succeeded"))
    first = page.locator(".o-node").first
    first.focus()
    before = first.get_attribute("data-step")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.step") not in {before, None}
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.dataset.step") == before


def test_the_graph_is_never_drawn_too_small_to_read(view: View, address: Address, open_page: Open) -> None:
    page, _ = open_page(view)
    page.goto(run_of(page, address("acme"), "succeeded"))
    settle(page)
    scale = page.locator(".o-dag-in > div").evaluate("(box) => box.getBoundingClientRect().width / box.offsetWidth")
    assert scale >= 0.899


def test_a_failed_run_is_taken_up_by_one_click_and_its_page_shows_what_happens_as_it_does(
    address: Address, open_page: Open
) -> None:
    page, _ = open_page()
    page.goto(run_of(page, address("acme"), "failed"))
    former = page.url
    page.locator("#run-causes").get_by_role("button", name="Retry from here").or_(
        page.locator("#run-causes").get_by_role("button", name="Run again")
    ).click()
    page.wait_for_url(lambda url: url != former)
    page.evaluate("window.sameDocument = true")
    tab = page.get_by_role("link", name="Log", exact=True)
    tab.focus()
    expect(page.locator("#run")).to_have_attribute("data-open", "no", timeout=ENDS_WITHIN)
    assert page.evaluate("window.sameDocument") is True, "the page was loaded anew"
    expect(tab).to_be_focused()
    expect(page.locator("h1 .o-st")).to_have_text(re.compile("Failed|Succeeded"))


def test_the_page_of_a_run_shows_its_steps_end_while_it_goes_on(address: Address, open_page: Open) -> None:
    page, _ = open_page()
    page.goto(run_of(page, address("acme"), "succeeded"))
    former = page.url
    page.get_by_role("button", name="Run again").click()
    page.wait_for_url(lambda url: url != former)
    page.evaluate("window.sameDocument = true")
    expect(page.locator(".o-node[data-st=succeeded]").first).to_be_visible(timeout=ENDS_WITHIN)
    expect(page.locator("#run")).to_have_attribute("data-open", "no", timeout=ENDS_WITHIN)
    assert page.evaluate("window.sameDocument") is True, "the page was loaded anew"
    expect(page.locator(".o-gbar[data-st=succeeded]").first).to_be_attached()


def test_new_runs_are_told_of_and_do_not_push_the_list(address: Address, open_page: Open) -> None:
    page, _ = open_page()
    other, _ = open_page()
    page.goto(address("acme") + LIST)
    expect(page.locator("#live")).to_have_text("Live")
    rows = page.locator("tbody tr").count()
    other.goto(run_of(other, address("acme"), "succeeded"))
    other.get_by_role("button", name="Run again").click()
    notice = page.get_by_role("link", name=re.compile(r"Show \d+ new run"))
    expect(notice).to_be_visible(timeout=ENDS_WITHIN)
    assert page.locator("tbody tr").count() == rows
    notice.click()
    expect(page.locator("tbody tr")).to_have_count(min(rows + 1, 50))


def test_a_run_is_read_without_scripts(address: Address, open_page: Open) -> None:
    page, _ = open_page()
    there = run_of(page, address("acme"), "failed")
    html = page.evaluate("async (there) => (await fetch(there)).text()", there)
    plain = re.sub(r"<script\b.*?</script>", "", html, flags=re.S)
    assert '<ol class="o-steplist">' in plain
    assert re.search(r'<form method="post" action="/workflow-runs/W-\d+/(retry|again)/"', plain)
    assert "o-gantt" in plain
