"""The catalogue of agents, used by keyboard and on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import VIEWS, overflow, settle, violations
from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser

WIDE = next(view for view in VIEWS if view.width > 800)
PHONE = next(view for view in VIEWS if view.width < 800)


def test_an_agent_is_found_and_opened_by_keyboard_alone(open_page: Open, address: Address) -> None:
    page, complaints = open_page(WIDE, slug="tetra")
    page.goto(f"{address('tetra')}/agents/")
    page.keyboard.press("/")
    expect(page.get_by_label("Search agents")).to_be_focused()
    page.keyboard.type("inspector")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"q=inspector"))
    expect(page.get_by_text("1 of 2 agents")).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Quality Inspector", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/agents/manufacturing\.quality_inspector/$"))
    assert complaints.all() == []


def test_a_choice_narrows_at_once_and_the_way_back_is_one_click(open_page: Open, address: Address) -> None:
    page, _ = open_page(PHONE, slug="tetra")
    page.goto(f"{address('tetra')}/agents/")
    page.get_by_label("Industry").select_option(label="Retail and e-commerce")
    page.wait_for_url(re.compile(r"industry=retail"))
    expect(page.get_by_role("heading", level=3)).to_have_count(1)
    page.get_by_role("link", name="Clear filters").click()
    expect(page.get_by_role("heading", level=3)).to_have_count(2)
    page.goto(f"{address('tetra')}/agents/?q=nothing+like+that")
    expect(page.get_by_text("No agent matches")).to_be_visible()
    settle(page)
    assert overflow(page) == 0
    assert violations(page) == []


def test_the_links_of_a_card_lead_where_they_say(open_page: Open, address: Address) -> None:
    page, _ = open_page(WIDE, slug="tetra")
    page.goto(f"{address('tetra')}/agents/?q=forecaster")
    page.get_by_role("link", name="Settings of Demand Forecaster").click()
    page.wait_for_url(re.compile(r"/agents/retail\.demand_forecaster/settings/$"))
    page.go_back()
    page.get_by_role("link", name="Runs of Demand Forecaster").click()
    page.wait_for_url(re.compile(r"/runs/\?agent=retail\.demand_forecaster$"))
    page.go_back()
    page.get_by_role("link", name="Model card of Demand Forecaster").click()
    expect(page.get_by_role("heading", name="Model card")).to_be_in_viewport()
