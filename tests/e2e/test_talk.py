"""Asking about a result, in a browser: without a model, and with one that is asked over HTTP and writes meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from apps.common.demo import PASSWORD
from tests.aiserver import AiServer, Say
from tests.e2e.browser import VIEWS, View, context_for, overflow, run_agent, settle, sign_in, violations, watch
from tests.e2e.conftest import Address, Open
from tests.e2e.connected import MODEL, connected
from tests.running import Installation

pytestmark = pytest.mark.browser

SLUG = "stclare"
AGENT = "/agents/healthcare.drug_checker/"
WRITTEN = 60_000


def result(page: Page) -> None:
    """Run the agent whose page it is on its example, and wait for the result."""
    run_agent(page)
    expect(page.get_by_role("heading", name="Ask about this result")).to_be_visible(timeout=WRITTEN)


def test_without_a_model_a_result_is_explained_from_the_computation(
    open_page: Open, address: Address, view: View
) -> None:
    page, complaints = open_page(view, "builder", SLUG)
    page.goto(f"{address(SLUG)}{AGENT}?example=1")
    expect(page.get_by_text("No model is connected.")).to_be_visible()
    result(page)
    page.get_by_role("button", name="Explain this result").click()
    # Nobody loads the page anew: it hears of the text.
    expect(page.get_by_text("Explained from the computation, no model was asked.")).to_be_visible(timeout=WRITTEN)
    expect(page.get_by_text("questions and drafts need a model")).to_be_visible()
    settle(page)
    assert overflow(page) == 0
    assert violations(page) == []
    assert complaints.all() == []


@pytest.fixture
def asked(program: Installation) -> Iterator[AiServer]:
    with connected(program, SLUG) as server:
        yield server


def test_a_model_fills_in_explains_and_drafts_and_its_wrong_numbers_are_marked(
    browser: Browser, program: Installation, asked: AiServer
) -> None:
    at, view = program.address(SLUG), VIEWS[0]
    with context_for(browser, view) as context:
        page = context.new_page()
        complaints = watch(page)
        sign_in(page, at, f"builder@{SLUG}.example", PASSWORD)
        page.goto(f"{at}{AGENT}")
        told = {"input": {}, "could_not_tell": ["Which medicines are meant"]}
        asked.queue(MODEL, Say(json.dumps(told)))
        page.get_by_label("What do you want to know?").fill("Check these medicines")
        page.get_by_role("button", name="Fill in the form").click()
        expect(page.get_by_text("Which medicines are meant")).to_be_visible(timeout=WRITTEN)
        page.goto(f"{at}{AGENT}?example=1")
        result(page)
        asked.queue(MODEL, Say("It looked, and 98765 was never computed.", every=0.2))
        page.get_by_role("button", name="Explain this result").click()
        expect(page.locator(".o-unfig")).to_contain_text("98765 (not from the result)", timeout=WRITTEN)
        expect(page.get_by_text("Its number is from the result.")).to_have_count(0)
        asked.queue(MODEL, Say("Dear colleague, see the result.", every=0.05))
        page.get_by_text("Draft a letter or report").click()
        page.get_by_label("What it is for").fill("Tell a colleague")
        page.get_by_role("button", name="Draft it").click()
        page.get_by_text("Change the text").click(timeout=WRITTEN)
        page.get_by_label("Text", exact=True).fill("Dear colleague, 98765.")
        page.get_by_role("button", name="Keep the text").click()
        expect(page.get_by_text("changed by a person")).to_be_visible()
        with page.expect_download() as download:
            page.locator("#message-2").get_by_role("link", name="TXT").click()
        assert "98765 [not from the result]" in download.value.path().read_text()
        for each in VIEWS:
            page.set_viewport_size({"width": each.width, "height": each.height})
            page.emulate_media(color_scheme="dark" if each.theme == "dark" else "light")
            settle(page)
            assert overflow(page) == 0, each.name
            assert violations(page) == [], each.name
        assert complaints.all() == []
