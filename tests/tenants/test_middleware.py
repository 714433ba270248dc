"""From a host to a tenant."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client

from apps.accounts.models import User
from apps.tenants import services
from apps.tenants.models import Tenant

PAGE = "/accounts/login/"


def status(host: str) -> int:
    return Client(headers={"host": host}).get(PAGE).status_code


@pytest.mark.parametrize("host", ["acme.localhost", "acme.localhost:8000", "ACME.LOCALHOST"])
def test_a_tenant_answers_at_its_host_whatever_the_port(acme: Tenant, host: str) -> None:
    assert status(host) == 200


@pytest.mark.parametrize(
    "host",
    ["localhost", "nobody.localhost", "www.acme.localhost", "127.0.0.1", "evil.example", "a b", "acme.localhost.evil"],
)
def test_any_other_host_is_nobodys(acme: Tenant, host: str) -> None:
    assert status(host) == 404


def test_a_cookie_at_a_host_without_tenant_is_no_error(acme: Tenant, member: Callable[..., User]) -> None:
    browser = Client(headers={"host": "acme.localhost"})
    browser.force_login(member())
    browser.cookies[settings.SESSION_COOKIE_NAME]["domain"] = ""
    assert browser.get("/", headers={"host": "localhost"}).status_code == 404


@pytest.mark.parametrize(("state", "answer"), [("creating", 404), ("suspended", 503), ("deleting", 404)])
def test_a_tenant_that_is_not_ready_shows_nothing(acme: Tenant, state: str, answer: int) -> None:
    Tenant.objects.filter(pk=acme.pk).update(status=state)
    assert status("acme.localhost") == answer
    assert status("globex.localhost") == 200


def test_a_suspended_tenant_is_open_again_when_it_is_resumed(
    acme: Tenant, member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    browser = client_for(member())
    services.tenant_suspend(tenant=acme)
    assert browser.get(PAGE).status_code == 503
    assert b"Its data is kept" in browser.get(PAGE).content
    services.tenant_resume(tenant=acme)
    assert browser.get(PAGE, follow=True).status_code != 503


def test_the_tenant_of_one_request_is_not_left_for_the_next(acme: Tenant, globex: Tenant) -> None:
    assert status("acme.localhost") == 200
    assert status("nobody.localhost") == 404
    assert Tenant.objects.count() == 3
