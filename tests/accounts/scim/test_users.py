"""People as a directory sends them, changes them and asks for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.test import Client

from apps.accounts.models import DirectoryUser, User
from apps.accounts.scim.documents import DEFAULT_PAGE, LARGEST_PAGE
from apps.audit.models import AuditEntry
from apps.tenants.context import forget, public_context
from apps.tenants.models import Tenant
from tests.accounts.scim.conftest import USER, Speaker

MakeMember = Callable[..., User]


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [each["userName"] for each in answer.document["Resources"]]


def test_a_person_is_made_as_a_viewer_who_has_yet_to_come_in(scim: Speaker) -> None:
    sent: dict[str, Any] = {
        "displayName": "Ana Lima",
        "externalId": "e-1",
        "emails": [{"value": "Ana@example.org", "type": "work"}],
    }
    made = scim.user("Ana@Example.org", **sent)

    account = User.objects.get(email="ana@example.org")
    assert (account.name, account.role, account.is_active, account.is_invited) == ("Ana Lima", "viewer", True, True)
    assert made == scim("GET", f"Users/{account.pk}").document
    assert made["userName"] == "ana@example.org"
    assert made["emails"] == sent["emails"]
    assert made["meta"]["location"] == f"http://acme.localhost/scim/v2/Users/{account.pk}"


def test_every_change_is_recorded_as_of_a_program_that_came_by_scim(scim: Speaker) -> None:
    id = scim.user()["id"]
    scim.patch(f"Users/{id}", {"op": "replace", "path": "displayName", "value": "Ana"})
    scim("DELETE", f"Users/{id}")

    entries = AuditEntry.objects.filter(subject_id=id).order_by("at", "id")
    assert [entry.kind.removeprefix("accounts.") for entry in entries] == [
        "provisioned",
        "provisioned_again",
        "member_deactivated",
        "deprovisioned",
    ]
    assert {(entry.actor_kind, entry.via) for entry in entries} == {("program", "scim")}


def test_what_the_standard_has_and_we_do_not_keep_is_read_past(scim: Speaker) -> None:
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    more: dict[str, Any] = {enterprise: {"department": "X"}}
    made = scim.user(schemas=[USER, enterprise], title="Chief", **more)

    answer = scim.patch(
        f"Users/{made['id']}",
        {"op": "Add", "path": 'phoneNumbers[type eq "work"].value', "value": "1"},
        {"op": "Replace", "value": {"title": "Chief", "name.givenName": "Ana"}},
    )

    assert answer.status_code == 200
    assert answer.document["name"] == {"givenName": "Ana"}
    assert "title" not in str(DirectoryUser.objects.get().profile)


WORK = {"type": "work", "value": "b@x.org", "primary": True}
OTHER, BOTH = {"value": "c@x.org"}, {"displayName": "B", "externalId": "9"}
NO_WORK = {"op": "remove", "path": 'emails[type eq "work"]'}


@pytest.mark.parametrize(
    ("operations", "after"),
    [
        ([{"op": "add", "path": "name.familyName", "value": "Lima"}], {"name": {"familyName": "Lima"}}),
        ([{"op": "replace", "path": 'emails[type eq "work"].value', "value": "b@x.org"}], {"emails": [WORK]}),
        ([{"op": "remove", "path": 'emails[value eq "a@x.org"]'}], {"emails": None}),
        ([{"op": "add", "path": "emails", "value": [OTHER]}, NO_WORK], {"emails": [OTHER]}),
        ([{"op": "Replace", "path": "active", "value": "False"}], {"active": False}),
        ([{"op": "replace", "value": BOTH}], BOTH),
        ([{"op": "remove", "path": "displayName"}], {"displayName": None}),
        ([{"op": "replace", "path": f"{USER}:userName", "value": "B@x.org"}], {"userName": "b@x.org"}),
    ],
)
def test_a_patch_changes_what_its_path_names(scim: Speaker, operations: Any, after: dict[str, Any]) -> None:
    id = scim.user(displayName="A", emails=[{"value": "a@x.org", "type": "work", "primary": True}])["id"]

    answer = scim.patch(f"Users/{id}", *operations)

    assert answer.status_code == 200, answer.content
    assert {key: scim("GET", f"Users/{id}").document.get(key) for key in after} == after


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ({"op": "remove"}, "noTarget"),
        ({"op": "move", "path": "displayName"}, "invalidValue"),
        ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
        ({"op": "remove", "path": "userName"}, "mutability"),
        ({"op": "replace", "path": "active", "value": "perhaps"}, "invalidValue"),
        ({"op": "replace", "path": "userName", "value": "no address"}, "invalidValue"),
        ({"op": "replace", "path": "userName", "value": "owner@example.org"}, "uniqueness"),
        ({"op": "replace", "path": "displayName", "value": "x" * 151}, "invalidValue"),
        ({"op": "replace", "path": "displayName", "value": "a\nb"}, "invalidValue"),
        ({"op": "replace", "path": "externalId", "value": "x" * 256}, "invalidValue"),
        ({"op": "add", "path": "emails[", "value": "x"}, "invalidPath"),
    ],
)
def test_a_patch_that_cannot_be_changes_nothing(scim: Speaker, operation: dict[str, Any], kind: str) -> None:
    made = scim.user(displayName="A")

    answer = scim.patch(f"Users/{made['id']}", {"op": "replace", "path": "displayName", "value": "B"}, operation)

    assert (answer.status_code, answer.document.get("scimType")) in {(400, kind), (409, kind)}
    assert answer.document["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert answer["Content-Type"] == "application/scim+json"
    assert scim("GET", f"Users/{made['id']}").document == made


def test_a_put_replaces_all_that_was_said(scim: Speaker) -> None:
    made = scim.user(displayName="A", externalId="1", name={"givenName": "Ana"})

    answer = scim("PUT", f"Users/{made['id']}", {"schemas": [USER], "id": "other", "userName": "ana@example.org"})

    assert answer.status_code == 200
    assert set(answer.document) == {"schemas", "id", "meta", "userName"}
    assert answer.document["id"] == made["id"]


def test_who_is_deactivated_is_out_of_every_session_at_once(
    scim: Speaker, client_for: Callable[..., Client], acme: Tenant
) -> None:
    id = scim.user()["id"]
    account = User.objects.get(pk=id)
    client = client_for(account)
    assert client.get("/").status_code == 200

    scim.patch(f"Users/{id}", {"op": "replace", "path": "active", "value": False})

    assert "/accounts/login/" in client.get("/")["Location"]
    request = HttpRequest()
    request.session = client.session
    assert not get_user(request).is_authenticated


def test_who_is_deleted_is_found_no_more_and_stays_in_the_records(scim: Speaker) -> None:
    id = scim.user(displayName="Ana")["id"]

    assert scim("DELETE", f"Users/{id}").status_code == 204

    assert scim("GET", f"Users/{id}").status_code == 404
    assert scim.patch(f"Users/{id}", {"op": "replace", "path": "active", "value": True}).status_code == 404
    assert scim("DELETE", f"Users/{id}").status_code == 404
    assert names(scim("GET", "Users")) == ["owner@example.org"]
    assert not User.objects.get(pk=id).is_active


def test_who_comes_again_after_being_deleted_is_the_same_person(scim: Speaker) -> None:
    id = scim.user()["id"]
    scim("DELETE", f"Users/{id}")

    assert scim.user(displayName="Ana")["id"] == id
    account = User.objects.get(pk=id)
    assert (account.is_active, account.name) == (True, "Ana")


def test_an_address_is_one_person(scim: Speaker, member: MakeMember) -> None:
    member(email="ben@example.org")

    answer = scim("POST", "Users", {"schemas": [USER], "userName": "BEN@example.org"})

    assert (answer.status_code, answer.document["scimType"]) == (409, "uniqueness")


def test_a_member_who_was_invited_by_hand_is_taken_up_by_being_changed(scim: Speaker, member: MakeMember) -> None:
    ben = member("builder", email="ben@example.org", name="Ben")
    narrowing = quote('userName eq "ben@example.org"')
    found = scim("GET", f"Users?filter={narrowing}").document["Resources"][0]
    assert found["displayName"] == "Ben"

    scim.patch(f"Users/{found['id']}", {"op": "add", "path": "externalId", "value": "7"})

    ben.refresh_from_db()
    assert (ben.role, ben.directory.is_managed, ben.directory.external_id) == ("builder", True, "7")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_an_owner_is_seen_and_never_touched(scim: Speaker, owner: User, method: str) -> None:
    body = {"schemas": [USER], "userName": "x@example.org", "Operations": [{"op": "remove", "path": "displayName"}]}

    answer = scim(method, f"Users/{owner.pk}", body)

    assert answer.status_code == 403
    assert "is an owner" in answer.document["detail"]
    assert scim("GET", f"Users/{owner.pk}").document["active"] is True


def test_the_quota_holds_for_who_is_sent_and_for_who_is_let_in_again(scim: Speaker, acme: Tenant) -> None:
    id = scim.user()["id"]
    scim.patch(f"Users/{id}", {"op": "replace", "path": "active", "value": False})
    with public_context():
        Tenant.objects.filter(pk=acme.pk).update(max_members=1)
    forget()
    acme.max_members = 1

    again = scim.patch(f"Users/{id}", {"op": "replace", "path": "active", "value": True})
    more = scim("POST", "Users", {"schemas": [USER], "userName": "ben@example.org"})

    assert (again.status_code, more.status_code) == (403, 403)
    assert "as many as its plan allows" in more.document["detail"]
    assert scim.user("off@example.org", active=False)["active"] is False


def test_a_version_that_is_not_the_present_one_changes_nothing(scim: Speaker) -> None:
    made = scim.user()
    path, version = f"Users/{made['id']}", made["meta"]["version"]
    changed = scim.patch(path, {"op": "replace", "path": "displayName", "value": "B"}, If_Match=version)
    assert changed.status_code == 200
    assert changed["ETag"] != version

    assert scim.patch(path, {"op": "remove", "path": "displayName"}, If_Match=version).status_code == 412
    assert scim("DELETE", path, If_Match=version).status_code == 412
    assert scim("GET", path, If_None_Match=changed["ETag"]).status_code == 304
    assert scim("GET", path).document["displayName"] == "B"


@pytest.mark.parametrize(
    ("narrowing", "found"),
    [
        ('userName eq "ANA@example.org"', "a"),
        ('userName sw "b"', "b"),
        (f'{USER}:userName ew ".org" and externalId eq "2"', "b"),
        ('externalId eq "2" or displayName co "na l"', "ab"),
        ('not (userName pr)', ""),
        ('name.familyName eq "lima"', "a"),
        ('emails[type eq "work" and value eq "ANA@work.org"]', "a"),
        ('emails[type eq "home" and value eq "ana@work.org"]', ""),
        ('emails eq "ana@work.org"', "a"),
        ('emails pr', "a"),
        ('displayName pr and active eq true', "a"),
        ('active eq false', "b"),
        ('meta.created lt "2020-01-01T00:00:00Z"', ""),
        ('meta.lastModified gt "2020-01-01T00:00:00Z" and userName ne "owner@example.org"', "ab"),
        ('id eq "not an id"', ""),
        ('groups.value pr', "b"),
        ('userName eq "%"', ""),
        ('userName co "\\" or userName pr or \\""', ""),
    ],
)  # fmt: skip
def test_a_filter_finds_whom_it_names(scim: Speaker, narrowing: str, found: str) -> None:
    work = [{"value": "Ana@work.org", "type": "work"}]
    scim.user("ana@example.org", displayName="Ana Lima", name={"familyName": "Lima"}, emails=work, externalId="1")
    ben = scim.user("ben@example.org", externalId="2", active=False)
    scim.group("Engineers", [ben["id"]])

    answer = scim("GET", f"Users?filter={quote(narrowing)}")

    assert {name[0] for name in names(answer)} - {"o"} == set(found)
    assert scim("POST", "Users/.search", {"filter": narrowing}).document == answer.document


@pytest.mark.parametrize(
    "narrowing",
    [
        "userName",
        "userName eq",
        "userName eq 'x'",
        "title pr",
        "password eq \"x\"",
        "nonsense eq \"x\"",
        "active gt true",
        "userName gt \"a\"",
        "emails[value co \"x\"]",
        "emails[type eq \"work\" or value eq \"a@x.org\"]",
        "userName eq \"\\u0000\"",
        "userName eq \"\\ud800\"",
        "meta.created gt \"yesterday\"",
        "not (" * 40 + "userName pr" + ")" * 40,
        "userName eq \"" + "x" * 2_000 + "\"",
        "userName pr; drop table accounts_user",
    ],
)  # fmt: skip
def test_a_filter_that_is_not_understood_is_refused_by_its_name(scim: Speaker, narrowing: str) -> None:
    answer = scim("GET", f"Users?filter={quote(narrowing)}")

    assert (answer.status_code, answer.document.get("scimType")) == (400, "invalidFilter")


def test_a_long_list_comes_in_pages_by_as_many_statements_as_a_short_one(
    scim: Speaker, django_assert_num_queries: Any
) -> None:
    scim.group("Everybody", [scim.user()["id"]])
    short = _statements(scim, "Users")
    users = User.objects.bulk_create(User(email=f"p{number:03}@example.org", role="viewer") for number in range(320))
    DirectoryUser.objects.bulk_create(DirectoryUser(user=user, profile={"displayName": user.email}) for user in users)

    with django_assert_num_queries(short):
        first = scim("GET", "Users?sortBy=userName").document
    assert (first["totalResults"], first["itemsPerPage"], first["startIndex"]) == (322, DEFAULT_PAGE, 1)

    seen: list[str] = []
    while len(seen) < 322:
        page = scim("GET", f"Users?sortBy=userName&startIndex={len(seen) + 1}&count=500").document
        assert page["itemsPerPage"] <= LARGEST_PAGE
        seen += [each["userName"] for each in page["Resources"]]
    assert seen == sorted(User.objects.values_list("email", flat=True))
    assert scim("GET", "Users?count=0").document["totalResults"] == 322
    last = scim("GET", "Users?sortBy=displayName&sortOrder=descending&count=1&excludedAttributes=meta").document
    assert "meta" not in last["Resources"][0]


def _statements(scim: Speaker, path: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as taken:
        scim("GET", path)
    return len(taken)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("{", 400),
        ("[]", 400),
        ("null", 400),
        (f'{{"schemas": ["{USER}"]}}', 400),
        (f'{{"schemas": ["{USER}"], "userName": "a\\u0000@example.org"}}', 400),
        (f'{{"schemas": ["{USER}"], "userName": ["x@example.org"]}}', 400),
        (json.dumps({"schemas": [USER], "userName": "x@example.org", "emails": [{"value": "a@x.org"}] * 21}), 400),
        ("[" * 100_000, 400),
        (f'{{"schemas": ["{USER}"], "userName": "{"x" * 300_000}"}}', 400),
    ],
    ids=range(10),
)  # fmt: skip
def test_a_body_that_cannot_be_used_stores_nothing(scim: Speaker, body: str, status: int) -> None:
    answer = scim("POST", "Users", body)

    assert answer.status_code == status, answer.content[:200]
    assert answer.document["status"] == str(status)
    assert User.objects.count() == 1


def test_only_so_many_operations_are_carried_out_at_once(scim: Speaker) -> None:
    path = f"Users/{scim.user()['id']}"
    operations = [{"op": "replace", "path": "displayName", "value": "B"}] * 1_001

    assert scim.patch(path, *operations).status_code == 413


def test_ids_that_nobody_has_are_not_found(scim: Speaker) -> None:
    for id in (uuid4(), "nonsense", "%00"):
        assert scim("GET", f"Users/{id}").status_code == 404
        assert scim("DELETE", f"Groups/{id}").status_code == 404


def test_what_is_not_spoken_here_is_said_to_be_so(scim: Speaker) -> None:
    assert scim("GET", "Me").status_code == 501
    assert scim("POST", "Bulk", {}).status_code == 501
    assert scim("POST", ".search", {}).status_code == 501
    assert scim("GET", "Nonsense").status_code == 404
    assert scim("GET", "Schemas/nonsense").status_code == 404
    assert scim("GET", "Schemas?filter=id%20pr").status_code == 403
    assert scim("POST", "Schemas", {}).status_code == 405
    config = scim("GET", "ServiceProviderConfig").document
    assert {name: config[name]["supported"] for name in ("patch", "bulk", "filter", "sort", "etag")} == {
        "patch": True,
        "bulk": False,
        "filter": True,
        "sort": True,
        "etag": True,
    }


def test_a_page_farther_than_any_database_counts_is_an_empty_one(scim: Speaker) -> None:
    answer = scim("GET", f"Users?startIndex={10**30}")
    assert (answer.status_code, answer.document["itemsPerPage"]) == (200, 0)
