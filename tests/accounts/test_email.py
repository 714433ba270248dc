"""Changing the address that a member signs in with: the password once more, and a code for the new address."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from apps.accounts.models import User
from apps.tenants.models import Tenant
from tests.accounts.sessions import long_ago
from tests.factories import PASSWORD

Make = Callable[..., User]
Browser = Callable[..., Client]
PAGE, CODE, AGAIN = "/accounts/email/", "/accounts/confirm-email/", "/accounts/reauthenticate/"
NEW = "new@example.org"


@pytest.fixture
def user(member: Make) -> User:
    return member(email="old@example.org")


@pytest.fixture
def browser(user: User, client_for: Browser) -> Client:
    """Signed in, and the password given once more."""
    client = client_for(user)
    client.post(AGAIN, {"password": PASSWORD})
    return client


def code_of(message: mail.EmailMessage) -> str:
    found = re.search(r"^\s*([A-Z0-9-]{4,})\s*$", str(message.body), re.MULTILINE)
    assert found is not None
    return found[1]


def test_a_code_that_is_mailed_to_the_new_address_changes_it(browser: Client, user: User, acme: Tenant) -> None:
    answer = browser.post(PAGE, {"email": "New@Example.org", "action_add": ""})
    assert answer["Location"] == CODE
    assert [each.to for each in mail.outbox] == [[NEW]]
    assert mail.outbox[0].subject == f"[{acme.name}] Your code"
    assert NEW in browser.get(CODE).content.decode()
    assert User.objects.get().email == "old@example.org"
    browser.post(CODE, {"code": code_of(mail.outbox[0])})
    assert User.objects.get().email == NEW
    assert [(each.email, each.verified, each.primary) for each in EmailAddress.objects.all()] == [(NEW, True, True)]
    assert ["old@example.org"] in [each.to for each in mail.outbox]  # who did not do it learns of it


def test_a_wrong_code_changes_nothing(browser: Client) -> None:
    browser.post(PAGE, {"email": NEW, "action_add": ""})
    page = browser.post(CODE, {"code": "AAAAAA"})
    assert page.status_code == 200
    assert User.objects.get().email == "old@example.org"


def test_codes_cannot_be_guessed_for_long(browser: Client) -> None:
    browser.post(PAGE, {"email": NEW, "action_add": ""})
    for _ in range(5):
        browser.post(CODE, {"code": "AAAAAA"})
    browser.post(CODE, {"code": code_of(mail.outbox[0])})
    assert User.objects.get().email == "old@example.org"


def test_a_code_is_of_no_use_in_another_browser(browser: Client, user: User, client_for: Browser) -> None:
    browser.post(PAGE, {"email": NEW, "action_add": ""})
    other = client_for(user)
    other.post(CODE, {"code": code_of(mail.outbox[0])})
    assert User.objects.get().email == "old@example.org"


def test_an_address_that_is_a_members_already_is_not_taken(browser: Client, member: Make) -> None:
    taken = member(email=NEW)
    browser.post(PAGE, {"email": NEW, "action_add": ""})
    browser.post(CODE, {"code": code_of(mail.outbox[0])})  # the other member would have to hand it over
    assert User.objects.get(email=NEW) == taken
    assert User.objects.filter(email="old@example.org").exists()


def test_the_password_is_asked_for_first_and_then_it_goes_on(user: User, client_for: Browser) -> None:
    browser = client_for(user)
    long_ago(browser)
    assert browser.post(PAGE, {"email": NEW, "action_add": ""})["Location"].startswith(AGAIN)
    assert mail.outbox == []
    assert browser.post(AGAIN, {"password": "not the password"}).status_code == 200
    assert browser.post(AGAIN, {"password": PASSWORD, "next": PAGE})["Location"] == CODE
    assert [each.to for each in mail.outbox] == [[NEW]]
    assert browser.get(PAGE).status_code == 200


@pytest.mark.parametrize("page", [PAGE, AGAIN, "/accounts/password/change/"])
def test_its_pages_wear_the_dress_of_the_console(browser: Client, acme: Tenant, page: str) -> None:
    text = browser.get(page).content.decode()
    assert 'class="o-bare"' in text
    assert acme.name in text
