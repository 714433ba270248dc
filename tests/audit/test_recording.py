"""Recording: with the change or not at all, once, with what is about people apart."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.accounts.models import User
from apps.audit import services
from apps.audit.actors import Actor, under
from apps.audit.documents import digest_of
from apps.audit.kinds import ENTRY_KINDS, EntryKind
from apps.audit.models import AuditEntry, AuditPayload, AuditPending
from apps.audit.services import LARGEST, AuditNotWritten, Record, Subject, record, record_many
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant

CHANGED = EntryKind("tests.changed", "Changed", "configuration", "changed {subject}", frozenset({"email", "subject"}))
ACTOR = Actor("person", None, "Ada Lovelace", "ada@example.org")


@pytest.fixture
def inside(acme: Tenant) -> Any:
    with tenant_context(acme), transaction.atomic():
        yield acme


def said(id: UUID) -> tuple[dict[str, Any], dict[str, Any]]:
    payload = AuditPayload.objects.get(pk=id)
    return payload.facts["content"], payload.personal["content"]


def test_an_entry_says_who_did_what_to_what(inside: Tenant) -> None:
    with under(via="api", request="0192f3a4b5c67d8e9f00112233445566", address="192.0.2.7", agent="curl/8"):
        id = record(
            CHANGED,
            who=ACTOR,
            subject=Subject("tests.thing", "7", "Grace Hopper"),
            before={"role": "viewer", "email": "g@example.org", "same": 1},
            after={"role": "owner", "email": "h@example.org", "same": 1},
            reason="as asked",
        )
    entry = AuditEntry.objects.get()
    assert (entry.id, entry.kind, entry.outcome) == (id, "tests.changed", "done")
    assert (entry.actor_kind, entry.via, entry.request) == ("person", "api", "0192f3a4b5c67d8e9f00112233445566")
    assert (entry.subject_kind, entry.subject_id) == ("tests.thing", "7")
    facts, personal = said(id)
    assert facts == {"before": {"role": "viewer"}, "after": {"role": "owner"}, "reason": "as asked"}
    assert personal == {
        "actor": "Ada Lovelace",
        "email": "ada@example.org",
        "address": "192.0.2.7",
        "agent": "curl/8",
        "subject": "Grace Hopper",
        "before": {"email": "g@example.org"},
        "after": {"email": "h@example.org"},
    }


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("0192f3a4b5c67d8e9f00112233445566", "0192f3a4b5c67d8e9f00112233445566"),
        ("0192F3A4-B5C6-7D8E-9F00-112233445566", "0192F3A4-B5C6-7D8E-9F00-112233445566"),
        ("ada.lovelace-example.org", "5ea101a035eddd6f"),
        ("0192f3a4b5c67d8e9f00112233445566-ada", "cb290362062bad88"),
        ("", ""),
    ],
)
def test_the_name_that_a_caller_gives_a_request_says_nothing_where_it_stays_for_good(
    inside: Tenant, sent: str, kept: str
) -> None:
    with under(request=sent):
        record(CHANGED, who=ACTOR)
    assert AuditEntry.objects.get().request == kept


def test_nothing_of_a_person_stands_outside_the_sealed_part(inside: Tenant) -> None:
    record(CHANGED, who=ACTOR, subject=Subject("tests.thing", "7", "Grace"), after={"email": "h@example.org"})
    with connection.cursor() as cursor:
        cursor.execute("select row_to_json(e)::text || row_to_json(p)::text from audit_entry e, audit_payload p")
        text = str(cursor.fetchone()[0])
    assert not [name for name in ("Ada", "Grace", "example.org") if name in text]


def test_the_digests_are_those_of_the_payload(inside: Tenant) -> None:
    id = record(CHANGED, who=ACTOR, after={"email": "h@example.org"})
    entry, payload = AuditEntry.objects.get(), AuditPayload.objects.get(pk=id)
    assert bytes(entry.facts_digest) == digest_of(payload.facts)
    assert bytes(entry.personal_digest) == digest_of(payload.personal)


def test_equal_payloads_have_digests_that_do_not_tell_it(inside: Tenant) -> None:
    record_many([Record(CHANGED, ACTOR), Record(CHANGED, ACTOR)])
    assert len({bytes(each.personal_digest) for each in AuditEntry.objects.all()}) == 2


def test_many_entries_cost_one_statement(inside: Tenant, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        ids = record_many([Record(CHANGED, ACTOR, after={"n": n}) for n in range(50)])
    assert AuditEntry.objects.count() == AuditPending.objects.count() == len(set(ids)) == 50


def test_what_is_recorded_can_be_done_in_the_very_statement(inside: Tenant, django_assert_num_queries: Any) -> None:
    renamed = "update tenants_tenant set name = %(name)s where id = %(id)s"
    with django_assert_num_queries(1):
        record_many([Record(CHANGED, ACTOR)], beside=(renamed, {"name": "Renamed", "id": inside.pk}))
    inside.refresh_from_db()
    assert inside.name == "Renamed"
    assert AuditEntry.objects.count() == 1


def test_what_fails_beside_an_entry_is_told_as_its_own_failure(inside: Tenant) -> None:
    nameless = "update tenants_tenant set name = null where id = %(id)s"
    with pytest.raises(IntegrityError, match="tenants_tenant"), transaction.atomic():
        record_many([Record(CHANGED, ACTOR)], beside=(nameless, {"id": inside.pk}))
    assert not AuditEntry.objects.exists()


def test_an_entry_that_fails_is_told_as_that_whatever_is_done_beside_it(
    inside: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "uuid7", lambda: UUID(int=1))
    renamed = ("update tenants_tenant set name = 'Renamed' where id = %(id)s", {"id": inside.pk})
    with pytest.raises(AuditNotWritten), transaction.atomic():
        record_many([Record(CHANGED, ACTOR), Record(CHANGED, ACTOR)], beside=renamed)
    inside.refresh_from_db()
    assert inside.name != "Renamed"


def test_what_is_undone_leaves_no_entry(inside: Tenant) -> None:
    with transaction.atomic():
        record(CHANGED, who=ACTOR)
        transaction.set_rollback(True)
    assert not AuditEntry.objects.exists()


def test_recording_outside_a_transaction_is_refused(committed_db: str, acme: Tenant) -> None:
    with tenant_context(acme), pytest.raises(RuntimeError, match="transaction of the change"):
        record(CHANGED, who=ACTOR)


def test_where_it_cannot_be_written_the_change_is_undone(inside: Tenant) -> None:
    @transaction.atomic
    def change() -> None:
        User.objects.create_user("new@example.org")
        record(CHANGED, who=ACTOR)

    with connection.cursor() as cursor:
        cursor.execute("alter table audit_pending rename to audit_gone")
    with pytest.raises(AuditNotWritten):
        change()
    assert not User.objects.filter(email="new@example.org").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_entry set kind = 'other'",
        "delete from audit_entry",
        "truncate audit_entry cascade",
        "delete from audit_payload",
        "update audit_payload set facts = 'x'",
        "truncate audit_payload",
    ],
)
def test_the_database_refuses_what_would_alter_the_log(inside: Tenant, statement: str) -> None:
    record(CHANGED, who=ACTOR)
    with pytest.raises(DatabaseError, match="is refused"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_part_of_a_payload_can_be_shredded(inside: Tenant) -> None:
    id = record(CHANGED, who=ACTOR, reason="stays")
    AuditPayload.objects.filter(pk=id).update(personal=None, shredded_for="a request")
    payload = AuditPayload.objects.get(pk=id)
    assert payload.personal is None
    assert payload.facts["content"]["reason"] == "stays"


def test_values_under_names_of_credentials_are_not_kept(inside: Tenant) -> None:
    id = record(CHANGED, who=ACTOR, after={"api_key": "sk-123", "nested": {"password": "hunter2"}})
    assert "sk-123" not in json.dumps(said(id))
    assert "hunter2" not in json.dumps(said(id))


def test_of_what_is_too_large_the_digest_is_kept(inside: Tenant) -> None:
    id = record(CHANGED, who=ACTOR, after={"text": "x" * (LARGEST + 1)})
    facts, _ = said(id)
    assert set(facts["too_large"]) == {"bytes", "sha256"}


def test_any_value_has_a_spelling(inside: Tenant) -> None:
    id = record(CHANGED, who=ACTOR, after={"f": 0.1, "big": 2**70, "half": "\ud800", "set": {"b", "a"}, "nul": "\0"})
    facts, _ = said(id)
    assert facts["after"] == {"f": "0.1", "big": str(2**70), "half": "?", "set": ["a", "b"], "nul": "\0"}


def test_kinds_have_keys_that_fit_their_column() -> None:
    assert not [each.key for each in ENTRY_KINDS if len(each.key) > 60 or "." not in each.key]
