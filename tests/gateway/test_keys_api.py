"""API keys over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.gateway.marks import is_whole
from apps.gateway.models import ApiKey
from apps.gateway.tokens import token_issue
from apps.tenants.models import Tenant
from tests.gateway.conftest import MakeKey, Program

Make = Callable[..., User]
ApiFor = Callable[..., APIClient]
KEYS = "/api/v1/keys"
WANTED: dict[str, Any] = {"name": "Nightly", "scopes": ["keys.view", "runs.view"]}

pytestmark = pytest.mark.urls("tests.gateway.urls")


@pytest.fixture
def owner(member: Make) -> User:
    return member("owner", name="Olga Owner")


@pytest.fixture
def caller(owner: User, program: Program) -> Client:
    return program(token_issue(user=owner))


def post(client: Client, path: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(path, body, content_type="application/json", headers=headers)


def test_a_key_is_made_used_read_and_revoked(owner: User, caller: Client, program: Program) -> None:
    made = post(caller, KEYS, WANTED)
    assert (made.status_code, made["Cache-Control"]) == (201, "no-store")
    body = made.json()
    assert is_whole(body["key"], f"ork_{body['prefix']}_")
    assert made["Location"] == f"{KEYS}/{body['id']}"
    assert body["acts_for"] == {"id": str(owner.pk), "name": "Olga Owner", "is_service": False}
    assert program(body["key"]).get("/api/v1/sample").status_code == 200
    read = caller.get(made["Location"]).json()
    assert read["last_used_at"] is not None
    assert {**read, "last_used_at": None} == {name: value for name, value in body.items() if name != "key"}
    for _ in range(2):
        assert caller.delete(made["Location"]).status_code == 204
    assert caller.get(made["Location"]).json()["state"] == "revoked"
    assert program(body["key"]).get("/api/v1/sample").status_code == 401


def test_the_list_shows_no_text_of_a_key(caller: Client) -> None:
    text = post(caller, KEYS, WANTED).json()["key"]
    page = caller.get(KEYS)
    assert [key["name"] for key in page.json()["items"]] == ["Nightly"]
    assert text.split("_", 2)[2] not in page.content.decode()


def test_the_list_is_paged_and_narrowed(owner: User, caller: Client, make_key: MakeKey) -> None:
    for _ in range(3):
        make_key(owner)
    post(caller, KEYS, WANTED)
    first = caller.get(f"{KEYS}?limit=3").json()
    second = caller.get(first["next"].partition("localhost")[2]).json()
    assert [len(first["items"]), len(second["items"]), second["next"]] == [3, 1, None]
    assert len(caller.get(f"{KEYS}?q=night").json()["items"]) == 1
    assert caller.get(f"{KEYS}?state=ended").json()["items"] == []
    assert caller.get(f"{KEYS}?state=odd").status_code == 422


def test_a_page_of_keys_costs_the_same_for_any_number(
    owner: User, caller: Client, make_key: MakeKey, django_assert_num_queries: Callable[..., Any]
) -> None:
    caller.get(KEYS)
    for _ in range(20):
        make_key(owner)
    with django_assert_num_queries(3):  # the way into the schema, the member, and the keys with theirs
        assert len(caller.get(KEYS).json()["items"]) == 20


def test_a_key_reads_keys_and_revokes_them_but_makes_none(owner: User, make_key: MakeKey, program: Program) -> None:
    key, text = make_key(owner, "keys.view", "keys.manage")
    caller = program(text)
    assert caller.get(f"{KEYS}/{key.pk}").status_code == 200
    answer = post(caller, KEYS, WANTED)
    assert answer.status_code == 403
    assert "cannot make keys" in answer.json()["detail"]
    assert caller.delete(f"{KEYS}/{key.pk}").status_code == 204
    assert ApiKey.objects.count() == 1


def test_a_rotation_answers_with_the_new_key(owner: User, caller: Client, make_key: MakeKey, program: Program) -> None:
    key, old = make_key(owner)
    made = post(caller, f"{KEYS}/{key.pk}/rotate", {})
    assert (made.status_code, made["Cache-Control"]) == (201, "no-store")
    body = made.json()
    assert body["replaces"] == str(key.pk)
    assert made["Location"] == f"{KEYS}/{body['id']}"
    assert {program(each).get("/api/v1/sample").status_code for each in (old, body["key"])} == {200}
    assert post(caller, f"{KEYS}/{key.pk}/rotate", {}).status_code == 409
    assert post(caller, f"{KEYS}/{body['id']}/rotate", {"overlap": "2h"}).status_code == 422


def test_a_repeated_request_makes_one_key_and_keeps_no_text(owner: User, caller: Client) -> None:
    from apps.gateway.models import IdempotentAnswer

    named = {"Idempotency-Key": "a-name-of-ours"}
    text = post(caller, KEYS, WANTED, **named).json()["key"]
    again = post(caller, KEYS, WANTED, **named)
    assert again.status_code == 409
    assert text.encode() not in again.content
    assert ApiKey.objects.count() == 1
    assert IdempotentAnswer.objects.get().body is None


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"scopes": ["no.such"]}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"name": ""}, "name"),
        ({"days": 0}, "days"),
        ({"days": 10**30}, "days"),
        ({"service_account": "x"}, "service_account"),
        ({"scope": "runs.view"}, "scope"),
    ],
    ids=str,
)
def test_a_key_that_makes_no_sense_names_the_field(caller: Client, change: dict[str, Any], path: str) -> None:
    answer = post(caller, KEYS, {**WANTED, **change})
    assert answer.status_code == 422
    assert [issue["path"] for issue in answer.json()["issues"]] == [path]
    assert not ApiKey.objects.exists()


def test_a_key_for_a_service_account_is_asked_for_by_its_id(caller: Client, member: Make) -> None:
    robot = member("auditor", name="Warehouse", is_service=True, password=None)
    body = post(caller, KEYS, {**WANTED, "service_account": str(robot.pk)}).json()
    assert body["acts_for"] == {"id": str(robot.pk), "name": "Warehouse", "is_service": True}
    for nobody in (member().pk, UUID(int=999)):
        assert post(caller, KEYS, {**WANTED, "service_account": str(nobody)}).status_code == 404


def test_a_key_of_the_other_tenant_is_not_found(
    caller: Client, member: Make, globex: Tenant, make_key: MakeKey
) -> None:
    key, _ = make_key(member("owner", tenant=globex), tenant=globex)
    assert caller.get(f"{KEYS}/{key.pk}").status_code == 404
    assert caller.delete(f"{KEYS}/{key.pk}").status_code == 404
    assert post(caller, f"{KEYS}/{key.pk}/rotate", {}).status_code == 404
    assert caller.get(KEYS).json()["items"] == []


@pytest.mark.parametrize("role", ["builder", "analyst", "auditor"])
def test_only_who_manages_keys_makes_them(
    owner: User, member: Make, make_key: MakeKey, role: str, program: Program
) -> None:
    key, _ = make_key(owner)
    caller = program(token_issue(user=member(role)))
    for answer in (
        post(caller, KEYS, WANTED),
        post(caller, f"{KEYS}/{key.pk}/rotate", {}),
        caller.delete(f"{KEYS}/{key.pk}"),
    ):
        assert answer.status_code == 403
    assert ApiKey.objects.get().state == "active"
