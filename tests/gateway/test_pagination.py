"""Lists of the API, a page at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.gateway import tokens
from apps.gateway.models import ApiKey
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.gateway.conftest import Program

Make = Callable[..., User]
LIST = "/api/v1/key-names"

pytestmark = pytest.mark.urls("tests.gateway.urls")


def make_keys(user: User, count: int) -> None:
    for number in range(count):
        ApiKey.objects.create(
            user=user, name=f"key {number}", prefix=f"{number:08x}", digest=b"", expires_at=timezone.now()
        )


@pytest.fixture
def owner(member: Make) -> User:
    return member("owner")


@pytest.fixture
def caller(owner: User, program: Program) -> Client:
    return program(tokens.token_issue(user=owner))


def walk(caller: Client, address: str) -> list[list[str]]:
    pages = []
    while address:
        body = caller.get(address).json()
        pages.append([item["name"] for item in body["items"]])
        address = body["next"]
    return pages


def cursor_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["cursor"][0]


def test_pages_show_each_item_once_newest_first(caller: Client, owner: User) -> None:
    make_keys(owner, 7)
    assert walk(caller, f"{LIST}?limit=3") == [["key 6", "key 5", "key 4"], ["key 3", "key 2", "key 1"], ["key 0"]]


def test_a_list_that_fits_has_no_next_page(caller: Client, owner: User) -> None:
    assert caller.get(LIST).json() == {"items": [], "next": None}
    make_keys(owner, 3)
    assert len(walk(caller, f"{LIST}?limit=3")) == 1


def test_what_is_made_while_somebody_reads_moves_nothing(caller: Client, owner: User) -> None:
    make_keys(owner, 4)
    first = caller.get(f"{LIST}?limit=2").json()
    ApiKey.objects.create(user=owner, name="new", prefix="new", digest=b"", expires_at=timezone.now())
    assert walk(caller, first["next"]) == [["key 1", "key 0"]]


def test_the_next_page_is_on_the_same_host_with_the_same_limit(caller: Client, owner: User) -> None:
    make_keys(owner, 3)
    address = urlsplit(caller.get(f"{LIST}?limit=2").json()["next"])
    assert (address.hostname, address.path) == ("acme.localhost", LIST)
    assert parse_qs(address.query)["limit"] == ["2"]


def test_any_page_costs_the_same(caller: Client, owner: User, django_assert_num_queries: Callable[..., Any]) -> None:
    make_keys(owner, 30)
    caller.get(LIST)
    for limit in (1, 30):
        with django_assert_num_queries(3):  # the way into the schema, the member, the page
            caller.get(f"{LIST}?limit={limit}")


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1e2", "", "²", "00001", "9" * 99])
def test_a_limit_that_makes_no_sense_is_named(caller: Client, limit: str) -> None:
    answer = caller.get(LIST, {"limit": limit})
    assert answer.status_code == 422
    assert answer.json()["issues"][0]["path"] == "limit"


def test_a_cursor_that_was_tampered_with_is_refused(caller: Client, owner: User) -> None:
    make_keys(owner, 3)
    good = cursor_of(caller.get(f"{LIST}?limit=1").json()["next"])
    plain, _, signature = good.rpartition(":")
    other = str(ApiKey.objects.order_by("id")[0].pk)
    for bad in ("", "x", plain, f"{other}:{signature}", f"{good}x", good[:-1], "cD0yMDI2", "x\x01:y"):
        answer = caller.get(LIST, {"cursor": bad})
        assert answer.status_code == 422, bad
        assert answer.json()["issues"][0]["path"] == "cursor"


def test_a_cursor_of_the_other_tenant_is_refused(
    caller: Client, owner: User, member: Make, globex: Tenant, program: Program
) -> None:
    twin = member("owner", tenant=globex)
    with tenant_context(globex):
        make_keys(twin, 3)
        token = tokens.token_issue(user=twin)
    make_keys(owner, 3)
    cursor = cursor_of(program(token, tenant=globex).get(f"{LIST}?limit=1").json()["next"])
    assert caller.get(LIST, {"cursor": cursor}).status_code == 422


def test_a_cursor_of_another_list_is_refused(caller: Client, owner: User) -> None:
    from django.core.signing import Signer

    foreign = Signer(salt="cursor:t_acme:/api/v1/other").sign("0")
    assert caller.get(LIST, {"cursor": foreign}).status_code == 422
