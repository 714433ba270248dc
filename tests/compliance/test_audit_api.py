"""The audit log over the API."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.audit.actors import SYSTEM
from apps.audit.documents import leaf_hash
from apps.audit.models import AuditEntry
from apps.audit.tree import is_consistent
from apps.gateway import services as keys
from apps.gateway.principals import Caller
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.compliance.ground import role_set, shred

Make = Callable[..., User]
V1 = "/api/v1/audit"


@pytest.fixture
def api(ada: User, api_for: Callable[..., APIClient]) -> APIClient:
    return api_for(ada)


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [item["id"] for item in answer.json()["items"]]


def test_entries_are_listed_newest_first_with_their_sentences(api: APIClient, ada: User, grace: User) -> None:
    one, other = role_set(ada, grace), role_set(ada, grace, now="auditor")
    answer = api.get(f"{V1}/entries?kind=accounts.role_set")
    assert ids(answer) == [str(other), str(one)]
    item = answer.json()["items"][0]
    assert item["sentence"] == "Ada Lovelace gave Grace Hopper the role auditor in place of viewer"
    assert item["actor"] == {
        "kind": "person", "id": str(ada.pk), "name": "Ada Lovelace", "email": "ada@example.org", "via": "console",
        "address": "192.0.2.7", "program": "Firefox/140",
    }  # fmt: skip
    assert item["subject"] == {"kind": "accounts.user", "id": str(grace.pk), "name": "Grace Hopper"}


def test_a_list_is_narrowed_and_paged(api: APIClient, ada: User, grace: User) -> None:
    mine = [str(role_set(ada, grace)) for _ in range(3)]
    theirs = str(role_set(SYSTEM, ada, outcome="failed"))
    narrow = "kind=accounts.role_set"
    assert ids(api.get(f"{V1}/entries?{narrow}&actor=system")) == [theirs]
    assert ids(api.get(f"{V1}/entries?{narrow}&outcome=failed")) == [theirs]
    assert ids(api.get(f"{V1}/entries?{narrow}&actor={ada.pk}")) == mine[::-1]
    assert ids(api.get(f"{V1}/entries?{narrow}&subject_kind=accounts.user&subject={ada.pk}")) == [theirs]
    assert ids(api.get(f"{V1}/entries?{narrow}&before=2020-01-01T00:00:00Z")) == []
    assert len(ids(api.get(f"{V1}/entries?{narrow}&since=2020-01-01T00:00:00Z&before=9999-12-31T23:59:59Z"))) == 4
    first = api.get(f"{V1}/entries?{narrow}&limit=3")
    assert [*ids(first), *ids(api.get(first.json()["next"]))] == [theirs, *mine[::-1]]


@pytest.mark.parametrize("query", ["since=yesterday", "outcome=great", "nonsense=1", "order=at", "cursor=x", "limit=0"])
def test_a_question_that_cannot_be_answered_is_refused(api: APIClient, query: str) -> None:
    assert api.get(f"{V1}/entries?{query}").status_code == 422


def test_an_entry_is_told_with_before_and_after(api: APIClient, ada: User, grace: User) -> None:
    id = role_set(ada, grace)
    told = api.get(f"{V1}/entries/{id}").json()
    assert (told["before"], told["after"]) == ({"role": "viewer"}, {"role": "administrator"})
    assert told["facts"] == {"reason": "as asked"}
    assert told["is_erased"] is False
    shred(id)
    told = api.get(f"{V1}/entries/{id}").json()
    assert told["is_erased"] is True
    assert told["erased_for"] == "request P-7"
    assert told["actor"]["name"] == "(erased)"
    assert told["after"] == {"role": "administrator"}


def test_an_entry_of_another_tenant_is_not_found(api: APIClient, globex: Tenant, grace: User) -> None:
    with tenant_context(globex):
        theirs = role_set(SYSTEM, grace)
    for address in (f"entries/{theirs}", f"entries/{theirs}/proof", f"entries/{uuid4()}", f"entries/{uuid4()}/proof"):
        assert api.get(f"{V1}/{address}").status_code == 404
    assert str(theirs) not in ids(api.get(f"{V1}/entries"))


def test_an_entry_is_proved_once_it_is_sealed(api: APIClient, ada: User, grace: User, seal: Callable[[], None]) -> None:
    id = role_set(ada, grace)
    refused = api.get(f"{V1}/entries/{id}/proof")
    assert (refused.status_code, refused.json()["code"]) == (409, "audit_not_covered")
    seal()
    proof = api.get(f"{V1}/entries/{id}/proof").json()
    assert leaf_hash(proof["entry"]).hex() == proof["leaf"]
    assert proof["checkpoint"] == api.get(f"{V1}/checkpoints").json()["items"][0]["note"]
    assert proof["key"] == api.get(f"{V1}/public-key").json()["key"]


def test_checkpoints_are_consistent_with_each_other(
    api: APIClient, ada: User, grace: User, seal: Callable[[], None]
) -> None:
    for _ in range(3):
        role_set(ada, grace)
        seal()
    newest, middle, oldest = api.get(f"{V1}/checkpoints").json()["items"]
    assert newest["size"] > middle["size"] > oldest["size"]
    proof = api.get(f"{V1}/consistency?from={middle['size']}&to={newest['size']}").json()
    joined = base64.b64decode(proof["hashes"])
    assert is_consistent(
        old=middle["size"], old_root=bytes.fromhex(middle["root"]), new=newest["size"],
        new_root=bytes.fromhex(newest["root"]), proof=[joined[at : at + 32] for at in range(0, len(joined), 32)],
    )  # fmt: skip
    whole = api.get(f"{V1}/consistency").json()
    assert (whole["old"], whole["new"], whole["epoch"]) == (oldest["size"], newest["size"], 1)
    paged = api.get(f"{V1}/checkpoints?limit=2").json()
    rest = api.get(paged["next"]).json()
    assert [item["size"] for item in [*paged["items"], *rest["items"]]] == [
        each["size"] for each in (newest, middle, oldest)
    ]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("query", "status"),
    [("from=2&to=1", 404), ("from=1&to=99999", 404), ("from=1&to=1&epoch=7", 404), ("from=0&to=1", 422), ("to=x", 422)],
)
def test_of_trees_that_there_never_were_there_is_no_proof(
    api: APIClient, ada: User, grace: User, seal: Callable[[], None], query: str, status: int
) -> None:
    role_set(ada, grace)
    seal()
    assert api.get(f"{V1}/consistency?{query}").status_code == status


def test_the_state_of_the_log_is_told(
    api: APIClient, ada: User, grace: User, seal: Callable[[], None], outside: Any
) -> None:
    role_set(ada, grace)
    seal()
    role_set(ada, grace)
    told = api.get(f"{V1}/integrity").json()
    assert (told["is_whole"], told["problem"], told["pending"], told["place"]) == (True, "", 1, str(outside))
    assert told["covered"] == told["size"] >= 1


def test_the_log_is_exported_as_lines_and_that_is_recorded(api: APIClient, ada: User, grace: User) -> None:
    id = role_set(ada, grace)
    answer = api.get(f"{V1}/export?kind=accounts.role_set")
    assert answer["Content-Type"] == "application/jsonl; charset=utf-8"
    lines = [json.loads(line) for line in answer.getvalue().decode().splitlines()]
    assert lines[1]["entry"]["id"] == str(id)
    assert lines[-1] == {"end": True, "entries": 1}
    assert AuditEntry.objects.order_by("-id")[0].kind == "compliance.audit_exported"


PATHS = ["entries", "entries/{id}", "entries/{id}/proof", "checkpoints", "integrity", "public-key", "export"]


@pytest.mark.parametrize(("role", "may"), [("owner", True), ("auditor", True), ("builder", False), ("viewer", False)])
def test_who_may_read_the_log(
    member: Make, api_for: Callable[..., APIClient], grace: User, seal: Callable[[], None], role: str, may: bool
) -> None:
    id = role_set(SYSTEM, grace)
    seal()
    api = api_for(member(role))
    statuses = {path: api.get(f"{V1}/{path.format(id=id)}").status_code for path in PATHS}
    assert set(statuses.values()) == ({200} if may else {403}), statuses


@pytest.mark.parametrize(
    ("scopes", "reads", "exports"),
    [
        (["runs.view"], 403, 403),
        (["audit.view"], 200, 403),
        (["audit.view", "audit.export"], 200, 403),
        (["audit.view", "audit.export", "members.view"], 200, 200),
    ],
)
def test_a_key_needs_the_scope_and_sees_no_addresses_without_that_of_members(
    ada: User, grace: User, scopes: list[str], reads: int, exports: int
) -> None:
    role_set(ada, grace)
    with transaction.atomic():
        _, text = keys.key_create(who=Caller(ada), name="Audit", days=7, scopes=scopes)
    caller = Client(headers={"host": "acme.localhost", "authorization": f"Bearer {text}"})
    answer = caller.get(f"{V1}/entries?kind=accounts.role_set")
    assert answer.status_code == reads
    assert caller.get(f"{V1}/export").status_code == exports
    if reads == 200:
        (item,) = answer.json()["items"]
        told = {item["actor"]["email"], item["actor"]["address"]}
        assert told == ({"ada@example.org", "192.0.2.7"} if "members.view" in scopes else {""})
        assert item["actor"]["name"] == "Ada Lovelace"
