"""The operators' back office in a browser: a tenant's whole life by clicks, and pages that everybody can use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import VIEWS, View, context_for, settle, violations
from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser

LIST = "/admin/tenants/tenant/"
# The tests that look at pages open this one; it is there on every demo installation.
KNOWN = "acme"


@pytest.fixture
def office(open_page: Open, address: Address) -> Callable[..., Page]:
    """`office(view)`: the list of tenants, opened by the demo operator."""

    def enter(view: View = VIEWS[0]) -> Page:
        page, _ = open_page(view, "operator", "operators")
        page.goto(address("operators") + "/admin/")
        return page

    return enter


@pytest.fixture
def initech(browser: Browser, address: Address, session_of: Callable[..., Any]) -> Iterator[str]:
    """The address of a tenant that is not there yet, and is gone after the test however that ends."""
    yield "initech"
    with context_for(browser, VIEWS[0], session_of("operator", "operators")) as context:
        page = context.new_page()
        page.goto(f"{address('operators')}{LIST}?q=initech")
        if page.get_by_role("link", name="initech").count():
            delete(page)


def delete(page: Page) -> None:
    """Delete initech from the list that shows it."""
    page.get_by_role("link", name="initech").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_label("Type initech to go on").fill("initech")
    page.get_by_role("button", name="Delete Initech").click()


def press(page: Page, button: str) -> None:
    """Press a button of initech's page; the list is shown afterwards."""
    page.get_by_role("link", name="initech").click()
    page.get_by_role("button", name=button, exact=True).click()


def test_a_tenant_lives_and_dies_by_clicks(office: Callable[..., Page], address: Address, initech: str) -> None:
    page = office()
    page.locator("a.addlink").click()
    page.get_by_label("Address").fill(KNOWN)
    page.get_by_label("Name").fill("Initech")
    page.locator("#id_industry").select_option("finance")
    page.get_by_label("First owner").fill("owner@initech.example")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("There is a tenant at this address already.")).to_be_visible()

    page.get_by_label("Address").fill(initech)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Initech is being created. Its host opens in a moment.")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="initech")
    expect(row).to_contain_text("Ready", timeout=30_000, ignore_case=True)  # the page reads itself again

    page.get_by_role("link", name="initech").click()
    page.get_by_label("Name").fill("Initech Corporation")
    page.get_by_label("Active members").fill("0")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Ensure this value is greater than or equal to 1.")).to_be_visible()
    page.get_by_label("Active members").fill("3")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Initech Corporation is saved.")).to_be_visible()

    press(page, "Suspend")
    expect(page.get_by_text("Initech Corporation is suspended.")).to_be_visible()
    expect(row).to_contain_text("Suspended", ignore_case=True)
    press(page, "Resume")
    expect(page.get_by_text("Initech Corporation is open again.")).to_be_visible()

    delete(page)
    expect(page.get_by_text("Initech Corporation is being deleted.")).to_be_visible()
    expect(row).to_have_count(0, timeout=30_000)


def test_the_pages_of_the_back_office_are_accessible(office: Callable[..., Page], address: Address, view: View) -> None:
    page = office(view)
    settle(page)
    assert violations(page) == []
    page.get_by_text("Filters").first.click()
    settle(page)
    assert violations(page) == []
    page.goto(address("operators") + LIST)
    page.locator("input[name=_selected_action]").first.check()
    page.locator("select[name=action]").select_option("suspend")
    assert violations(page) == []
    page.get_by_role("link", name=KNOWN).click()
    one = page.url.partition("change/")[0]
    for path in ("change/", "history/", "delete/"):
        page.goto(one + path)
        settle(page)
        assert violations(page) == [], path
    page.goto(f"{address('operators')}{LIST}add/")
    settle(page)
    assert violations(page) == []
