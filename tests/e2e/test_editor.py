"""A builder makes a workflow from nothing by forms alone, tries it, publishes it, and lives with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browser import VIEWS, View, overflow, settle, violations
from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser

WIDE = next(view for view in VIEWS if view.width > 800)
PHONE = next(view for view in VIEWS if view.width < 800)
KEPT = re.compile("not saved as a draft yet")
LONG = 90_000
"""Milliseconds: an agent looks at data, on a machine that does other things too."""


def look_at(page: Page) -> None:
    settle(page)
    for close in page.get_by_role("button", name="Close this notice").all():
        close.click()  # it may lie over a button, which is then too small a target
    # At the end of the page the bar at its foot lies over nothing; elsewhere it may cover half of a button.
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
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


def begin(page: Page, title: str) -> None:
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/workflows/edits/*/?add=-")


def add(page: Page, find: str, what: str) -> Locator:
    """Add a step at the end; its form, which is open then."""
    if page.locator("#add").count() == 0:
        page.get_by_role("link", name="Add a step", exact=True).click()
    page.get_by_label("Find a step, an agent, a workflow or an action").fill(find)
    before = page.locator("[data-steps] > li").count()
    page.locator("#add").get_by_role("button", name=re.compile(f"^{what}")).click()
    expect(page.locator("[data-steps] > li")).to_have_count(before + 1)
    expect(page.locator("#add")).to_have_count(0)
    return page.locator("#step-form")


def kept(page: Page) -> None:
    """Wait until what was typed is kept."""
    expect(page.locator("#editor-kept")).to_contain_text(KEPT)


def renewed(page: Page, act: Callable[[], object]) -> None:
    """Do something after which the form is made anew, and wait until it is there."""
    page.locator("#editor").evaluate("(editor) => editor.setAttribute('data-before', '')")
    act()
    expect(page.locator("#editor:not([data-before])")).to_be_attached(timeout=20_000)


def field(page: Page, name: str) -> Locator:
    return page.locator(f'#editor [name="{name}"]')


def choose(page: Page, name: str, value: str) -> None:
    """Choose something on which the rest of the form depends, by its value."""
    renewed(page, lambda: field(page, name).select_option(value))


def press(page: Page, name: str, *, within: str = "#step-form") -> None:
    """Press a button of a form that changes the form."""
    renewed(page, page.locator(within).get_by_role("button", name=name, exact=True).first.click)


def fill(page: Page, name: str, value: str) -> None:
    field(page, name).fill(value)
    kept(page)


def pick(page: Page, name: str, reference: str) -> None:
    """Let a value be what an earlier step gives, or an input."""
    if field(page, f"{name}.mode").input_value() != "from":
        choose(page, f"{name}.mode", "from")
    choose(page, name, reference)


def edit(page: Page, title: str) -> None:
    page.locator("#steps").get_by_role("link", name=f"Edit {title}").click()
    expect(page.locator("#step-form")).to_have_attribute("aria-label", title)


def names(page: Page) -> list[str | None]:
    return [step.get_attribute("data-name") for step in page.locator("[data-steps] > li").all()]


def test_a_step_is_added_moved_typed_in_undone_and_removed(view: View, opened: Callable[..., Page]) -> None:
    page = opened("/workflows/new/", view)
    look_at(page)
    begin(page, f"Small {uuid4().hex[:6]}")
    look_at(page)
    form = add(page, "request", "HTTP request")
    expect(form.get_by_label("Title", exact=False).first).to_be_focused()
    add(page, "wait", "Wait")
    expect(page.locator("#editor-checks")).to_contain_text("Http request")
    look_at(page)

    # The focus stays on the button that moves, and the graph follows.
    up = page.get_by_role("button", name="Move Wait up")
    up.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Move Wait down")).to_be_focused()
    assert names(page) == ["wait", "http_request"]

    # What is typed is kept without a button; the cursor stays where it is.
    title = page.locator("#step-form").get_by_label("Title", exact=False).first
    title.fill("A short rest")
    kept(page)
    expect(page.locator("#said-wait")).to_contain_text("A short rest")
    expect(page.locator(".o-node[data-step=wait]")).to_contain_text("A short rest")
    expect(title).to_be_focused()
    title.blur()
    page.keyboard.press("Control+z")
    expect(page.locator("#said-wait h3")).not_to_contain_text("A short rest")
    page.keyboard.press("Control+Shift+z")
    expect(page.locator("#said-wait")).to_contain_text("A short rest")

    # A node of the graph opens its step; what is typed last is not lost by it.
    title = page.locator("#step-form").get_by_label("Title", exact=False).first
    title.fill("A long rest")
    page.locator(".o-node[data-step=http_request]").click()
    expect(page.locator("#step-http_request #step-form")).to_be_visible()
    expect(page.locator("#said-wait")).to_contain_text("A long rest")
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator("[data-steps] > li")).to_have_count(1)
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator("[data-steps] > li")).to_have_count(2)
    look_at(page)
    for panel in ("what it takes", "what it gives", "settings"):
        page.get_by_role("link", name=f"Edit {panel}").click()
        expect(page.get_by_role("link", name=f"Close {panel}")).to_be_visible()
    look_at(page)
    page.get_by_role("link", name="Schedule").click()
    expect(page.get_by_role("button", name="Add this trigger")).to_be_visible()
    look_at(page)

    # It is not whole yet: nothing is saved, and what is wrong leads to its place.
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_role("alert")).to_contain_text("nothing was stored")
    look_at(page)
    page.get_by_role("alert").get_by_role("link", name="Http request").first.click()
    expect(page.locator("#step-http_request #step-form")).to_be_visible()
    page.get_by_role("link", name="Discard").click()
    look_at(page)
    page.get_by_role("button", name="Discard").click()
    page.wait_for_url("**/workflows/")


def test_a_step_is_moved_by_the_mouse(opened: Callable[..., Page]) -> None:
    page = opened("/workflows/new/")
    begin(page, f"Dragged {uuid4().hex[:6]}")
    for what in ("Wait", "Stop", "Transform"):
        add(page, what.lower(), what)
    grip = page.locator("#step-transform [data-grip]")
    grip.drag_to(page.locator("#step-wait"), target_position={"x": 40, "y": 2})
    expect(page.locator("[data-steps] > li").first).to_have_attribute("data-name", "transform")
    assert names(page) == ["transform", "wait", "stop"]


def test_a_workflow_is_built_tried_published_run_changed_compared_and_rolled_back(
    opened: Callable[..., Page], address: Address
) -> None:
    base, name = address("acme"), f"orders-{uuid4().hex[:6]}"
    page = opened("/workflows/new/")
    begin(page, name.capitalize())
    build(page)
    look_at(page)

    page.get_by_role("link", name="Test with a sample").click()
    try_it(page)

    # Published, and started.
    page.get_by_role("link", name="A new workflow").click()
    page.get_by_label("What changes, in a sentence").fill("The first")
    page.get_by_role("button", name="Publish version 1").click()
    page.wait_for_url(f"**/workflows/{name}/")
    page.get_by_role("link", name="Start", exact=True).click()
    page.get_by_label("Sales").select_option(label="Weekly unit sales")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/workflow-runs/W-*/")
    run = page.url
    expect(page.get_by_role("heading", level=1)).to_contain_text("approval", timeout=LONG, ignore_case=True)

    decide(opened("/approvals/", PHONE, "approver"), run)

    # The run is read: every step, and what the request came to.
    page.goto(run)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Succeeded", timeout=LONG)
    expect(page.get_by_role("main")).to_contain_text("Tell the supplier")
    look_at(page)

    # Changed, and compared with past runs before it is published.
    page.goto(f"{base}/workflows/{name}/edit/")
    edit(page, "May it be ordered?")
    fill(page, "s.question", "May the next weeks be ordered?")
    compare(page)
    page.goto(f"{base}/workflows/{name}/edit/")
    page.get_by_role("button", name="Publish version 2").click()
    page.wait_for_url(f"**/workflows/{name}/")

    # And back to the first.
    page.goto(f"{base}/workflows/{name}/versions/")
    page.get_by_role("link", name="Go back to version 1").click()
    look_at(page)
    page.get_by_role("button", name="Go back to version 1").click()
    page.goto(f"{base}/workflows/{name}/")
    expect(page.get_by_role("main")).to_contain_text("Version 3")


def test_a_late_window_loses_nothing_and_overwrites_nothing(view: View, opened: Callable[..., Page]) -> None:
    title = f"Twice {uuid4().hex[:6]}"
    page = opened("/workflows/new/", view)
    begin(page, title)
    add(page, "wait", "Wait")
    late = page.context.new_page()
    late.goto(page.url)

    def field(of: Page) -> Locator:
        return of.locator("#step-form").get_by_label("Title", exact=False).first

    for typed in ("Newer", "Newest"):  # what is kept is what the form is made of from then on
        field(page).fill(typed)
        expect(page.locator("#said-wait")).to_contain_text(typed)
    field(late).fill("Typed too late")
    expect(late.locator("#editor-refused")).to_contain_text("What you typed here is not kept")
    expect(field(late)).to_have_value("Typed too late")
    expect(late.locator("#editor-kept")).to_contain_text("Changed in another window")
    look_at(late)
    late.get_by_role("button", name="Keep mine in its place").click()
    expect(field(late)).to_have_value("Typed too late")
    expect(late.locator("#editor-refused")).to_have_text("")
    late.get_by_role("button", name="Undo").click()
    expect(field(late)).to_have_value("Newest")
    late.goto(late.url.split("/workflows/")[0] + "/workflows/new/")
    expect(late.get_by_role("link", name=title, exact=True)).to_be_visible()
    look_at(late)
    late.close()


def test_without_scripts_steps_are_read_and_changed_by_buttons(
    browser: Browser, session_of: Callable[..., Any], address: Address
) -> None:
    context = browser.new_context(storage_state=session_of("owner"), java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address('acme')}/workflows/new/")
    begin(page, f"Scriptless {uuid4().hex[:6]}")
    page.locator("#add").get_by_role("button", name=re.compile("^Wait")).click()
    page.get_by_label("Title", exact=False).first.fill("A short rest")
    page.get_by_role("button", name="Keep what I changed").click()
    expect(page.locator("#said-wait")).to_contain_text("A short rest")
    expect(page.locator(".o-steplist")).to_contain_text("A short rest")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator("#said-wait")).not_to_contain_text("A short rest")
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator("[data-steps] > li")).to_have_count(0)
    context.close()


def build(page: Page) -> None:
    """A trigger, two agents, a branch, an approval and a request, by forms alone."""
    page.get_by_role("link", name="Schedule").click()
    page.get_by_label("Again and again").check()
    page.get_by_label("Every").fill("7d")
    page.get_by_label("What the run is given").fill("")
    page.get_by_role("button", name="Add this trigger").click()
    expect(page.locator("#trigger")).to_contain_text("Made when you save")

    page.get_by_role("link", name="Edit what it takes").click()
    press(page, "Add an input", within="#part-inputs")
    part = page.locator("#part-inputs")
    part.get_by_label("Name", exact=True).fill("sales")
    renewed(page, lambda: part.get_by_label("Type", exact=True).select_option("dataset"))

    for title, weeks in (("Look at the next weeks", "4"), ("Look far ahead", "13")):
        add(page, "demand", "Demand Forecaster")
        fill(page, "s.title", title)
        pick(page, "s.input.f.history.f.dataset", "${inputs.sales}")
        fill(page, "s.input.f.horizon", weeks)
    add(page, "branch", "Branch")
    fill(page, "s.title", "Are the figures weekly?")
    add(page, "approval", "Approval")
    fill(page, "s.title", "May it be ordered?")
    fill(page, "s.question", "May it be ordered?")
    add(page, "request", "HTTP request")
    fill(page, "s.title", "Tell the supplier")
    fill(page, "s.url", "https://supplier.invalid/orders")
    choose(page, "s.on_error.do", "continue")

    edit(page, "Are the figures weekly?")
    press(page, "Add a case")
    press(page, "Add a condition")
    choose(page, "s.cases.0.when.0.field", "${steps.demand_forecaster.frequency}")
    value = field(page, "s.cases.0.when.0.value")
    value.select_option("weekly")
    kept(page)
    renewed(page, lambda: field(page, "s.cases.0.go.new").select_option("approval"))
    expect(page.locator("#editor-checks [data-st=failed]")).to_have_count(0)


def try_it(page: Page) -> None:
    """With a sample, to the end: what would be asked and sent is answered here, and nothing happens outside."""
    page.get_by_label("Sales").select_option(label="Weekly unit sales")
    page.get_by_role("button", name="All at once").click()
    page.wait_for_url("**/workflows/trials/**")
    page.get_by_role("button", name="Say yes").click(timeout=LONG)
    page.get_by_role("button", name="Answer so").click(timeout=LONG)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Succeeded", timeout=LONG)
    look_at(page)


def decide(page: Page, run: str) -> None:
    """Say yes on a phone."""
    number = run.rstrip("/").rpartition("/")[2]
    page.get_by_role("main").get_by_role("link").filter(has_text="May it be ordered?").first.click()
    expect(page.get_by_role("main")).to_contain_text(number)
    look_at(page)
    page.get_by_role("button", name="Yes", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("Yes by")


def compare(page: Page) -> None:
    """Follow the past runs through what is being changed."""
    page.get_by_role("link", name="Compare with past runs").click()
    page.get_by_label("Runs, the latest").fill("50")
    page.get_by_role("button", name="Follow them").click()
    page.wait_for_url("**/workflows/replays/**")
    told = re.compile("would change|cannot be told")
    expect(page.get_by_role("heading", level=1)).to_have_text(told, timeout=LONG)
    expect(page.get_by_role("region", name="In sum")).to_contain_text("Approvals asked")
    look_at(page)
