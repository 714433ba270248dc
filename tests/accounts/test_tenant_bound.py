"""Nothing that one tenant signs is accepted by another, even where every key is equal."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.test import Client, RequestFactory

from apps.accounts.models import User
from apps.accounts.services import password_link
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.factories import PASSWORD

Make = Callable[..., User]
Browser = Callable[..., Client]


@pytest.fixture
def twins(acme: Tenant, globex: Tenant, member: Make) -> tuple[User, User]:
    """The same person in both tenants, with equal key, address, password hash and last login, as in a restored copy."""
    email, hashed = "ana@example.org", make_password(PASSWORD, salt="equal")
    ours, theirs = member("owner", email=email), member("owner", email=email, tenant=globex)
    for tenant, user in ((acme, ours), (globex, theirs)):
        user.password = hashed
        with tenant_context(tenant):
            user.save()
    assert (ours.pk, ours.password) == (theirs.pk, theirs.password)
    return ours, theirs


def test_a_session_of_one_is_nobodys_in_the_other(
    twins: tuple[User, User], globex: Tenant, acme: Tenant, client_for: Browser
) -> None:
    ours = client_for(twins[0])
    cookie = ours.cookies[settings.SESSION_COOKIE_NAME].value
    with tenant_context(acme):
        row = Session.objects.get(pk=cookie)
    with tenant_context(globex):  # the row itself is copied, as a restore does
        row.save(force_insert=True)
    theirs = client_for(tenant=globex)
    theirs.cookies[settings.SESSION_COOKIE_NAME] = cookie
    assert theirs.get("/accounts/password/change/").status_code == 302
    assert ours.get("/accounts/password/change/").status_code == 200


def test_sessions_are_cached_under_the_schema(twins: tuple[User, User], acme: Tenant, client_for: Browser) -> None:
    client_for(twins[0])
    keys = [key.decode() for key in cache._cache.get_client(None).keys("*")]  # type: ignore[attr-defined]
    assert keys
    assert all(key.startswith("t_acme:") for key in keys)


def test_a_link_that_sets_a_password_works_once_and_only_in_its_tenant(
    twins: tuple[User, User], acme: Tenant, globex: Tenant, client_for: Browser
) -> None:
    with tenant_context(acme):
        path = password_link(twins[0]).partition("localhost")[2].lstrip(":0123456789")
    assert b'name="password1"' not in client_for(tenant=globex).get(path, follow=True).content
    browser = client_for()
    page = browser.get(path, follow=True)
    new = {"password1": "quite another password", "password2": "quite another password"}
    browser.post(page.request["PATH_INFO"], new)
    with tenant_context(acme):
        assert User.objects.get(pk=twins[0].pk).check_password("quite another password")
    with tenant_context(globex):
        assert User.objects.get(pk=twins[1].pk).check_password(PASSWORD)
    assert b'name="password1"' not in client_for().get(path, follow=True).content


def test_a_password_of_one_opens_nothing_in_the_other(
    acme: Tenant, globex: Tenant, member: Make, rf: RequestFactory
) -> None:
    member(email="ana@example.org", password="the password at acme")
    member(email="ana@example.org", password="the password at globex", tenant=globex)
    with tenant_context(globex):
        assert authenticate(rf.post("/"), email="ana@example.org", password="the password at acme") is None
        assert authenticate(rf.post("/"), email="ana@example.org", password="the password at globex") is not None


def test_a_person_of_one_does_not_exist_in_the_other(acme: Tenant, globex: Tenant, member: Make) -> None:
    user = member()
    with tenant_context(globex):
        assert not User.objects.filter(pk=user.pk).exists()


def test_links_that_a_library_signs_without_a_tenant_are_off(acme: Tenant, client_for: Browser) -> None:
    assert client_for().get("/accounts/confirm-email/MQ:1abc:def/").status_code == 404


def test_a_mail_leads_to_the_host_that_was_asked(
    acme: Tenant, globex: Tenant, member: Make, client_for: Browser
) -> None:
    member(email="ana@example.org", tenant=globex)
    client_for(tenant=globex).post("/accounts/password/reset/", {"email": "ana@example.org"})
    assert mail.outbox[0].subject == "[Globex] Choose a new password"
    assert "Globex on Orchestrall" in mail.outbox[0].body
    assert re.findall(r"https?://([^/:\s]+)", str(mail.outbox[0].body)) == ["globex.localhost"]
