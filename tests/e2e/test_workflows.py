"""A builder makes a workflow, mends it, publishes it, lets it start by itself, and starts it, in each view."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import VIEWS, View, overflow, settle, violations
from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser

WIDE = next(view for view in VIEWS if view.width > 800)


def look_at(page: Page) -> None:
    settle(page)
    for close in page.get_by_role("button", name="Close this notice").all():
        close.click()  # it may lie over a button, which is then too small a target
    assert violations(page) == []
    assert overflow(page) == 0, "the page is wider than the screen"


@pytest.fixture
def opened(open_page: Open, address: Address) -> Callable[..., Page]:
    """`opened(path, view=WIDE, role="owner")`: a page of acme, open at a path."""

    def go(path: str, view: View = WIDE, role: str = "owner") -> Page:
        page, _ = open_page(view, role)
        page.goto(address("acme") + path)
        return page

    return go


def made(page: Page, base: str, name: str) -> str:
    """Make and publish the example under a name of its own, unless it is there; the path of its page."""
    path = f"/workflows/{name}/"
    page.goto(f"{base}{path}")
    if page.get_by_role("heading", name="Check the order").count() == 0:
        page.goto(f"{base}/workflows/new/yaml/")
        text = page.get_by_label("Definition as YAML")
        text.fill(text.input_value().replace("name: check-the-order", f"name: {name}"))
        page.get_by_role("button", name="Save draft").click()
        page.wait_for_url(f"**{path}")
        page.get_by_role("button", name="Publish version 1").click()
        expect(page.get_by_role("status").filter(has_text="Version 1 is published")).to_be_visible()
    return path


def test_a_workflow_is_written_mended_published_and_started(
    view: View, opened: Callable[..., Page], address: Address
) -> None:
    name = f"order-{uuid4().hex[:8]}"  # so that the tests may look at one installation twice
    page = opened("/workflows/new/yaml/", view)
    text = page.get_by_label("Definition as YAML")
    good = text.input_value().replace("name: check-the-order", f"name: {name}")

    # What is wrong is told by line, and leads there.
    text.fill(good.replace("inputs.amount", "inputs.amuont"))
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no such input")
    look_at(page)
    page.get_by_role("link", name="Line 18").click()
    expect(text).to_be_focused()
    assert "amuont" in str(text.evaluate("(field) => field.value.slice(field.selectionStart, field.selectionEnd)"))

    text.fill(good)
    page.get_by_role("button", name="Save draft").click()
    page.wait_for_url(f"**/workflows/{name}/")
    look_at(page)
    page.get_by_label("What changes, in a sentence").fill("The first")
    page.get_by_role("button", name="Publish version 1").click()
    expect(page.get_by_role("link", name="Version 1", exact=True)).to_be_visible()

    # A step of the graph is told below it.
    page.locator("[data-step=ask]").click()
    page.wait_for_url("**step=ask**")
    expect(page.locator("#step")).to_contain_text("kind: approval")
    look_at(page)

    page.get_by_role("link", name="Start", exact=True).click()
    page.get_by_label("Amount").fill("-1")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_label("Amount")).to_have_value("-1")
    expect(page.get_by_label("Amount")).to_have_attribute("aria-invalid", "true")
    look_at(page)
    page.get_by_label("Amount").fill("5")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/workflow-runs/W-*/")
    expect(page.get_by_role("heading", name="Check the order")).to_contain_text("Succeeded", timeout=60_000)

    page.goto(f"{address('acme')}/workflows/?q={name}")
    expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("1 run, none failed")
    look_at(page)


def test_a_schedule_and_a_webhook_are_added(view: View, opened: Callable[..., Page], address: Address) -> None:
    base = address("acme")
    page = opened("/workflows/", view)
    path = made(page, base, f"trigger-{view.theme}-{view.width}")
    page.goto(f"{base}{path}triggers/new/")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_role("button", name="Show the next times").click()
    expect(page.get_by_text("At 07:00 on Monday through Friday, Europe/Berlin time.")).to_be_visible()
    look_at(page)
    page.get_by_role("button", name="Add the trigger").click()
    expect(page.get_by_role("region", name="Triggers")).to_contain_text("Europe/Berlin time")

    page.goto(f"{base}{path}triggers/new/?kind=webhook")
    look_at(page)
    page.get_by_role("button", name="Add the trigger").click()
    expect(page.get_by_label("Secret")).to_have_value(re.compile("^whsec_"))
    look_at(page)
    page.get_by_role("link", name="I have kept it").click()
    expect(page.get_by_role("region", name="Triggers")).to_contain_text("/hooks/")
    look_at(page)
    page.goto(f"{base}{path}archive/")
    look_at(page)


def test_tab_indents_and_esc_lets_the_field_be_left(opened: Callable[..., Page]) -> None:
    page = opened("/workflows/new/yaml/")
    text = page.get_by_label("Definition as YAML")
    text.fill("a: 1\nb: 2\n")
    text.press("Control+Home")
    text.press("Tab")
    expect(text).to_have_value("  a: 1\nb: 2\n")
    text.press("Control+a")
    text.press("Tab")
    expect(text).to_have_value("    a: 1\n  b: 2\n")
    text.press("Shift+Tab")
    expect(text).to_have_value("  a: 1\nb: 2\n")
    text.press("Escape")
    text.press("Tab")
    expect(text).not_to_be_focused()
    expect(text).to_have_value("  a: 1\nb: 2\n")


def test_without_scripts_steps_are_a_list_and_forms_work(
    browser: Browser, session_of: Callable[..., Any], opened: Callable[..., Page], address: Address
) -> None:
    base = address("acme")
    path = made(opened("/workflows/"), base, "scriptless")
    context = browser.new_context(storage_state=session_of("owner"), java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{base}{path}")
    expect(page.get_by_role("listitem").filter(has_text="Is it large?").first).to_contain_text("Branch")
    page.get_by_role("link", name="Ask a person").click()
    expect(page.locator("#step")).to_contain_text("kind: approval")
    page.get_by_role("link", name="Start", exact=True).click()
    page.get_by_label("Amount").fill("7")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page).to_have_url(re.compile(r"/workflow-runs/W-\d+/$"))
    context.close()
