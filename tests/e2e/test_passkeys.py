"""Second factors in a browser: a passkey by Chromium's virtual authenticator, an app on a phone's width."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from apps.common.demo import PASSWORD
from tests.e2e.browser import VIEWS, View, context_for, overflow, sign_in, violations, watch
from tests.e2e.conftest import Address

pytestmark = pytest.mark.browser

PHONE = View("light", 390, everyday=True)


@pytest.fixture
def person(browser: Browser, address: Address) -> Iterator[Callable[..., Page]]:
    """`person(view, role)`: a page of somebody who signs in here and now, with a device that has passkeys."""
    contexts: list[Any] = []

    def make(view: View = VIEWS[0], role: str = "viewer") -> Page:
        context = context_for(browser, view)
        page = context.__enter__().new_page()
        contexts.append((context, watch(page)))
        device = page.context.new_cdp_session(page)
        device.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
        }
        device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        sign_in(page, address("acme"), f"{role}@acme.example", PASSWORD)
        return page

    yield make
    for context, complaints in contexts:
        context.__exit__(None, None, None)
        assert complaints.all() == []


def test_a_passkey_is_added_and_signs_in_without_a_password(person: Callable[..., Page], address: Address) -> None:
    page = person()
    page.goto(address("acme") + "/accounts/2fa/webauthn/add/")
    assert violations(page) == []
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("1 set up: Laptop")).to_be_visible()
    page.context.clear_cookies()
    page.goto(address("acme") + "/accounts/login/")
    assert violations(page) == []
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.goto(address("acme") + "/accounts/2fa/webauthn/")
    assert violations(page) == []
    page.get_by_role("link", name="Remove Laptop").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("You have no passkey.")).to_be_visible()


def test_an_app_is_set_up_on_a_phone_and_its_code_is_asked_for(person: Callable[..., Page], address: Address) -> None:
    from tests.accounts.factors import code

    page = person(PHONE, "auditor")
    page.goto(address("acme") + "/accounts/2fa/totp/activate/")
    assert violations(page) == []
    assert overflow(page) == 0
    secret = page.get_by_label("It cannot scan? Enter this key.").input_value()
    page.get_by_label("Code that the app shows").fill(code(secret=secret))
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
    recovery = page.locator("[data-codes] code").first.inner_text()
    page.context.clear_cookies()
    sign_in(page, address("acme"), "auditor@acme.example", PASSWORD)
    expect(page.get_by_role("heading", name="And your second factor")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("Code of your app").fill(recovery)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("main h1")).to_be_visible()
    page.goto(address("acme") + "/accounts/2fa/totp/deactivate/")
    assert violations(page) == []
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text(re.compile("An app on your phone"))).to_be_visible()


@pytest.mark.parametrize("place", ["/accounts/2fa/", "/accounts/sessions/", "/accounts/reauthenticate/", "/identity/"])
def test_its_pages_are_for_everybody(person: Callable[..., Page], address: Address, view: View, place: str) -> None:
    page = person(view, "owner")
    page.goto(address("acme") + place)
    assert violations(page) == []
    assert overflow(page) == 0
