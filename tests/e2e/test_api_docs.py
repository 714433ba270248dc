"""The API's documentation in a browser: from local files, under the strict policy, and true when it is tried."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import View, overflow
from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser


def opened(page: Page, address: Address) -> Page:
    page.goto(f"{address('acme')}/api/docs/")
    page.locator(".opblock").first.wait_for()
    return page


def test_a_stranger_reads_it_in_any_view(open_page: Open, address: Address, view: View) -> None:
    page, complaints = open_page(view, role="")
    opened(page, address)
    expect(page.get_by_role("heading", name="Orchestrall API")).to_be_visible()
    assert page.locator(".opblock").count() > 2  # those that are in sight: a document this long is drawn by and by
    assert overflow(page) == 0
    assert complaints.all() == []


def test_who_is_signed_in_tries_a_read_and_a_write(open_page: Open, address: Address) -> None:
    page, _ = open_page(role="analyst")
    # Without the session's CSRF token the last of them would be refused before anything is looked for.
    for operation, status in (("token_issue", "201"), ("agents_list", "200"), ("run_cancel", "404")):
        opened(page, address)
        block = page.locator(f"[id$='-{operation}']")
        page.mouse.move(4, 400)  # beside what has scroll bars of its own
        while not block.count():  # until it is in sight: what is far from it is not drawn
            before = page.evaluate("window.scrollY")
            page.mouse.wheel(0, 600)
            page.wait_for_function("before => window.scrollY > before", arg=before)
        block.locator(".opblock-summary").click()
        block.get_by_role("button", name="Try it out").click()
        for parameter in block.locator("tr[data-param-name='id'] input").all():
            parameter.fill("00000000-0000-0000-0000-000000000000")
        block.get_by_role("button", name="Execute").click()
        expect(block.locator(".live-responses-table .response-col_status").last).to_contain_text(status)
