"""The page of live figures moves by itself."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.browser import settle
from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser

PATIENCE = 30_000
"""Milliseconds for something that comes every three seconds."""


def requests(page: Page) -> int:
    return int(page.locator('[data-kpi="requests"] [data-value]').inner_text().replace(",", ""))


def test_requests_of_others_appear_while_one_looks(address: Address, open_page: Open) -> None:
    page, _ = open_page()
    page.goto(f"{address('acme')}/performance/?span=1h")  # nothing of this installation is older and drops out
    settle(page)
    expect(page.locator("#live .txt")).to_have_text("Live")
    other, _ = open_page()
    before = requests(page)
    for _ in range(5):
        other.goto(f"{address('acme')}/help/")
    expect(page.locator('[data-kpi="requests"] [data-value]')).not_to_have_text(f"{before:,}", timeout=PATIENCE)
    assert requests(page) > before
    said = page.locator('[data-chart="requests"] [data-chart-summary]').inner_text()
    assert re.match(r"[\d,]+ requests, ", said)


def test_a_chart_shown_as_a_table_stays_one_while_its_figures_move(address: Address, open_page: Open) -> None:
    page, _ = open_page()
    page.goto(f"{address('acme')}/performance/?span=2m")
    settle(page)
    switch = page.get_by_role("button", name="Show requests as table")
    switch.focus()
    page.keyboard.press("Enter")
    first = page.locator('[data-chart="requests"] tbody tr td').first
    moment = first.inner_text()
    expect(first).not_to_have_text(moment, timeout=PATIENCE)
    expect(switch).to_be_focused()
    expect(switch).to_have_attribute("aria-pressed", "true")
    expect(page.locator('[data-chart="requests"] tbody tr')).to_have_count(120)


def test_figures_that_cannot_be_renewed_are_told_to_be_old_until_they_can(address: Address, open_page: Open) -> None:
    page, _ = open_page()
    page.goto(f"{address('acme')}/performance/?span=2m")
    settle(page)
    away = True

    def answer(route: Route) -> None:
        route.abort() if away else route.continue_()

    page.route("**/performance/figures/**", answer)
    told = page.get_by_role("heading", name="The figures could not be renewed")
    expect(told).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#live .txt")).to_have_text("Reconnecting")
    away = False
    expect(told).to_be_hidden(timeout=PATIENCE)
    expect(page.locator("#live .txt")).to_have_text("Live")


def test_a_span_is_chosen_by_the_keyboard_and_is_in_the_address(address: Address, open_page: Open) -> None:
    page, _ = open_page()
    page.goto(f"{address('acme')}/performance/")
    link = page.get_by_role("link", name="Last 24 hours")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/performance/?span=24h")
    expect(page.get_by_role("link", name="Last 24 hours")).to_have_attribute("aria-current", "true")
