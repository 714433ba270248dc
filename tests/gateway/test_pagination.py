"""Lists of the API, a page at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

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
        make_key(user, f"key {number}", f"{number:08x}")


def make_key(user: User, name: str, prefix: str) -> ApiKey:
    return ApiKey.objects.create(user=user, name=name, prefix=prefix, digest=b"", expires_at=timezone.now())


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
    make_keys(owner, 2)
    cursor = cursor_of(caller.get("/api/v1/one-order?limit=1").json()["next"])
    assert caller.get("/api/v1/one-order", {"cursor": cursor}).status_code == 200
    assert caller.get(LIST, {"cursor": cursor}).status_code == 422


# ------------------------------------------------------------------------------------------------------------- order


@pytest.fixture
def named(owner: User) -> None:
    """Keys made in the order of their prefixes, whose names are equal in pairs and in no order."""
    for number, name in enumerate(["b", "c", "a", "b", "a"]):
        make_key(owner, name, str(number))


def prefixes(caller: Client, address: str) -> list[list[str]]:
    pages = []
    while address:
        body = caller.get(address).json()
        pages.append([item["prefix"] for item in body["items"]])
        address = body["next"]
    return pages


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ("name", ["2", "4", "0", "3", "1"]),
        ("-name", ["1", "3", "0", "4", "2"]),
        ("created_at", ["0", "1", "2", "3", "4"]),
        ("-created_at", ["4", "3", "2", "1", "0"]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 4, 5])
def test_pages_come_in_the_order_asked_for_and_show_each_item_once(
    caller: Client, order: str, wanted: list[str], size: int
) -> None:
    pages = prefixes(caller, f"{LIST}?order={order}&limit={size}")
    assert pages == [wanted[place : place + size] for place in range(0, 5, size)]


@pytest.mark.usefixtures("named")
def test_items_that_were_made_at_the_same_moment_come_by_id(caller: Client) -> None:
    ApiKey.objects.update(created_at=timezone.now())
    pages = prefixes(caller, f"{LIST}?order=-created_at&limit=2")
    assert pages == [["4", "3"], ["2", "1"], ["0"]]


@pytest.mark.usefixtures("named")
def test_a_cursor_goes_on_in_its_own_order_and_in_no_other(caller: Client) -> None:
    cursor = cursor_of(caller.get(f"{LIST}?order=name&limit=2").json()["next"])
    assert [item["name"] for item in caller.get(f"{LIST}?limit=2&cursor={quote(cursor)}").json()["items"]] == ["b", "b"]
    answer = caller.get(LIST, {"cursor": cursor, "order": "-name"})
    assert answer.status_code == 422
    assert answer.json()["issues"][0]["path"] == "cursor"


@pytest.mark.parametrize("order", ["", "-", "digest", "user__password", "--name", "+name", "Name", "name,-created_at"])
def test_an_order_that_the_list_does_not_have_is_named(caller: Client, order: str) -> None:
    issue = caller.get(LIST, {"order": order}).json()["issues"][0]
    assert issue["path"] == "order"
    assert "created_at, -created_at, name, -name" in issue["message"]
    assert "leave `order` out" in caller.get("/api/v1/one-order", {"order": "name"}).json()["issues"][0]["message"]


@pytest.mark.usefixtures("named")
def test_a_page_further_on_costs_one_statement_in_any_order(
    caller: Client, django_assert_num_queries: Callable[..., Any]
) -> None:
    for order in ("name", "-created_at"):
        following = caller.get(f"{LIST}?order={order}&limit=2").json()["next"]
        with django_assert_num_queries(3):  # the way into the schema, the member, the page
            caller.get(following)


# ------------------------------------------------------------------------------------------------------------- fields


def test_a_reader_gets_the_fields_they_name(caller: Client, owner: User) -> None:
    key = make_key(owner, "a", "1")
    assert caller.get(LIST, {"fields": "name"}).json()["items"] == [{"name": "a"}]
    assert caller.get(f"{LIST}/{key.pk}", {"fields": "prefix,prefix"}).json() == {"prefix": "1"}
    assert list(caller.get(LIST, {"fields": "prefix,name"}).json()["items"][0]) == ["name", "prefix"]


@pytest.mark.parametrize("fields", ["", "name,", "Name", "name, prefix", "digest", "model_fields"])
def test_a_field_that_is_not_there_is_named_beside_those_that_are(caller: Client, owner: User, fields: str) -> None:
    key = make_key(owner, "a", "1")
    for address in (LIST, f"{LIST}/{key.pk}"):
        answer = caller.get(address, {"fields": fields})
        assert answer.status_code == 422
        issue = answer.json()["issues"][0]
        assert issue["path"] == "fields"
        assert "There are: name, prefix." in issue["message"]
