"""Models and prompts in a browser: connect a provider, choose who is asked, publish words and compare them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import View
from tests.e2e.conftest import Address, Open
from tests.e2e.test_pages import look_at

pytestmark = pytest.mark.browser

# A connection that fails at once: nobody may be called on this machine by a tenant.
NOWHERE = "http://127.0.0.1:9/v1"
ANSWER = 30_000
"""Milliseconds, of a machine with much else to do."""


def connected(page: Page, address: str, name: str) -> None:
    """Connect a provider by the form of its kind; its test fails, and it is stored all the same."""
    page.goto(f"{address}/models/")
    page.get_by_role("link", name="Connect a provider").first.click()
    page.get_by_role("link", name=re.compile("compatible", re.IGNORECASE)).first.click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Base URL").fill(NOWHERE)
    page.get_by_label("API key").fill("secret-of-a-test")
    look_at(page)
    page.get_by_role("button", name="Save and test").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name, timeout=ANSWER)


def test_a_provider_is_connected_and_its_model_is_asked(view: View, open_page: Open, address: Address) -> None:
    page, _ = open_page(view)
    name = f"Own server {view.name}"
    connected(page, address("acme"), name)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Test failed")
    expect(page.get_by_label("API key")).to_have_value("")
    page.get_by_label("Add a model by its name").fill("small-1")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("cost is not counted").first).to_be_visible()
    look_at(page)
    page.get_by_role("link", name="small-1").click()
    page.get_by_label("Price input").fill("2.5")
    look_at(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("$2.50 in").first).to_be_visible()
    page.goto(f"{address('acme')}/models/")
    look_at(page)
    page.get_by_role("link", name=name).click()
    page.get_by_role("link", name="Delete").click()
    expect(page.get_by_text("1 model goes with it: small-1.")).to_be_visible()
    look_at(page)
    page.get_by_role("button", name="Delete the provider").click()
    expect(page.get_by_role("link", name=name)).to_have_count(0)


def test_words_are_published_compared_and_gone_back_from(view: View, open_page: Open, address: Address) -> None:
    page, _ = open_page(view)
    page.goto(f"{address('acme')}/prompts/")
    page.get_by_role("link", name="Explain a result").click()
    page.get_by_label("Request").fill("Explain {resullt}")
    page.get_by_role("button", name="Publish").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("There is no variable {resullt}.")
    expect(alert).to_be_focused()
    look_at(page)
    page.get_by_label("Request").fill(f"Explain {{result}} to whoever looks at it in {view.name}.")
    page.get_by_label("What changes").fill("For a test")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Version")
    look_at(page)
    page.get_by_role("link", name="Compare").click()
    expect(page.locator("ins").first).to_contain_text("to whoever looks at it")
    look_at(page)
    page.go_back()
    page.get_by_role("button", name="Go back to the built-in words").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Built in")
