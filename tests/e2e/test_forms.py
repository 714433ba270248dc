"""Rows of a form as a pharmacist fills them in: pasted from a spreadsheet, by keyboard, with help to type."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import VIEWS, View, overflow, settle, violations
from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser

WIDE = next(view for view in VIEWS if view.width > 800)
AGENT = "/agents/healthcare.drug_checker/"
# A paste by keys needs a clipboard, which a browser without a screen has not: the event is what a page sees of it.
PASTE = """(field, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def opened(open_page: Open, address: Address) -> Callable[..., Page]:
    def go(path: str, view: View = WIDE) -> Page:
        page, _ = open_page(view, "analyst", "stclare")
        page.goto(address("stclare") + path)
        return page

    return go


def fields(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Medications", exact=True).or_(
        page.get_by_role("combobox", name="Medications", exact=True)
    )


def entered(page: Page) -> list[str]:
    return [field.input_value() for field in fields(page).all()]


def test_a_list_is_pasted_from_a_spreadsheet_and_run(opened: Callable[..., Page]) -> None:
    page = opened(AGENT)
    fields(page).first.click()
    fields(page).first.evaluate(PASTE, "warfarin 3 mg\r\nibuprofen 400 mg\r\nzinkorol\r\n")
    expect(fields(page)).to_have_count(3)
    assert entered(page) == ["warfarin 3 mg", "ibuprofen 400 mg", "zinkorol"]
    expect(fields(page).first).to_be_focused()
    # What was pasted over changes; what stands beneath stays.
    fields(page).nth(1).evaluate(PASTE, "naproxen\nlithium\n")
    expect(fields(page).nth(2)).to_have_value("lithium")
    assert entered(page) == ["warfarin 3 mg", "naproxen", "lithium"]
    page.get_by_role("textbox", name="Age optional", exact=True).fill("eighty")
    page.get_by_role("button", name="Run agent").click()
    expect(page.get_by_role("textbox", name="Age optional", exact=True)).to_have_attribute("aria-invalid", "true")
    assert entered(page) == ["warfarin 3 mg", "naproxen", "lithium"]
    assert violations(page) == []


def test_rows_are_added_moved_and_removed_by_keyboard(opened: Callable[..., Page]) -> None:
    page = opened(AGENT)
    fields(page).first.click()
    for name in ("abc", "def", "ghi"):
        page.keyboard.type(name)
        page.keyboard.press("Enter")
    assert entered(page) == ["abc", "def", "ghi", ""]
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Alt+ArrowUp")
    assert entered(page) == ["abc", "ghi", "def", ""]
    expect(fields(page).nth(1)).to_be_focused()
    page.keyboard.press("Alt+Delete")
    assert entered(page) == ["abc", "def", ""]
    page.get_by_role("button", name="Undo").click()
    assert entered(page) == ["abc", "ghi", "def", ""]
    page.get_by_role("button", name="Move row 1 down").first.press("Enter")
    assert entered(page) == ["ghi", "abc", "def", ""]
    # What is sent is in the order that is seen.
    page.get_by_role("button", name="JSON").click()
    expect(page.get_by_label("Input as JSON")).to_have_value(re.compile('"ghi",\\s*"abc",\\s*"def"'))


def test_a_name_is_suggested_while_it_is_typed_however_it_is_spelt(opened: Callable[..., Page]) -> None:
    page = opened(AGENT)
    field = fields(page).first
    field.click()
    page.keyboard.type("warfrin")
    option = page.get_by_role("option", name="warfarin", exact=True)
    expect(option).to_be_visible()
    expect(field).to_have_attribute("aria-expanded", "true")
    assert violations(page) == []
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(field).to_have_value("warfarin")
    expect(page.get_by_role("listbox")).to_be_hidden()
    # The list is closed, so Enter goes to the next row again.
    page.keyboard.press("Enter")
    expect(fields(page)).to_have_count(2)


def test_a_long_list_stays_usable_and_accessible_in_each_view(opened: Callable[..., Page], view: View) -> None:
    page = opened(AGENT, view)
    fields(page).first.evaluate(PASTE, "\n".join(f"drug {number}" for number in range(200)))
    expect(fields(page)).to_have_count(200)
    page.get_by_role("button", name="Remove row 100", exact=True).click()
    expect(fields(page)).to_have_count(199)
    expect(fields(page).nth(99)).to_have_value("drug 100")
    # A notice covers what is beneath it, until it is closed.
    while (notices := page.locator("#toasts [data-act=toast-close]")).count():
        notices.first.click()
    page.evaluate("scrollTo(0, 0)")
    settle(page)
    assert overflow(page) == 0
    assert violations(page) == []
