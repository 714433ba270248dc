"""Every table is looked at for people, or it is said why not; and every look goes on where it ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from apps.accounts.models import User
from apps.common.privacy import EXEMPT, PERSONAL, RETAINED, Person, PersonalData, Retained
from apps.gateway.models import ApiKey, RefreshToken
from apps.tenants.models import Tenant
from apps.tenants.personal import PersonalRows, is_digest_of, salted_digest

NOBODY = Person(("nobody@nowhere.example", "Nobody Atall"))


def test_every_table_is_looked_at_for_people_or_it_is_said_why_not() -> None:
    looked_at = {table for each in PERSONAL for table in each.tables}
    every = {model._meta.label for model in apps.get_models(include_auto_created=True) if model._meta.managed}
    assert every - looked_at - set(EXEMPT) == set(), "name these in the privacy.py of their app"
    assert looked_at - every == set()
    assert looked_at & set(EXEMPT) == set()


def test_every_reference_to_a_member_is_named_by_whoever_looks_at_the_table() -> None:
    for each in PERSONAL:
        if isinstance(each, PersonalRows) and each.model is not User:
            references = {field.name for field in each.model._meta.concrete_fields if field.related_model is User}
            assert references == set(each.member), each.key
            assert set(each.removes) <= set(each.member), each.key


@pytest.mark.parametrize("kind", PERSONAL, ids=lambda kind: kind.key)
def test_nobody_is_found_where_nobody_is(acme: Tenant, kind: PersonalData) -> None:
    found = kind.find(NOBODY, mark=None, limit=10, to_erase=False)
    assert not found.items
    assert kind.total() >= found.looked - 1
    assert kind.title
    assert kind.what.endswith(".")
    assert kind.erasure.endswith(".")
    assert not kind.erase(NOBODY, [], request="P-1").digests


@pytest.mark.parametrize("kind", RETAINED, ids=lambda kind: kind.key)
def test_a_period_lies_within_its_bounds_and_nothing_is_due_where_nothing_is(acme: Tenant, kind: Retained) -> None:
    before = timezone.now() - timedelta(days=kind.default or 1)
    assert kind.due(before) == kind.expire(before, 10) == 0
    assert kind.default is None or kind.least <= kind.default <= (kind.most or kind.default)
    assert kind.default is not None or kind.most is None
    assert kind.what.endswith(".")
    assert kind.note.endswith(".")


def test_a_look_goes_on_after_the_last_row_that_it_saw(member: Callable[..., User]) -> None:
    ana = member(name="Ana Pérez")
    soon = timezone.now() + timedelta(days=1)
    keys = [
        ApiKey.objects.create(user=ana, name=f"key {n}", prefix=f"{n:08}", digest=b"x", expires_at=soon)
        for n in range(3)
    ]
    seen, mark = [], None
    for _ in range(4):
        found = PERSONAL["gateway.key"].find(Person((), ana.pk), mark=mark, limit=1, to_erase=True)
        seen += [item.row for item in found.items]
        if (mark := found.mark) is None:
            break
    assert seen == [str(key.pk) for key in keys]


def test_rows_that_are_nothing_but_a_members_are_deleted_and_those_of_others_stay(member: Callable[..., User]) -> None:
    ana, bo = member(), member()
    for who in (ana, bo):
        now = timezone.now()
        RefreshToken.objects.create(
            family=who.pk, user=who, digest=who.pk.bytes, expires_at=now, family_expires_at=now, password_mark="x"
        )
    kind = PERSONAL["gateway.refresh_token"]
    rows = [item.row for item in kind.find(Person((), ana.pk), mark=None, limit=9, to_erase=True).items]
    assert len(kind.erase(Person((), ana.pk), rows, request="P-1").digests) == 1
    assert [token.user for token in RefreshToken.objects.all()] == [bo]
    assert not kind.erase(Person((), ana.pk), rows, request="P-1").digests


def test_a_digest_shows_what_was_there_to_whoever_has_it_and_tells_nothing_by_itself() -> None:
    said = {"name": "Ana Pérez", "sum": 3.5}
    digest = salted_digest(said)
    assert is_digest_of(said, digest)
    assert not is_digest_of({**said, "sum": 4}, digest)
    assert salted_digest(said) != digest
