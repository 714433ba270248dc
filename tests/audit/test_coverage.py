"""Whatever can be changed here is recorded: every operation that writes, done by its owner, leaves an entry.

The operations are those of the product (`tests.isolation.operations`), so one that is new and records nothing fails
here, until it records, or `doing` says why there is nothing to tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import transaction

from apps.audit.models import AuditEntry
from apps.tenants.models import Tenant
from tests.audit.doing import FILES_WITHOUT_DATA, NOTHING_TO_RECORD, PREPARED, SHOWN_ELSEWHERE
from tests.isolation.conftest import AGENT
from tests.isolation.conftest import send as send  # noqa: PLC0414  # a fixture
from tests.isolation.ground.making import side_make
from tests.isolation.ground.sides import Side
from tests.isolation.operations import Operation, operations, unknown
from tests.isolation.scene import Answer, Request, Send, by_owner, request_of

ROOT = Path(__file__).resolve().parents[2]
GAPS = list(unknown())
WRITING = [each for each in operations() if each.method != "GET" and not any(each.name in gap for gap in GAPS)]
READING = [each for each in operations() if each.method == "GET" and not any(each.name in gap for gap in GAPS)]


@pytest.fixture
def side(acme: Tenant) -> Side:
    return side_make(acme, agent=AGENT, extra=100)


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside leaves no trace."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    cache.clear()  # tries to sign in are counted there


def done(operation: Operation, side: Side, send: Send) -> tuple[Answer, list[str]]:
    """What is answered to the owner, and the kinds of the entries that it left."""
    if prepare := PREPARED.get(operation.name):
        prepare(side, send)
    before = set(AuditEntry.objects.values_list("id", flat=True))
    answer = send(_asked(operation, side))
    return answer, sorted(AuditEntry.objects.exclude(pk__in=before).values_list("kind", flat=True))


def _asked(operation: Operation, side: Side) -> Request:
    """The operation as its owner asks for it; by nobody where somebody comes to sign in."""
    wanted = request_of(operation, side, side.shared)
    is_at_the_door = operation.is_open and operation.route != "/accounts/logout/"
    return wanted if is_at_the_door else by_owner(operation, wanted, side)


def lacking(operation: Operation, side: Side, send: Send) -> str:
    """What is wrong with what an operation that writes leaves; empty when nothing is."""
    answer, kinds = done(operation, side, send)
    if operation.name in NOTHING_TO_RECORD or operation.name in SHOWN_ELSEWHERE:
        return f"it left {', '.join(kinds)}: it needs no reason why it does not" if kinds else ""
    if not operation.is_open and "/accounts/login/" in answer.headers.get("Location", ""):
        return "its owner was sent to the sign-in page"
    if answer.status_code >= 400:
        return f"{answer.status_code}: say in PREPARED of tests/audit/doing.py what it needs ({told(answer)})"
    return "" if kinds else "it left no entry"


def told(answer: Answer) -> str:
    """The end of what an answer says."""
    return answer.content.decode(errors="replace")[-300:]


def test_every_operation_that_writes_leaves_an_entry(side: Side, send: Send) -> None:
    findings = []
    for operation in WRITING:
        with undone():
            if wrong := lacking(operation, side, send):
                findings.append(f"{operation.name}: {wrong}")
    assert not findings, "\n".join(findings)


def test_every_file_with_data_that_is_handed_out_is_recorded(side: Side, send: Send) -> None:
    files: set[str] = set()
    unrecorded: set[str] = set()
    for operation in READING:
        with undone():
            answer, kinds = done(operation, side, send)
            if "attachment" in answer.headers.get("Content-Disposition", ""):
                (files if kinds else unrecorded).add(operation.name)
    assert unrecorded == set(FILES_WITHOUT_DATA)
    assert len(files) >= 5


def test_what_is_said_of_operations_is_said_of_those_that_there_are() -> None:
    names = {each.name for each in WRITING}
    assert {*NOTHING_TO_RECORD, *PREPARED, *SHOWN_ELSEWHERE} - names == set()


@pytest.mark.parametrize("place", sorted(set(SHOWN_ELSEWHERE.values())))
def test_what_is_said_to_be_shown_elsewhere_is_a_test_there(place: str) -> None:
    file, _, name = place.partition("::")
    assert f"def {name}(" in (ROOT / file).read_text()
