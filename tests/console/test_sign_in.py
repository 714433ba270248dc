"""Signing in and out, and a forgotten password, as a person sees them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from apps.accounts.models import User
from apps.common.demo import PASSWORD as DEMO_PASSWORD
from apps.tenants.models import Tenant
from tests.factories import PASSWORD

LOGIN = "/accounts/login/"


def test_the_form_works_with_password_managers(client_for: Callable[..., Client]) -> None:
    page = client_for().get(LOGIN).content.decode()
    assert re.search(r'<input[^>]+name="login"[^>]*autocomplete="(email|username)"', page)
    assert re.search(r'<input[^>]+name="password"[^>]*autocomplete="current-password"', page)
    assert 'for="id_login"' in page
    assert 'for="id_password"' in page
    assert "Acme" in page


def test_a_member_signs_in_and_lands_where_they_wanted_to(
    member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    user, browser = member(), client_for()
    answer = browser.post(f"{LOGIN}?next=/help/", {"login": user.email, "password": PASSWORD, "next": "/help/"})
    assert answer["Location"] == "/help/"
    assert user.email in browser.get("/help/").content.decode()


def test_a_wrong_password_is_told_and_the_address_kept(
    member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    page = client_for().post(LOGIN, {"login": member().email, "password": "wrong"}).content.decode()
    assert 'role="alert"' in page
    assert "@example.org" in page


def test_signing_out_takes_a_click_and_ends_the_session(
    member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    browser = client_for(member())
    assert b"Sign out?" in browser.get("/accounts/logout/").content
    assert browser.get("/").status_code == 200
    browser.post("/accounts/logout/")
    assert browser.get("/").status_code == 302


def test_a_forgotten_password_is_replaced_by_mail(
    member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    user, browser = member(), client_for()
    assert b"Forgot your password?" in browser.get("/accounts/password/reset/").content
    done = browser.post("/accounts/password/reset/", {"email": user.email}, follow=True)
    assert b"Look into your mail" in done.content
    link = re.search(r"http://[^/\s]+(/accounts/password/reset/key/\S+)", str(mail.outbox[0].body))
    assert link
    form = browser.get(link[1], follow=True)
    assert b"Choose a password" in form.content
    address = form.redirect_chain[-1][0]
    fresh = "words that nobody else puts together"
    saved = browser.post(address, {"password1": fresh, "password2": fresh}, follow=True)
    assert b"Your password is changed" in saved.content
    again = client_for().get(link[1], follow=True)
    assert b"This link no longer works" in again.content


@pytest.fixture
def demo(settings: Any, acme: Tenant, member: Callable[..., User]) -> User:
    settings.ORCHESTRALL_DEMO = True
    Tenant.objects.filter(pk=acme.pk).update(is_demo=True)
    member("viewer", email="viewer@acme.example")
    member("viewer", email="left@acme.example", is_active=False)
    member("viewer", email="real.person@elsewhere.example")
    return member("owner", email="owner@acme.example")


def test_a_demo_installation_offers_its_generated_people(demo: User, client_for: Callable[..., Client]) -> None:
    page = client_for().get(LOGIN).content.decode()
    assert re.findall(r'data-demo="([^"]+)"', page) == ["owner@acme.example", "viewer@acme.example"]
    assert DEMO_PASSWORD in page


def test_no_other_installation_does(demo: User, client_for: Callable[..., Client], settings: Any) -> None:
    settings.ORCHESTRALL_DEMO = False
    page = client_for().get(LOGIN).content.decode()
    assert "data-demo" not in page
    assert DEMO_PASSWORD not in page


def test_no_other_tenant_of_a_demo_installation_does(
    demo: User, globex: Tenant, member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    member("owner", tenant=globex, email="owner@globex.example")
    page = client_for(tenant=globex).get(LOGIN).content.decode()
    assert "owner@globex.example" not in page
    assert DEMO_PASSWORD not in page


@pytest.mark.parametrize(
    "address", ["/accounts/signup/", "/accounts/inactive/", "/accounts/password/reset/done/", "/accounts/email/"]
)
def test_every_page_around_signing_in_wears_the_dress(
    member: Callable[..., User], client_for: Callable[..., Client], address: str
) -> None:
    browser = client_for(member() if "email" in address else None)
    assert b"o-bare-card" in browser.get(address, follow=True).content
