"""The frame around every page, used by keyboard, by mouse and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import VIEWS, violations
from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser

WIDE = next(view for view in VIEWS if view.width > 800)
PHONE = next(view for view in VIEWS if view.width < 800)


def test_a_demo_account_fills_the_form_and_signs_in(open_page: Open, address: Address) -> None:
    page, _ = open_page(WIDE, "")
    page.goto(f"{address('acme')}/accounts/login/")
    page.get_by_role("button", name="Analyst").click()
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    expect(page.get_by_text("Account of")).to_be_attached()


def test_signing_out_leads_to_the_sign_in_page(open_page: Open, address: Address) -> None:
    page, _ = open_page(WIDE, "")
    page.goto(f"{address('acme')}/accounts/login/")
    page.get_by_role("button", name="Viewer").click()
    page.keyboard.press("Enter")
    page.get_by_text("Account of").locator("xpath=..").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_palette_finds_a_page_by_keyboard_alone(open_page: Open, address: Address) -> None:
    page, _ = open_page(WIDE)
    page.goto(address("acme"))
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox")
    expect(box).to_be_focused()
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    assert violations(page) == []
    box.fill("shortcuts")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Help & shortcuts")).to_be_visible()


def test_the_palette_closes_by_escape_and_gives_the_focus_back(open_page: Open, address: Address) -> None:
    page, _ = open_page(WIDE)
    page.goto(address("acme"))
    button = page.get_by_role("button", name="Search pages")
    button.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(button).to_be_focused()


def test_single_letters_lead_somewhere_until_they_are_switched_off(open_page: Open, address: Address) -> None:
    page, _ = open_page(WIDE)
    page.goto(f"{address('acme')}/members/")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Help & shortcuts")).to_be_visible()
    switch = page.get_by_label("Use single letters")
    switch.uncheck()
    page.get_by_role("heading", name="Keys").click()
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.keyboard.press("/")
    expect(page.get_by_role("heading", name="Help & shortcuts")).to_be_visible()
    switch.check()
    page.get_by_role("heading", name="Keys").click()
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url(f"{address('acme')}/")


def test_the_theme_is_kept(open_page: Open, address: Address) -> None:
    page, _ = open_page(WIDE)
    page.goto(f"{address('acme')}/help/")
    root = page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "light")
    button = page.get_by_role("button", name="Theme:")
    button.click()
    button.click()
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(root).to_have_attribute("data-bs-theme", "dark")


def test_times_are_shown_in_the_viewers_zone(open_page: Open, address: Address) -> None:
    page, _ = open_page(WIDE)
    page.goto(f"{address('acme')}/help/")
    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    expect(page.locator("[data-zone]")).to_have_text(zone)


def test_a_phone_has_a_menu_and_tabs(open_page: Open, address: Address) -> None:
    page, _ = open_page(PHONE)
    page.goto(address("acme"))
    menu = page.get_by_role("navigation", name="Main")
    expect(menu).to_be_hidden()
    expect(page.get_by_role("navigation", name="Quick")).to_be_visible()
    button = page.get_by_role("button", name="Menu")
    button.click()
    expect(menu).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(button).to_be_focused()


def test_a_table_of_members_is_filtered_at_once_by_a_choice(open_page: Open, address: Address) -> None:
    page, _ = open_page(WIDE)
    page.goto(f"{address('acme')}/members/")
    page.get_by_label("Role", exact=True).select_option("viewer")
    page.wait_for_url("**role=viewer**")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_axe_finds_what_is_wrong(open_page: Open, address: Address) -> None:
    """The gate itself: a fault that is planted is found."""
    page, complaints = open_page(WIDE)
    page.goto(f"{address('acme')}/help/")
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert any("button-name" in found for found in violations(page))
    page.evaluate("document.querySelector('main').setAttribute('onclick', 'x()')")
    page.evaluate("const s = document.createElement('script'); s.textContent = '1'; document.body.append(s)")
    assert complaints.refused
    complaints.refused.clear()
