"""Failed tries to sign in: recorded without what was typed, and counted where they are a flood."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from apps.accounts import tries
from apps.accounts.models import User
from apps.audit.actors import under
from apps.audit.models import AuditEntry
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.factories import PASSWORD

Make = Callable[..., User]
Browse = Callable[..., Client]
LOGIN = "/accounts/login/"


def failed() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(kind="accounts.sign_in_failed").select_related("payload").order_by("id"))


def facts(entry: AuditEntry) -> dict[str, Any]:
    said: dict[str, Any] = entry.payload.facts["content"]
    return said


@pytest.mark.parametrize("way", ["console", "api"])
def test_a_wrong_password_is_recorded_of_the_member(way: str, client_for: Browse, member: Make) -> None:
    user = member("analyst", email="ada@example.org")
    if way == "console":
        client_for().post(LOGIN, {"login": "Ada@example.org", "password": "wrong"})
    else:
        body = {"email": "Ada@example.org", "password": "wrong"}
        client_for().post("/api/v1/tokens", body, content_type="application/json")
    (entry,) = failed()
    assert (entry.outcome, entry.actor_kind, entry.actor_id, entry.via) == ("failed", "nobody", None, way)
    assert (entry.subject_kind, entry.subject_id) == ("accounts.user", str(user.pk))
    assert facts(entry)["tries"] == 1
    assert entry.payload.personal["content"]["address"] == "127.0.0.1"


def test_what_was_typed_in_place_of_an_address_is_kept_nowhere(client_for: Browse, acme: Tenant) -> None:
    client_for().post(LOGIN, {"login": "hunter2@typed.example", "password": "x"})
    (entry,) = failed()
    assert entry.subject_id == ""
    assert "hunter2" not in str([entry.payload.facts, entry.payload.personal])
    with connection.cursor() as cursor:
        cursor.execute("select row_to_json(e)::text from audit_entry e")
        assert "hunter2" not in str(cursor.fetchall())


def test_the_digest_is_equal_for_one_address_and_another_in_another_tenant(acme: Tenant, globex: Tenant) -> None:
    here = tries.account_digest("ada@example.org")
    assert here == tries.account_digest("ada@example.org") != tries.account_digest("bob@example.org")
    with tenant_context(globex):
        assert here != tries.account_digest("ada@example.org")


def test_of_a_flood_there_are_as_many_entries_as_its_logarithm(acme: Tenant) -> None:
    with under(address="192.0.2.1"):
        for _ in range(70):
            tries.failure_note(account="ada@example.org", why="wrong")
    assert [facts(each)["tries"] for each in failed()] == [*range(1, 11), 16, 32, 64]


def test_tries_are_counted_by_network(acme: Tenant) -> None:
    for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"):
        with under(address=address):
            tries.failure_note(account="ada@example.org", why="wrong")
    assert [facts(each)["tries"] for each in failed()] == [1, 1, 1, 2]


def test_accounts_without_end_fill_no_log(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "ALL", 5)
    for number in range(20):
        tries.failure_note(account=f"{number}@example.org", why="wrong")
    assert len(failed()) == 5 + 2  # the eighth and the sixteenth


def test_without_redis_each_try_that_is_let_through_has_an_entry(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    from redis.exceptions import ConnectionError

    def away(key: str) -> int:
        raise ConnectionError

    monkeypatch.setattr(tries, "_one_more", away)
    for _ in range(3):
        tries.failure_note(account="ada@example.org", why="wrong")
    assert len(failed()) == 3


@pytest.mark.parametrize("way", ["console", "api"])
def test_a_member_who_is_deactivated_is_refused_and_recorded(way: str, client_for: Browse, member: Make) -> None:
    user = member("analyst", is_active=False)
    if way == "console":
        client_for().post(LOGIN, {"login": user.email, "password": PASSWORD})
    else:
        body = {"email": user.email, "password": PASSWORD}
        assert client_for().post("/api/v1/tokens", body, content_type="application/json").status_code == 401
    (entry,) = failed()
    assert (entry.outcome, entry.subject_id) == ("refused", str(user.pk))
    assert facts(entry)["why"] == "the member is deactivated"
