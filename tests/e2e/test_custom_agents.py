"""Making an agent in the browser: with the script, by keyboard, on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import View, overflow, settle, violations
from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser


def test_an_agent_is_made_changed_and_published(open_page: Open, address: Address, view: View) -> None:
    page, complaints = open_page(view)
    page.goto(f"{address('acme')}/agents/")
    page.get_by_role("link", name="Make an agent").click()
    page.wait_for_url(re.compile(r"/custom-agents/new/$"))
    settle(page)
    assert overflow(page) == 0
    assert violations(page) == []
    page.get_by_label("Title", exact=True).first.fill(f"Sorter {view.name}")
    page.get_by_label("What it is asked").fill("")
    page.get_by_role("button", name="letter", exact=True).click()
    expect(page.get_by_label("What it is asked")).to_have_value("{letter}")
    page.get_by_label("Search tools").fill("rows of a dataset")
    page.get_by_role("checkbox", name=re.compile("^Rows of a dataset")).check()
    expect(page.get_by_role("checkbox", name=re.compile("^List of datasets"))).to_be_hidden()
    page.get_by_role("button", name="Keep as a draft").click()
    page.wait_for_url(re.compile(r"/custom-agents/custom\.sorter"))
    settle(page)
    assert overflow(page) == 0
    assert violations(page) == []
    page.get_by_role("button", name="Keep and publish").click()
    expect(page.get_by_text("is published as version 1")).to_be_visible()
    page.get_by_role("link", name="Run it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Sorter {view.name}")
    settle(page)
    assert violations(page) == []
    assert complaints.all() == []
