"""Entering tenants, and what is remembered of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django_tenants.utils import schema_context

from apps.tenants import context, services
from apps.tenants.context import (
    CACHE_SECONDS,
    NoTenant,
    current_schema,
    current_tenant,
    each_tenant,
    public_context,
    tenant_by_host,
    tenant_by_schema,
    tenant_context,
    tenant_url,
)
from apps.tenants.models import Tenant


def test_leaving_a_tenant_returns_to_where_the_caller_was(acme: Tenant, globex: Tenant) -> None:
    with tenant_context(globex):
        assert current_tenant() == globex
        with public_context():
            assert current_schema() == "public"
        assert current_tenant() == globex
    assert current_tenant() == acme


def test_an_error_leaves_the_tenant_too(acme: Tenant, globex: Tenant) -> None:
    with pytest.raises(ZeroDivisionError), tenant_context(globex):
        raise ZeroDivisionError
    assert current_tenant() == acme


def test_public_is_no_tenant() -> None:
    with pytest.raises(NoTenant, match="tenant_context"):
        current_tenant()


def test_a_schema_entered_by_name_is_its_tenant(acme: Tenant) -> None:
    with schema_context("t_globex"):
        assert current_tenant().slug == "globex"


def test_a_new_thread_starts_in_public(acme: Tenant) -> None:
    seen: list[str] = []
    thread = threading.Thread(target=lambda: seen.append(current_schema()))
    thread.start()
    thread.join()
    assert seen == ["public"]


def test_a_host_is_found_however_it_is_written(acme: Tenant) -> None:
    assert tenant_by_host("ACME.localhost") == tenant_by_host("acme.localhost.") == acme
    assert tenant_by_host("nobody.localhost") is None


def test_a_tenant_is_read_once_in_a_while(acme: Tenant, django_assert_num_queries: Callable[[int], Any]) -> None:
    context.forget()
    with connection.cursor() as cursor:
        cursor.execute("select 1")  # in the tenant's schema, as requests do
    with django_assert_num_queries(2):  # the look, and the search path that it needs
        for _ in range(10):
            assert tenant_by_host("acme.localhost") == acme
    assert current_tenant() == acme


def test_what_one_caller_writes_on_a_tenant_another_does_not_read(acme: Tenant) -> None:
    for _ in range(2):
        tenant = tenant_by_schema("t_acme")
        assert tenant is not None
        assert tenant.name == "Acme"
        tenant.name = "Scribbled"


def test_a_change_is_seen_at_once_here_and_in_seconds_elsewhere(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("apps.tenants.context.time.monotonic", lambda: now)
    monkeypatch.setattr(context, "CACHE_SECONDS", CACHE_SECONDS)
    assert tenant_by_schema("t_acme").is_ready  # type: ignore[union-attr]
    Tenant.objects.filter(pk=acme.pk).update(status="suspended")  # as another process does it
    assert CACHE_SECONDS <= 5
    now += CACHE_SECONDS
    assert not tenant_by_schema("t_acme").is_ready  # type: ignore[union-attr]
    services.tenant_resume(tenant=acme)
    assert tenant_by_schema("t_acme").is_ready  # type: ignore[union-attr]


def test_each_tenant_is_entered_in_turn_and_a_suspended_one_left_out(acme: Tenant, globex: Tenant) -> None:
    services.tenant_suspend(tenant=globex)
    assert [(each.slug, current_schema()) for each in each_tenant()] == [
        ("acme", "t_acme"),
        ("operators", "t_operators"),
    ]
    assert current_tenant() == acme


def test_an_address_has_the_port_of_the_installation(acme: Tenant, settings: Any) -> None:
    settings.PUBLIC_PORT, settings.SESSION_COOKIE_SECURE = 8000, False
    assert tenant_url(acme, "/runs/") == "http://acme.localhost:8000/runs/"
    settings.PUBLIC_PORT, settings.SESSION_COOKIE_SECURE = 0, True
    assert tenant_url(acme) == "https://acme.localhost/"


def test_a_table_that_only_tenants_have_is_missed_in_public_rather_than_answered(acme: Tenant) -> None:
    with public_context(), connection.cursor() as cursor:
        cursor.execute("select to_regclass('accounts_user'), to_regclass('django_session')")
        assert cursor.fetchone() == (None, None)
