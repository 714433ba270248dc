"""What is counted on every page: all of it by one statement, of this tenant, for those who may see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest

from apps.accounts.models import User
from apps.console.tallies import TALLIES, Tally, number_of
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.console.people import Someone, request_of


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def put(**rows: Callable[[HttpRequest], Any]) -> None:
        made = {key: Tally(key, each, permission=f"{key}.view") for key, each in rows.items()}
        monkeypatch.setattr(TALLIES, "_items", made)

    return put


def test_all_tallies_come_by_one_statement(
    only: Callable[..., None], acme: Tenant, member: Callable[..., User], django_assert_num_queries: Any
) -> None:
    member("owner"), member("viewer")
    only(
        people=lambda request: User.objects.order_by("name"),
        owners=lambda request: User.objects.filter(role="owner"),
        any=lambda request: User.objects.all()[:1],
    )
    request = request_of(Someone("people.view", "owners.view", "any.view"))
    with tenant_context(acme):
        User.objects.exists()  # the connection has entered the tenant
        with django_assert_num_queries(1):
            assert [number_of(request, key) for key in ("people", "owners", "any", "people")] == [2, 1, 1, 2]


def test_nothing_is_asked_for_whom_it_is_not(only: Callable[..., None], django_assert_num_queries: Any) -> None:
    only(people=lambda request: pytest.fail("it was asked for"))
    with django_assert_num_queries(0):
        assert number_of(request_of(Someone()), "people") == 0


def test_what_cannot_have_rows_is_none(only: Callable[..., None], acme: Tenant, member: Callable[..., User]) -> None:
    member("owner")
    only(none=lambda request: User.objects.filter(role__in=[]), people=lambda request: User.objects.all())
    request = request_of(Someone("none.view", "people.view"))
    with tenant_context(acme):
        assert (number_of(request, "none"), number_of(request, "people")) == (0, 1)


def test_the_rows_of_another_tenant_are_not_counted(
    only: Callable[..., None], acme: Tenant, globex: Tenant, member: Callable[..., User]
) -> None:
    member("owner"), member("viewer", tenant=globex), member("analyst", tenant=globex)
    only(people=lambda request: User.objects.all())
    with tenant_context(acme):
        assert number_of(request_of(Someone("people.view")), "people") == 1
