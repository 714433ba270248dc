"""That a key was used: once an hour for each network, and never a write for each call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.gateway import uses
from tests.gateway.conftest import MakeKey, Program

READ = "/api/v1/keys"


@pytest.fixture(autouse=True)
def _nothing_noted() -> Iterator[None]:
    uses.forget()
    yield
    uses.forget()


@pytest.fixture
def by_key(member: Callable[..., User], make_key: MakeKey, program: Program) -> Client:
    return program(make_key(member("owner"), "keys.view")[1])


def used() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(kind="gateway.key_used").order_by("id"))


def test_the_first_use_of_the_hour_is_recorded_and_no_other(by_key: Client) -> None:
    for _ in range(3):
        assert by_key.get(READ).status_code == 200
    (entry,) = used()
    assert entry.via.startswith("key ork_")
    assert entry.subject_kind == "gateway.apikey"


def test_other_processes_know_of_it(by_key: Client) -> None:
    by_key.get(READ)
    uses.forget()
    by_key.get(READ)
    assert len(used()) == 1


def test_a_use_from_another_network_is_another_entry(by_key: Client) -> None:
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
        by_key.get(READ, REMOTE_ADDR=address)
    assert len(used()) == 2


def test_a_call_that_is_not_the_first_costs_no_statement_more(
    by_key: Client, django_assert_num_queries: Callable[..., Any]
) -> None:
    by_key.get(READ)
    with django_assert_num_queries(3):  # the way into the schema, the key with its member, the page
        by_key.get(READ)


def test_a_use_that_cannot_be_recorded_is_refused_and_the_next_is_the_first(
    by_key: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.audit.services import AuditNotWritten

    def fails(*_: Any, **__: Any) -> None:
        raise AuditNotWritten

    with monkeypatch.context() as broken:
        broken.setattr(uses, "record", fails)
        answer = by_key.get(READ)
    assert (answer.status_code, answer.json()["code"]) == (503, "audit_not_written")
    assert by_key.get(READ).status_code == 200
    assert len(used()) == 1
